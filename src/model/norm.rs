//! Layer normalisation and its simpler sibling.

use super::probe::Probe;
use super::weights::Weights;
use crate::problem::Result;
use crate::trace::{Hook, NormKind};
use burn::tensor::{Device, Tensor};

/// Scales each position's vector to length √d_model, then multiplies each dimension by its weight.
#[derive(Debug)]
pub struct Norm {
    /// Is the mean subtracted first?
    pub kind: NormKind,
    /// `[d_model]`
    pub weight: Tensor<1>,
    /// `[d_model]`, when there is one.
    pub bias: Option<Tensor<1>>,
    /// Added to the variance.
    pub epsilon: f64,
}

/// What a norm divides by, and what it yields before weight and bias.
struct Normalized<const D: usize> {
    /// √(variance + ε), `[pos, 1]`.
    scale: Tensor<D>,
    /// x / scale, `[pos, d_model]`.
    normalized: Tensor<D>,
}

impl Norm {
    /// Reads layer normalisation's `{name}.weight` and `{name}.bias`.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn load_layer(
        weights: &Weights,
        name: &str,
        width: usize,
        epsilon: f64,
        device: &Device,
    ) -> Result<Self> {
        Ok(Self {
            kind: NormKind::Layer,
            weight: weights.tensor(&format!("{name}.weight"), [width], device)?,
            bias: Some(weights.tensor(&format!("{name}.bias"), [width], device)?),
            epsilon,
        })
    }

    /// Reads RMS normalisation's `{name}.weight`.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn load_rms(
        weights: &Weights,
        name: &str,
        width: usize,
        epsilon: f64,
        device: &Device,
    ) -> Result<Self> {
        Ok(Self {
            kind: NormKind::Rms,
            weight: weights.tensor(&format!("{name}.weight"), [width], device)?,
            bias: None,
            epsilon,
        })
    }

    /// Normalises and shows the observer what was divided by and what came out.
    ///
    /// # Shapes
    /// `x [pos, d_model]`
    pub fn forward(
        &self,
        x: Tensor<2>,
        [scale, normalized]: [Hook; 2],
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let norm = self.normalize(x);
        probe.tap(scale, norm.scale);
        self.affine(probe.tap(normalized, norm.normalized))
    }

    /// Normalises the last axis, unobserved.
    pub fn silent<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.affine(self.normalize(x).normalized)
    }

    /// The variance is the biased one, as in PyTorch's `LayerNorm`.
    fn normalize<const D: usize>(&self, x: Tensor<D>) -> Normalized<D> {
        let centred = match self.kind {
            NormKind::Layer => {
                let mean = x.clone().mean_dim(D - 1); // [pos, 1]
                x - mean
            }
            NormKind::Rms => x,
        };
        let variance = centred.clone().square().mean_dim(D - 1); // [pos, 1]
        let scale = (variance + self.epsilon).sqrt();
        let normalized = centred / scale.clone();
        Normalized { scale, normalized }
    }

    fn affine<const D: usize>(&self, normalized: Tensor<D>) -> Tensor<D> {
        let scaled = normalized * self.weight.clone().unsqueeze();
        match &self.bias {
            Some(bias) => scaled + bias.clone().unsqueeze(),
            None => scaled,
        }
    }
}
