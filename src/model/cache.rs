//! What attention has to remember of the positions already read.

use super::marian::Memory;
use burn::tensor::Tensor;
use std::sync::Arc;

/// Keys and values of every block for the positions read so far. With it, one more token costs one
/// position's work instead of the whole text's.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    /// Per block, keys and values, each `[head, pos, d_head]`.
    blocks: Vec<(Tensor<3>, Tensor<3>)>,
    len: usize,
    /// What a translator's decoder knows of the source text.
    memory: Option<Arc<Memory>>,
}

impl Cache {
    /// Nothing read yet; a translator's decoder is given what its encoder read.
    pub fn after(memory: Option<Arc<Memory>>) -> Self {
        Self {
            memory,
            ..Self::default()
        }
    }

    /// What a translator's decoder knows of the source text.
    pub(super) fn memory(&self) -> Option<Arc<Memory>> {
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
        for (k, v) in &mut self.blocks {
            *k = k.clone().narrow(1, 0, len);
            *v = v.clone().narrow(1, 0, len);
        }
        self.len = len;
    }

    /// Remembers the keys and values of new positions in block `layer` and returns those of all.
    ///
    /// # Shapes
    /// Takes `[head, new, d_head]` twice, returns `[head, past + new, d_head]` twice.
    pub(super) fn extend(
        &mut self,
        layer: usize,
        k: Tensor<3>,
        v: Tensor<3>,
    ) -> (Tensor<3>, Tensor<3>) {
        let Some((past_k, past_v)) = self.blocks.get_mut(layer) else {
            self.blocks.push((k.clone(), v.clone()));
            return (k, v);
        };
        *past_k = Tensor::cat(vec![past_k.clone(), k], 1);
        *past_v = Tensor::cat(vec![past_v.clone(), v], 1);
        (past_k.clone(), past_v.clone())
    }

    /// Counts `new` positions as read, once every block has seen them.
    pub(super) fn advance(&mut self, new: usize) {
        self.len += new;
    }
}
