//! The one place where activations meet a matrix of weights.

use super::weights::Weights;
use crate::problem::Result;
use burn::tensor::{Device, Tensor};

/// `x W + b`.
#[derive(Debug)]
pub struct Linear {
    /// `[in, out]`
    pub weight: Tensor<2>,
    /// `[out]`, when there is one.
    pub bias: Option<Tensor<1>>,
}

impl Linear {
    /// The product.
    ///
    /// # Shapes
    /// `[pos, in]` gives `[pos, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let product = x.matmul(self.weight.clone());
        match &self.bias {
            Some(bias) => product + bias.clone().unsqueeze(),
            None => product,
        }
    }

    /// Several products of the same vector as one: their outputs side by side. Biases are zero where
    /// some have one and others do not.
    pub fn side_by_side<const N: usize>(parts: [Self; N]) -> Self {
        let has_bias = parts.iter().any(|part| part.bias.is_some());
        let biases = has_bias.then(|| {
            let bias = |part: &Self| {
                let [_, n_out] = part.weight.dims();
                let none = || Tensor::zeros([n_out], &part.weight.device());
                part.bias.clone().unwrap_or_else(none)
            };
            Tensor::cat(parts.iter().map(bias).collect(), 0)
        });
        // Laid out as torch does, [out, in], each part is copied as a whole.
        let rows = parts.map(|part| part.weight.transpose());
        Self {
            weight: Tensor::cat(rows.into(), 0).transpose(),
            bias: biases,
        }
    }

    /// A direction among the outputs as a direction among the inputs, `[in]`, and what the bias adds
    /// along it: `(W d, b · d)`.
    pub fn back(&self, direction: &[f32]) -> Option<(Vec<f32>, f32)> {
        let direction = Tensor::<1>::from_floats(direction, &self.weight.device());
        let through = self.weight.clone();
        let through = through.matmul(direction.clone().unsqueeze_dim(1)); // [in, 1]
        let bias = self.bias.as_ref();
        let bias = bias.map_or(0.0, |bias| (bias.clone() * direction).sum().into_scalar());
        Some((through.into_data().try_into_vec().ok()?, bias))
    }

    /// Reads `{name}.weight` as a checkpoint of `torch.nn.Linear` keeps it, `[out, in]`, and
    /// `{name}.bias` if it is to have one.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn load(
        weights: &Weights,
        name: &str,
        [n_in, n_out]: [usize; 2],
        has_bias: bool,
        device: &Device,
    ) -> Result<Self> {
        let weight = weights.tensor(&format!("{name}.weight"), [n_out, n_in], device)?;
        let bias = has_bias.then(|| weights.tensor(&format!("{name}.bias"), [n_out], device));
        Ok(Self {
            weight: weight.transpose(),
            bias: bias.transpose()?,
        })
    }

    /// The same for `transformers.Conv1D`, which keeps the matrix as `[in, out]` and has a bias.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn load_conv1d(
        weights: &Weights,
        name: &str,
        [n_in, n_out]: [usize; 2],
        device: &Device,
    ) -> Result<Self> {
        Ok(Self {
            weight: weights.tensor(&format!("{name}.weight"), [n_in, n_out], device)?,
            bias: Some(weights.tensor(&format!("{name}.bias"), [n_out], device)?),
        })
    }
}
