//! The few operations a transformer is made of, on tensors without a batch axis.

use super::activation_function::ActivationFunction;
use burn::tensor::Tensor;

/// `x W + b`.
///
/// # Shapes
/// `x [pos, in]`, `w [in, out]`, `b [out]` gives `[pos, out]`.
pub fn linear(x: Tensor<2>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
    x.matmul(w.clone()) + b.clone().unsqueeze()
}

/// What a norm divides by, and what it yields before weight and bias.
pub struct Normalized {
    /// √(variance + ε), `[pos, 1]`.
    pub scale: Tensor<2>,
    /// (x - mean) / scale, `[pos, d_model]`.
    pub normalized: Tensor<2>,
}

/// The first half of layer normalisation (Ba et al. 2016): centre and scale each position's vector. The
/// variance is the biased one, as in PyTorch's `LayerNorm`.
///
/// # Shapes
/// `x [pos, d_model]`
pub fn normalize(x: Tensor<2>, epsilon: f64) -> Normalized {
    let mean = x.clone().mean_dim(1); // [pos, 1]
    let centred = x - mean;
    let variance = centred.clone().square().mean_dim(1); // [pos, 1]
    let scale = (variance + epsilon).sqrt();
    let normalized = centred / scale.clone();
    Normalized { scale, normalized }
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
