//! Observers of a forward pass.
//!
//! The model hands every named activation to a [`Probe`] and goes on with what it gets back. That
//! one mechanism serves for generating (nobody looks), for recording (everything is copied out) and
//! for experiments (something is changed; see [`Edited`](crate::model::Edited)).

use crate::model::run::numbers::Numbers;
use crate::problem::{Problem, Result};
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
    /// What could not be copied.
    missed: Option<Hook>,
}

impl Recorder {
    /// Everything that was seen.
    ///
    /// # Errors
    /// When something could not be copied from its device: a record is complete or absent.
    pub fn finish(self) -> Result<BTreeMap<Hook, Activation>> {
        match self.missed {
            None => Ok(self.activations),
            Some(hook) => {
                let why = format!("{hook} could not be copied from the device");
                Err(Problem::new("Could not record the model", why)
                    .cure("Choose another backend in the settings"))
            }
        }
    }
}

impl Probe for Recorder {
    fn tap<const D: usize>(&mut self, hook: Hook, x: Tensor<D>) -> Tensor<D> {
        let shape = x.dims().to_vec();
        let activation = if let Some(numbers) = Numbers::of(&x) {
            Activation::shared(shape, Arc::new(numbers))
        } else {
            let copied = x.to_data().try_into_vec::<f32>();
            copied.ok().and_then(|data| Activation::new(shape, data))
        };
        match activation {
            Some(activation) => {
                self.activations.insert(hook, activation);
            }
            None => self.missed = self.missed.or(Some(hook)),
        }
        x
    }
}
