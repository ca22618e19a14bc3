//! Experiments: a probe that changes activations on their way.

use crate::model::run::probe::Probe;
use crate::trace::{BlockHook, Hook, ModelInfo};
use burn::tensor::{Bool, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One change to a forward pass. Edits that name what a model does not have change nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Edit {
    /// Multiplies what one head reads out (`attn.hook_z`) by `factor`.
    Head {
        /// Block.
        layer: usize,
        /// Head.
        head: usize,
        /// 0 is off, 1 is unchanged.
        factor: f32,
    },
    /// Multiplies all that a block's attention adds to the stream (`hook_attn_out`) by `factor`.
    Attention {
        /// Block.
        layer: usize,
        /// 0 is off, 1 is unchanged.
        factor: f32,
    },
    /// Multiplies all that a block's MLP adds to the stream (`hook_mlp_out`) by `factor`.
    Mlp {
        /// Block.
        layer: usize,
        /// 0 is off, 1 is unchanged.
        factor: f32,
    },
    /// Multiplies one neuron (`mlp.hook_post`) by `factor` at every position.
    Neuron {
        /// Block.
        layer: usize,
        /// Neuron.
        neuron: usize,
        /// 0 is off, 1 is unchanged.
        factor: f32,
    },
    /// Hides a token: no other position may look at it, in any head of any layer.
    Hide {
        /// The hidden position.
        pos: usize,
    },
    /// Replaces where one head looks (`attn.hook_pattern`).
    Force {
        /// Block.
        layer: usize,
        /// Head.
        head: usize,
        /// Where it has to look.
        look: Look,
    },
    /// Replaces one position's values at a hook whose first axis is the position, e.g. by those
    /// recorded from another prompt.
    Patch {
        /// Where.
        #[serde(with = "hook_name")]
        hook: Hook,
        /// Which position.
        pos: usize,
        /// As many numbers as one position has there.
        values: Vec<f32>,
    },
}

/// Where a head can be made to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    /// At every visible token alike.
    Everywhere,
    /// At the token before; the first looks at itself.
    Before,
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is multiplied by 0 is off.
        let strength = |factor: f32| {
            if factor == 0.0 { "off".to_owned() } else { format!("× {factor}") }
        };
        match self {
            Self::Head { layer, head, factor } => {
                write!(f, "head {layer}.{head} {}", strength(*factor))
            }
            Self::Attention { layer, factor } => {
                write!(f, "attention {layer} {}", strength(*factor))
            }
            Self::Mlp { layer, factor } => write!(f, "MLP {layer} {}", strength(*factor)),
            Self::Neuron { layer, neuron, factor } => {
                write!(f, "neuron {layer}.{neuron} {}", strength(*factor))
            }
            Self::Hide { pos } => write!(f, "token {pos} hidden"),
            Self::Force { layer, head, look: Look::Everywhere } => {
                write!(f, "head {layer}.{head} looks everywhere")
            }
            Self::Force { layer, head, look: Look::Before } => {
                write!(f, "head {layer}.{head} looks one back")
            }
            Self::Patch { hook, pos, .. } => write!(f, "{hook} patched at token {pos}"),
        }
    }
}

/// Hooks are written by their names.
mod hook_name {
    use crate::trace::Hook;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(hook: &Hook, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(hook)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hook, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// Applies edits, then hands the result to another probe.
pub struct Edited<'a, P> {
    /// Whose forward pass it is: what its tokens may look at.
    pub model: &'a ModelInfo,
    /// The changes, applied in order.
    pub edits: &'a [Edit],
    /// Sees the changed activations.
    pub inner: P,
}

impl<P: Probe> Probe for Edited<'_, P> {
    fn tap<const D: usize>(&mut self, hook: Hook, x: Tensor<D>) -> Tensor<D> {
        let edited = self.edits.iter().fold(x, |x, edit| edit.apply(self.model, hook, x));
        self.inner.tap(hook, edited)
    }
}

impl Edit {
    fn apply<const D: usize>(&self, model: &ModelInfo, at: Hook, x: Tensor<D>) -> Tensor<D> {
        let is_at = |layer: &usize, hook| at == Hook::Block(*layer, hook);
        match self {
            Self::Head { layer, head, factor } if is_at(layer, BlockHook::Z) => {
                scale(x, *head, *factor)
            }
            Self::Neuron { layer, neuron, factor } if is_at(layer, BlockHook::MlpPost) => {
                scale(x, *neuron, *factor)
            }
            Self::Attention { layer, factor } if is_at(layer, BlockHook::AttnOut) => x * *factor,
            Self::Mlp { layer, factor } if is_at(layer, BlockHook::MlpOut) => x * *factor,
            Self::Hide { pos } if matches!(at, Hook::Block(_, BlockHook::AttnScores)) => {
                hide(x, *pos)
            }
            Self::Force { layer, head, look } if is_at(layer, BlockHook::Pattern) => {
                force(x, *head, *look, |query, key| model.sees(*layer, query, key))
            }
            Self::Patch { hook, pos, values } if *hook == at => patch(x, *pos, values),
            _ => x,
        }
    }
}

/// Multiplies one entry of the second axis: a head of `[pos, head, d_head]`, a neuron of
/// `[pos, d_mlp]`.
fn scale<const D: usize>(x: Tensor<D>, index: usize, factor: f32) -> Tensor<D> {
    let n = x.dims().get(1).copied().unwrap_or(0);
    if index >= n {
        return x;
    }
    let mut factors = vec![1.0_f32; n];
    factors[index] = factor;
    let mut shape = [1; D];
    shape[1] = n;
    let device = x.device();
    x * Tensor::from_data(TensorData::new(factors, shape), &device)
}

/// Makes the scores `[head, query, key]` of one key −∞ for every query but its own, which always
/// needs somewhere to look.
fn hide<const D: usize>(scores: Tensor<D>, pos: usize) -> Tensor<D> {
    let dims = scores.dims();
    let &[_, n_queries, n_keys] = dims.as_slice() else {
        return scores;
    };
    let past = n_keys - n_queries;
    let is_hidden = |query: usize, key: usize| key == pos && query + past != pos;
    let hidden: Vec<bool> =
        (0..n_queries).flat_map(|q| (0..n_keys).map(move |k| is_hidden(q, k))).collect();
    let mut shape = [1; D];
    shape[1..].copy_from_slice(&dims[1..]);
    let hidden = Tensor::<D, Bool>::from_data(TensorData::new(hidden, shape), &scores.device());
    scores.mask_fill(hidden.expand(dims), f32::NEG_INFINITY)
}

/// Replaces one head of a pattern `[head, query, key]`; no query looks at what it does not see.
fn force<const D: usize>(
    pattern: Tensor<D>,
    head: usize,
    look: Look,
    sees: impl Fn(usize, usize) -> bool,
) -> Tensor<D> {
    let dims = pattern.dims();
    let &[n_heads, n_queries, n_keys] = dims.as_slice() else {
        return pattern;
    };
    if head >= n_heads {
        return pattern;
    }
    let past = n_keys - n_queries;
    let row = |query: usize| {
        let is_chosen = |key: usize| match look {
            Look::Everywhere => sees(query, key),
            Look::Before => key == query.saturating_sub(1),
        };
        let chosen: Vec<bool> = (0..n_keys).map(is_chosen).collect();
        let share = 1.0 / chosen.iter().filter(|is_chosen| **is_chosen).count().max(1) as f32;
        chosen.into_iter().map(move |is_chosen| if is_chosen { share } else { 0.0 })
    };
    let weights: Vec<f32> = (past..past + n_queries).flat_map(row).collect();
    let mut shape = dims;
    shape[0] = 1;
    let weights = Tensor::from_data(TensorData::new(weights, shape), &pattern.device());
    pattern.slice_assign([head..head + 1], weights)
}

/// Replaces row `pos` of the first axis; a row of the wrong length or place changes nothing.
fn patch<const D: usize>(x: Tensor<D>, pos: usize, values: &[f32]) -> Tensor<D> {
    let mut row_shape = x.dims();
    if pos >= row_shape[0] || row_shape[1..].iter().product::<usize>() != values.len() {
        return x;
    }
    row_shape[0] = 1;
    let row = Tensor::from_data(TensorData::new(values.to_vec(), row_shape), &x.device());
    x.slice_assign([pos..pos + 1], row)
}
