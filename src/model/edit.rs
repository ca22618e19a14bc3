//! Experiments: a probe that changes activations on their way.

use super::probe::Probe;
use crate::trace::{BlockHook, Hook};
use burn::tensor::{Tensor, TensorData};

/// One change to a forward pass.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Multiplies what one head reads out (`attn.hook_z`) by `factor`; 0 switches the head off.
    ScaleHead {
        /// Block.
        layer: usize,
        /// Head.
        head: usize,
        /// 0 is off, 1 is unchanged.
        factor: f32,
    },
    /// Multiplies everything at a hook by `factor`, e.g. a block's `hook_mlp_out`.
    Scale {
        /// Where.
        hook: Hook,
        /// 0 is off, 1 is unchanged.
        factor: f32,
    },
    /// Replaces one position's values at a `[pos, ...]` hook, e.g. by those of another prompt.
    Patch {
        /// Where.
        hook: Hook,
        /// Which position.
        pos: usize,
        /// As many numbers as one position has there.
        values: Vec<f32>,
    },
}

/// Applies edits, then hands the result to another probe.
pub struct Edited<'a, P> {
    /// The changes, applied in order.
    pub edits: &'a [Edit],
    /// Sees the changed activations.
    pub inner: P,
}

impl<P: Probe> Probe for Edited<'_, P> {
    fn tap<const D: usize>(&mut self, hook: Hook, x: Tensor<D>) -> Tensor<D> {
        let edited = self.edits.iter().fold(x, |x, edit| edit.apply(hook, x));
        self.inner.tap(hook, edited)
    }
}

impl Edit {
    fn apply<const D: usize>(&self, at: Hook, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::ScaleHead {
                layer,
                head,
                factor,
            } => {
                let n_heads = x.dims().get(1).copied().unwrap_or(0);
                if at != Hook::Block(*layer, BlockHook::Z) || *head >= n_heads {
                    return x;
                }
                let mut factors = vec![1.0_f32; n_heads];
                factors[*head] = *factor;
                let mut shape = [1; D]; // [pos, head, d_head]
                shape[1] = n_heads;
                let device = x.device();
                x * Tensor::from_data(TensorData::new(factors, shape), &device)
            }
            Self::Scale { hook, factor } if *hook == at => x * *factor,
            Self::Patch { hook, pos, values } if *hook == at => patch(x, *pos, values),
            _ => x,
        }
    }
}

/// Replaces row `pos` of the outermost axis; a row of the wrong length or place changes nothing.
fn patch<const D: usize>(x: Tensor<D>, pos: usize, values: &[f32]) -> Tensor<D> {
    let mut row_shape = x.dims();
    if pos >= row_shape[0] || row_shape[1..].iter().product::<usize>() != values.len() {
        return x;
    }
    row_shape[0] = 1;
    let data = TensorData::new(values.to_vec(), row_shape);
    let row = Tensor::from_data(data, &x.device());
    x.slice_assign([pos..pos + 1], row)
}
