//! The tensors of a checkpoint, wherever they come from.

use crate::model::files::safetensors_files::SafetensorsFiles;
use crate::problem::{Problem, Result};
use burn::tensor::{Device, Tensor, TensorData};
use std::cell::RefCell;
use std::collections::BTreeSet;
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

    /// Every tensor's name, and what the file itself calls it.
    fn names(&self) -> Vec<(String, String)>;

    /// The tensor itself, flat, where its numbers are being learned: what is computed with it can be
    /// differentiated.
    fn leaf(&self, _name: &str) -> Option<Tensor<1>> {
        None
    }

    /// What there is to say about how the names were read.
    fn note(&self) -> Option<String> {
        None
    }
}

/// A tensor's name, its shape, its numbers.
type Stored = (String, Vec<usize>, Vec<f32>);

/// The tensors of a checkpoint by name.
#[derive(Debug)]
pub struct Weights {
    source: Box<dyn TensorSource>,
    /// What some checkpoints put before the names.
    prefix: &'static str,
    /// The names, as the source has them, of the tensors that were read.
    read: RefCell<BTreeSet<String>>,
}

impl Weights {
    /// The tensors of any file format.
    pub fn new(source: impl TensorSource + 'static) -> Self {
        Self { source: Box::new(source), prefix: "", read: RefCell::default() }
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

    /// Do two tensors hold the same numbers? Then either counts as read when the other is.
    pub fn are_equal(&self, a: &str, b: &str) -> bool {
        let (a, b) = (self.full_name(a), self.full_name(b));
        let are_equal = self.source.are_equal(&a, &b);
        if are_equal {
            self.read.borrow_mut().extend([a, b]);
        }
        are_equal
    }

    /// Every tensor: its name, its shape, its numbers.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn all(&self) -> Result<Vec<Stored>> {
        let names = self.source.names().into_iter();
        let tensor = |(name, _): (String, String)| {
            let shape = self.source.shape(&name).unwrap_or_default().to_vec();
            self.source.numbers(&name).map(|numbers| (name, shape, numbers))
        };
        names.map(tensor).collect()
    }

    /// The tensors that nobody read: the name, what the file calls it, and its shape.
    pub(crate) fn unread(&self) -> Vec<(String, String, Vec<usize>)> {
        let read = self.read.borrow();
        let names = self.source.names().into_iter().filter(|(name, _)| !read.contains(name));
        let shape = |name: &str| self.source.shape(name).unwrap_or_default().to_vec();
        names.map(|(name, own)| (shape(&name), name, own)).map(|(s, n, o)| (n, o, s)).collect()
    }

    /// Is it a copy of a tensor that was read?
    pub(crate) fn is_copy(&self, name: &str) -> bool {
        let read = self.read.borrow();
        let shape = self.source.shape(name);
        read.iter()
            .any(|other| self.source.shape(other) == shape && self.source.are_equal(name, other))
    }

    /// What there is to say about how the names were read.
    pub(crate) fn note(&self) -> Option<String> {
        self.source.note()
    }

    /// The token embedding and the matrix that scores tokens, both `[vocab, d_model]`. When the two
    /// are tied, a file may hold either of them alone; when both are there and differ, each is used,
    /// whatever the config says, as in transformers.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn embeddings(
        &self,
        [embed, head]: [&str; 2],
        are_tied: bool,
        shape: [usize; 2],
        device: &Device,
    ) -> Result<[Tensor<2>; 2]> {
        let both = self.contains(embed) && self.contains(head);
        if !are_tied || both && !self.are_equal(embed, head) {
            return Ok([self.tensor(embed, shape, device)?, self.tensor(head, shape, device)?]);
        }
        let stored = if self.contains(embed) || !self.contains(head) { embed } else { head };
        let table = self.tensor(stored, shape, device)?;
        Ok([table.clone(), table])
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
        if let Some(leaf) = self.source.leaf(&full_name) {
            self.read.borrow_mut().insert(full_name);
            return Ok(leaf.reshape(shape));
        }
        let numbers = self.source.numbers(&full_name)?;
        self.read.borrow_mut().insert(full_name);
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
