//! Layer normalisation and its simpler sibling.

use crate::model::files::weights::Weights;
use crate::model::run::ops;
use crate::model::run::probe::Probe;
use crate::problem::Result;
use crate::trace::{Hook, NormKind};
use burn::tensor::{Device, Tensor};

/// Scales each position's vector to length `√d_model`, then multiplies each dimension by its weight.
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
        x: &Tensor<2>,
        [at_scale, at_normalized]: [Hook; 2],
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let (scale, normalized) = self.normalize(x);
        probe.tap(at_scale, scale);
        self.affine(&probe.tap(at_normalized, normalized))
    }

    /// Normalises the last axis, unobserved.
    pub fn silent<const D: usize>(&self, x: &Tensor<D>) -> Tensor<D> {
        self.affine(&self.normalize(x).1)
    }

    /// What each vector is divided by, `[pos, 1]`, and the vectors before weight and bias.
    fn normalize<const D: usize>(&self, x: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        ops::normalize(x, self.kind == NormKind::Layer, self.epsilon)
    }

    fn affine<const D: usize>(&self, normalized: &Tensor<D>) -> Tensor<D> {
        ops::scale_and_shift(normalized, &self.weight, self.bias.as_ref())
    }
}
