//! The weights of a GGUF file under Hugging Face's names.

use super::names::undo_interleaving;
use super::{Gguf, GgufTensor};
use crate::model::files::weights::{READING, TensorSource};
use crate::problem::{Problem, Result};
use std::collections::HashMap;

/// A GGUF file whose tensors go by the names of a Hugging Face checkpoint. One tensor is turned into
/// f32 at a time.
#[derive(Debug)]
pub struct GgufWeights {
    file: Gguf,
    /// Where each name is in the file's table.
    places: HashMap<String, usize>,
}

impl GgufWeights {
    /// The weights of an opened file.
    pub fn new(file: Gguf) -> Self {
        let names = file.tensors.iter().enumerate();
        // A tensor that Hugging Face has no name for keeps its own, so that it is missed if nobody reads it.
        let places = names.map(|(i, tensor)| {
            (Gguf::checkpoint_name(&tensor.name).unwrap_or_else(|| tensor.name.clone()), i)
        });
        Self { places: places.collect(), file }
    }

    fn tensor(&self, name: &str) -> Option<&GgufTensor> {
        self.file.tensors.get(*self.places.get(name)?)
    }
}

impl TensorSource for GgufWeights {
    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensor(name).map(|tensor| tensor.shape.as_slice())
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>> {
        let missing = || Problem::new(READING, format!("the tensor {name} is missing"));
        let tensor = self.tensor(name).ok_or_else(missing)?;
        let numbers = self.file.floats(tensor)?;
        Ok(match self.file.interleaved_heads(tensor) {
            Some(n_heads) => undo_interleaving(numbers, tensor.shape[0], n_heads),
            None => numbers,
        })
    }

    fn are_equal(&self, a: &str, b: &str) -> bool {
        match (self.tensor(a), self.tensor(b)) {
            (Some(a), Some(b)) => a.kind == b.kind && self.file.stored(a) == self.file.stored(b),
            _ => false,
        }
    }

    fn names(&self) -> Vec<(String, String)> {
        let tensors = &self.file.tensors;
        let own = |&place: &usize| tensors.get(place).map(|tensor| tensor.name.clone());
        self.places.iter().filter_map(|(name, i)| Some((name.clone(), own(i)?))).collect()
    }
}
