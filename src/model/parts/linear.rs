//! The one place where activations meet a matrix of weights.

use crate::model::files::weights::Weights;
use crate::model::run::numbers::contiguous;
use crate::model::run::ops;
use crate::problem::Result;
use burn::tensor::{Device, Tensor};
use std::ops::Range;

/// `x W + b`.
#[derive(Debug)]
pub struct Linear {
    /// Wᵀ, `[out, in]`: each output's weights lie side by side. While it is learned from a checkpoint
    /// that keeps W, `[in, out]`, it stays as it is, and `is_turned` says so.
    weight: Tensor<2>,
    is_turned: bool,
    /// `[out]`, when there is one.
    pub bias: Option<Tensor<1>>,
}

impl Linear {
    /// Puts one together from `weight [in, out]`, which may be a transposed view.
    pub fn new(weight: Tensor<2>, bias: Option<Tensor<1>>) -> Self {
        if weight.is_autodiff() {
            return Self { weight, is_turned: true, bias };
        }
        Self { weight: contiguous(weight.transpose()), is_turned: false, bias }
    }

    /// `[out, in]`, perhaps as a view.
    fn weight(&self) -> Tensor<2> {
        let weight = self.weight.clone();
        if self.is_turned { weight.transpose() } else { weight }
    }

    /// The product.
    ///
    /// # Shapes
    /// `[pos, in]` gives `[pos, out]`.
    pub fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        if self.is_turned {
            return ops::linear_turned(x, &self.weight, self.bias.as_ref());
        }
        ops::linear(x, &self.weight, self.bias.as_ref())
    }

    /// Some of the outputs.
    ///
    /// # Shapes
    /// `[pos, in]` gives `[pos, outputs]`.
    pub fn part(&self, x: &Tensor<2>, outputs: Range<usize>) -> Tensor<2> {
        let (start, n) = (outputs.start, outputs.len());
        let bias = self.bias.as_ref();
        let bias = bias.map(|bias| bias.clone().narrow(0, start, n));
        ops::linear(x, &self.weight().narrow(0, start, n), bias.as_ref())
    }

    /// The part that gives some of the outputs, as a matrix of its own.
    #[must_use]
    pub fn outputs(&self, outputs: Range<usize>) -> Self {
        let (start, n) = (outputs.start, outputs.len());
        Self {
            weight: contiguous(self.weight().narrow(0, start, n)),
            is_turned: false,
            bias: self.bias.clone().map(|bias| bias.narrow(0, start, n)),
        }
    }

    /// What some of the inputs alone give, without the bias: those from `first` on.
    ///
    /// # Shapes
    /// `[pos, inputs]` gives `[pos, out]`.
    pub fn part_of_inputs(&self, x: &Tensor<2>, first: usize) -> Tensor<2> {
        let n = x.dims()[1];
        x.clone().matmul(self.weight().narrow(1, first, n).transpose())
    }

    /// Number of outputs.
    pub fn n_out(&self) -> usize {
        self.weight.dims()[usize::from(self.is_turned)]
    }

    /// The weights of one output, `[in]`.
    pub fn output(&self, index: usize) -> Tensor<1> {
        self.weight().narrow(0, index, 1).squeeze_dim::<1>(0)
    }

    /// Queries, keys and values side by side, out of a matrix that has them head by head: `head` times
    /// `[q, k, v]`, each `d_head` wide.
    #[must_use]
    pub fn kinds_together(self, n_heads: usize, d_head: usize) -> Self {
        let weight = self.weight();
        let [n_out, n_in] = weight.dims();
        let by_head = weight.reshape([n_heads, 3, d_head, n_in]);
        let weight = contiguous(by_head.swap_dims(0, 1).reshape([n_out, n_in]));
        let by_kind =
            |bias: Tensor<1>| bias.reshape([n_heads, 3, d_head]).swap_dims(0, 1).reshape([n_out]);
        Self { weight, is_turned: false, bias: self.bias.map(by_kind) }
    }

    /// Several products of the same vector as one: their outputs side by side. Biases are zero where
    /// some have one and others do not.
    pub fn side_by_side<const N: usize>(parts: [Self; N]) -> Self {
        let has_bias = parts.iter().any(|part| part.bias.is_some());
        let biases = has_bias.then(|| {
            let bias = |part: &Self| {
                let none = || Tensor::zeros([part.n_out()], &part.weight.device());
                part.bias.clone().unwrap_or_else(none)
            };
            Tensor::cat(parts.iter().map(bias).collect(), 0)
        });
        let weights = parts.map(|part| part.weight());
        Self { weight: Tensor::cat(weights.into(), 0), is_turned: false, bias: biases }
    }

    /// A direction among the outputs as a direction among the inputs, `[in]`, and what the bias adds
    /// along it: `(W d, b · d)`.
    pub fn back(&self, direction: &[f32]) -> Option<(Vec<f32>, f32)> {
        let direction = Tensor::<1>::from_floats(direction, &self.weight.device());
        let through = direction.clone().unsqueeze_dim::<2>(0);
        let through = through.matmul(self.weight()); // [1, in]
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
        Ok(Self { weight, is_turned: false, bias: bias.transpose()? })
    }

    /// The same for `transformers.Conv1D`, which keeps the matrix as `[in, out]`.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn load_conv1d(
        weights: &Weights,
        name: &str,
        [n_in, n_out]: [usize; 2],
        has_bias: bool,
        device: &Device,
    ) -> Result<Self> {
        let weight = weights.tensor(&format!("{name}.weight"), [n_in, n_out], device)?;
        let bias = has_bias.then(|| weights.tensor(&format!("{name}.bias"), [n_out], device));
        Ok(Self::new(weight, bias.transpose()?))
    }
}
