//! The tensors of a checkpoint, wherever they come from.

use crate::model::files::safetensors_files::SafetensorsFiles;
use crate::problem::{Problem, Result};
use burn::tensor::{Device, Tensor, TensorData};
use std::fmt;
use std::path::Path;

pub(crate) const READING: &str = "Could not read the model's weights";

/// A file format that holds named tensors. Their names are those of Hugging Face's checkpoints.
pub trait TensorSource: fmt::Debug + Send + Sync {
    /// The shape of a tensor, outermost axis first; `None` when there is no such tensor.
    fn shape(&self, name: &str) -> Option<&[usize]>;

    /// The numbers of a tensor as f32, row-major.
    ///
    /// # Errors
    /// When there is no such tensor or its type is not supported.
    fn numbers(&self, name: &str) -> Result<Vec<f32>>;

    /// Do two tensors hold the same numbers?
    fn are_equal(&self, a: &str, b: &str) -> bool;
}

/// The tensors of a checkpoint by name.
#[derive(Debug)]
pub struct Weights {
    source: Box<dyn TensorSource>,
    /// What some checkpoints put before the names.
    prefix: &'static str,
}

impl Weights {
    /// The tensors of any file format.
    pub fn new(source: impl TensorSource + 'static) -> Self {
        Self { source: Box::new(source), prefix: "" }
    }

    /// Opens the weights in a checkpoint's folder: `model.safetensors`, or the files that
    /// `model.safetensors.index.json` lists.
    ///
    /// # Errors
    /// When there are none, or a file is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        SafetensorsFiles::open(folder).map(Self::new)
    }

    /// A safetensors file embedded in the program.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn embedded(bytes: &'static [u8]) -> Result<Self> {
        SafetensorsFiles::embedded(bytes).map(Self::new)
    }

    /// Forgets a prefix that some checkpoints put before the names of their tensors: those of the
    /// bare model lack it, those with a language head have it.
    pub fn without_prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// The name that the source has for a tensor.
    fn full_name(&self, name: &str) -> String {
        let full = format!("{}{name}", self.prefix);
        if self.source.shape(&full).is_some() { full } else { name.to_owned() }
    }

    /// Do two tensors hold the same numbers?
    pub fn are_equal(&self, a: &str, b: &str) -> bool {
        self.source.are_equal(&self.full_name(a), &self.full_name(b))
    }

    /// Is there a tensor of that name?
    pub fn contains(&self, name: &str) -> bool {
        self.source.shape(&self.full_name(name)).is_some()
    }

    /// The tensor of that name, converted to f32.
    ///
    /// # Errors
    /// When it is missing, has another shape or type, or holds NaN or infinities.
    pub fn tensor<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        device: &Device,
    ) -> Result<Tensor<D>> {
        let full_name = self.full_name(name);
        let Some(found) = self.source.shape(&full_name) else {
            return Err(Problem::new(READING, format!("the tensor {name} is missing"))
                .cure("The checkpoint does not match its config.json, or is incomplete"));
        };
        if found != shape {
            let why = format!("{name} has shape {found:?}, but config.json asks for {shape:?}");
            return Err(Problem::new(READING, why)
                .cure("config.json and the weights belong to different models"));
        }
        let numbers = self.source.numbers(&full_name)?;
        if let Some(bad) = numbers.iter().position(|x| !x.is_finite()) {
            let why = format!("{name} holds {} at index {bad}", numbers[bad]);
            return Err(Problem::new(READING, why)
                .cure("A model with such weights computes nothing but NaN; its training failed, or the file is damaged"));
        }
        if numbers.len() != shape.iter().product::<usize>() {
            let why = format!("{name} holds {} numbers, not {shape:?}", numbers.len());
            return Err(Problem::new(READING, why).cure("The file is damaged; copy it again"));
        }
        Ok(Tensor::from_data(TensorData::new(numbers, shape), device))
    }
}
