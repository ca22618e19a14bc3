//! The multi-layer perceptron of a block, plain or gated.

use crate::model::parts::activation_function::ActivationFunction;
use crate::model::parts::linear::Linear;
use crate::model::run::ops::activate;
use crate::model::run::probe::Probe;
#[allow(clippy::enum_glob_use, reason = "the names of the hooks are the words of this page")]
use crate::trace::BlockHook::*;
use crate::trace::Hook;
use burn::tensor::Tensor;

/// `down(f(up(x)))`, or with a gate `down(f(gate(x)) · up(x))` (Shazeer 2020, "GLU Variants Improve
/// Transformer").
#[derive(Debug)]
pub struct Mlp {
    /// `[d_model, d_mlp]`, when the MLP is gated.
    pub gate: Option<Linear>,
    /// `[d_model, d_mlp]`
    pub up: Linear,
    /// `[d_mlp, d_model]`
    pub down: Linear,
    /// The nonlinearity.
    pub function: ActivationFunction,
}

impl Mlp {
    /// What the MLP adds to the stream.
    ///
    /// # Shapes
    /// `x [pos, d_model]` gives the same.
    pub fn forward(&self, x: &Tensor<2>, layer: usize, probe: &mut impl Probe) -> Tensor<2> {
        let post = match &self.gate {
            None => {
                let pre = probe.tap(Hook::Block(layer, MlpPre), self.up.forward(x)); // [pos, d_mlp]
                activate(&pre, self.function)
            }
            Some(gate) => {
                let pre = probe.tap(Hook::Block(layer, MlpPre), gate.forward(x));
                let linear = probe.tap(Hook::Block(layer, MlpPreLinear), self.up.forward(x));
                activate(&pre, self.function) * linear
            }
        };
        let post = probe.tap(Hook::Block(layer, MlpPost), post);
        self.down.forward(&post)
    }
}
