//! Observers of a forward pass.
//!
//! The model hands every named activation to a [`Probe`] and goes on with what it gets back. That
//! one mechanism serves for generating (nobody looks), for recording (everything is copied out) and
//! for experiments (something is changed; see [`Edited`](super::Edited)).

use crate::trace::{Activation, Hook};
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// Sees, and may replace, each activation of a forward pass.
pub trait Probe {
    /// Called once per hook, in the order of [`Hook::all`], with the activation in the shape the
    /// hook documents. The model continues with the returned tensor.
    fn tap<const D: usize>(&mut self, hook: Hook, x: Tensor<D>) -> Tensor<D>;
}

/// Looks at nothing.
pub struct Silent;

impl Probe for Silent {
    fn tap<const D: usize>(&mut self, _hook: Hook, x: Tensor<D>) -> Tensor<D> {
        x
    }
}

/// Copies every activation to plain numbers.
#[derive(Default)]
pub struct Recorder {
    /// What was seen so far.
    pub activations: BTreeMap<Hook, Activation>,
}

impl Probe for Recorder {
    fn tap<const D: usize>(&mut self, hook: Hook, x: Tensor<D>) -> Tensor<D> {
        // The tensor is f32 and its shape holds its numbers by construction; if either failed, the
        // hook would be missing from the trace and the golden tests would name it.
        if let Ok(data) = x.to_data().try_into_vec::<f32>()
            && let Some(activation) = Activation::new(x.dims().to_vec(), data)
        {
            self.activations.insert(hook, activation);
        }
        x
    }
}
