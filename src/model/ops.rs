//! Small operations on tensors without a batch axis.

use super::activation_function::ActivationFunction;
use burn::tensor::{Int, Tensor, TensorData};

/// The rows of a table with the given numbers, which the caller has checked.
///
/// # Shapes
/// `table [n, width]` gives `[ids, width]`.
pub fn lookup(table: &Tensor<2>, ids: &[u32]) -> Tensor<2> {
    let n = ids.len();
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [n]), &table.device());
    table.clone().select(0, ids)
}

/// Applies the MLP's nonlinearity to every number.
pub fn activate<const D: usize>(x: Tensor<D>, function: ActivationFunction) -> Tensor<D> {
    let device = x.device();
    let mut data = x.into_data();
    // Weights and activations are f32 throughout, so the numbers are always there to be changed.
    if let Ok(numbers) = data.as_mut_slice::<f32>() {
        function.apply(numbers);
    }
    Tensor::from_data(data, &device)
}
