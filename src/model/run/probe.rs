//! Observers of a forward pass.
//!
//! The model hands every named activation to a [`Probe`] and goes on with what it gets back. That
//! one mechanism serves for generating (nobody looks), for recording (everything is copied out) and
//! for experiments (something is changed; see [`Edited`](crate::model::Edited)).

use crate::model::run::numbers::Numbers;
use crate::trace::{Activation, Hook};
use burn::tensor::Tensor;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sees, and may replace, each activation of a forward pass.
pub trait Probe: Send {
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

/// Keeps every activation. On the burn-flex device it shares the tensors' memory and costs nothing.
#[derive(Default)]
pub struct Recorder {
    /// What was seen so far.
    pub activations: BTreeMap<Hook, Activation>,
}

impl Probe for Recorder {
    fn tap<const D: usize>(&mut self, hook: Hook, x: Tensor<D>) -> Tensor<D> {
        let shape = x.dims().to_vec();
        // The tensor is f32 and its shape holds its numbers by construction; if either failed, the
        // hook would be missing from the trace and the golden tests would name it.
        let activation = if let Some(numbers) = Numbers::of(&x) {
            Activation::shared(shape, Arc::new(numbers))
        } else {
            let copied = x.to_data().try_into_vec::<f32>();
            copied.ok().and_then(|data| Activation::new(shape, data))
        };
        if let Some(activation) = activation {
            self.activations.insert(hook, activation);
        }
        x
    }
}
