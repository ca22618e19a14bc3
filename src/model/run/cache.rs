//! What attention has to remember of the positions already read.

use crate::model::pages::marian::Memory;
use crate::model::run::gradient::Input;
use crate::model::run::numbers::{Numbers, tensor};
use burn::tensor::{Device, Tensor};
use std::ops::Deref;
use std::sync::Arc;

/// Keys and values of every block for the positions read so far. With it, one more token costs one
/// position's work instead of the whole text's.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    /// Per block, keys and values.
    blocks: Vec<[Vectors; 2]>,
    len: usize,
    /// What a translator's decoder knows of the source text.
    memory: Option<Arc<Memory>>,
}

impl Cache {
    /// Nothing read yet; a translator's decoder is given what its encoder read.
    pub fn after(memory: Option<Arc<Memory>>) -> Self {
        Self { memory, ..Self::default() }
    }

    /// What a translator's decoder knows of the source text.
    pub(crate) fn memory(&self) -> Option<Arc<Memory>> {
        self.memory.clone()
    }

    /// Number of positions read so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Has nothing been read yet?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets all but the first `len` positions.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        if len == 0 {
            *self = Self::after(self.memory.take());
            return;
        }
        self.blocks.iter_mut().flatten().for_each(|kept| kept.truncate(len));
        self.len = len;
    }

    /// Remembers the keys and values of new positions in block `layer` and returns those of all.
    ///
    /// # Shapes
    /// `[pos, kv_head, d_head]`
    pub(crate) fn extend(&mut self, layer: usize, k: Tensor<3>, v: Tensor<3>) -> &[Vectors; 2] {
        if layer == self.blocks.len() {
            self.blocks.push([k, v].map(Vectors::from));
        } else {
            let [past_k, past_v] = &mut self.blocks[layer];
            past_k.append(k);
            past_v.append(v);
        }
        &self.blocks[layer]
    }

    /// Counts `new` positions as read, once every block has seen them.
    pub(crate) fn advance(&mut self, new: usize) {
        self.len += new;
    }
}

/// Keys or values of some positions, `[pos, kv_head, d_head]`, to which others may be added.
#[derive(Debug, Clone)]
pub struct Vectors {
    shape: [usize; 3],
    device: Device,
    kept: Kept,
}

#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are two for each block, and a box would be one more step to every vector"
)]
enum Kept {
    /// As they were computed.
    Tensor(Tensor<3>),
    /// Where there is room for more after them, so that adding one does not copy all.
    Growing(Vec<f32>),
}

impl From<Tensor<3>> for Vectors {
    fn from(tensor: Tensor<3>) -> Self {
        Self { shape: tensor.dims(), device: tensor.device(), kept: Kept::Tensor(tensor) }
    }
}

impl Vectors {
    /// `[pos, kv_head, d_head]`
    pub(crate) fn dims(&self) -> [usize; 3] {
        self.shape
    }

    /// As a tensor, copied if they are not one.
    pub(crate) fn tensor(&self) -> Tensor<3> {
        match &self.kept {
            Kept::Tensor(tensor) => tensor.clone(),
            Kept::Growing(numbers) => tensor(numbers.clone(), self.shape, &self.device),
        }
    }

    /// As what a gradient may be awaited of; none where none is.
    pub(crate) fn tracked(&self) -> Option<Input> {
        match &self.kept {
            Kept::Tensor(tensor) if tensor.is_autodiff() => Input::of(tensor),
            _ => None,
        }
    }

    /// Their numbers, unless they are a tensor of another device than burn-flex.
    pub(crate) fn numbers(&self) -> Option<impl Deref<Target = [f32]>> {
        match &self.kept {
            Kept::Tensor(tensor) => Numbers::of(tensor).map(Held::Shared),
            Kept::Growing(numbers) => Some(Held::Slice(numbers)),
        }
    }

    fn append(&mut self, new: Tensor<3>) {
        self.shape[0] += new.dims()[0];
        let Some(numbers) = Numbers::of(&new) else {
            self.kept = Kept::Tensor(Tensor::cat(vec![self.tensor(), new], 0));
            return;
        };
        if let Kept::Tensor(before) = &self.kept
            && let Some(before) = Numbers::of(before)
        {
            let mut growing = Vec::with_capacity(2 * (before.len() + numbers.len()));
            growing.extend_from_slice(&before);
            self.kept = Kept::Growing(growing);
        }
        if let Kept::Growing(growing) = &mut self.kept {
            growing.extend_from_slice(&numbers);
        }
    }

    fn truncate(&mut self, len: usize) {
        let [n, n_heads, d_head] = self.shape;
        self.shape[0] = n.min(len);
        match &mut self.kept {
            Kept::Tensor(tensor) => *tensor = tensor.clone().narrow(0, 0, n.min(len)),
            Kept::Growing(numbers) => numbers.truncate(len * n_heads * d_head),
        }
    }
}

/// Numbers of a tensor or a slice.
enum Held<'a> {
    Shared(Numbers),
    Slice(&'a [f32]),
}

impl Deref for Held<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Shared(numbers) => numbers,
            Self::Slice(numbers) => numbers,
        }
    }
}
