//! Attention (Vaswani et al. 2017), with as many keys and values as heads or fewer.

use super::cache::Cache;
use super::linear::Linear;
use super::norm::Norm;
use super::probe::Probe;
use super::rotary::Turn;
#[allow(
    clippy::enum_glob_use,
    reason = "the names of the hooks are the words of this page"
)]
use crate::trace::BlockHook::{self, *};
use crate::trace::Hook;
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Tensor};

/// Attention of a sequence to itself.
#[derive(Debug)]
pub struct SelfAttention {
    /// Queries, keys and values side by side, `[d_model, (head + 2 kv_head) * d_head]`.
    pub qkv: Linear,
    /// `[head * d_head, d_model]`
    pub out: Linear,
    /// How the vectors are cut into heads.
    pub heads: Heads,
    /// Norms of each head's queries and keys, when the model has them.
    pub qk_norms: Option<[Norm; 2]>,
}

/// How many heads there are, how wide they are, and what their products are multiplied by.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Heads that look.
    pub n_heads: usize,
    /// Keys and values for them to look at: a divisor of `n_heads`. Neighbouring heads share one
    /// (grouped-query attention, Ainslie et al. 2023).
    pub n_kv_heads: usize,
    /// Width of a query, a key and a value.
    pub d_head: usize,
    /// What q·k is multiplied by: usually `1/√d_head`.
    pub scaling: f64,
}

/// Who may see whom, and how vectors are turned: the same for all blocks of one forward pass.
#[derive(Debug)]
pub struct Sight {
    /// `[query, key]`, true where a query may not look; `None` when it may look everywhere.
    pub hidden: Option<Tensor<2, Bool>>,
    /// How queries and keys are turned, when positions are rotations.
    pub turn: Option<Turn>,
}

impl Sight {
    /// Every token may look at every other, and positions are not rotations.
    pub fn everything() -> Self {
        Self {
            hidden: None,
            turn: None,
        }
    }

    /// Of `new` positions after `past` ones, nobody may look at the future, nor further back than
    /// the window.
    pub fn causal(past: usize, new: usize, window: Option<usize>, device: &Device) -> Self {
        let shape = [new, past + new];
        let future = Tensor::tril_mask(shape, past as i64, device);
        let hidden = match window {
            Some(window) => {
                let nearest_hidden = past as i64 - window as i64;
                future.bool_or(Tensor::triu_mask(shape, nearest_hidden + 1, device))
            }
            None => future,
        };
        Self {
            hidden: Some(hidden),
            turn: None,
        }
    }

    /// Queries and keys are turned by their positions.
    pub fn turned(self, turn: Turn) -> Self {
        Self {
            turn: Some(turn),
            ..self
        }
    }
}

impl SelfAttention {
    /// What attention adds to the stream. The keys and values of the positions read before are in
    /// the cache.
    ///
    /// # Shapes
    /// `x [pos, d_model]` gives the same.
    pub fn forward(
        &self,
        x: Tensor<2>,
        sight: &Sight,
        layer: usize,
        cache: &mut Cache,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let Heads {
            n_heads,
            n_kv_heads,
            d_head,
            ..
        } = self.heads;
        let pos = x.dims()[0];
        let qkv = self.qkv.forward(x); // [pos, (head + 2 kv_head) * d_head]
        let mut part = |first: usize, n: usize, hook| {
            let part = qkv.clone().narrow(1, first * d_head, n * d_head);
            probe.tap(Hook::Block(layer, hook), part.reshape([pos, n, d_head])) // [pos, head, d_head]
        };
        let q = part(0, n_heads, Q);
        let k = part(n_heads, n_kv_heads, K);
        let v = part(n_heads + n_kv_heads, n_kv_heads, V);

        let (q, k) = match &self.qk_norms {
            Some([q_norm, k_norm]) => (q_norm.silent(q), k_norm.silent(k)),
            None => (q, k),
        };
        let (q, k) = match &sight.turn {
            Some(turn) => (
                probe.tap(Hook::Block(layer, RotQ), turn.apply(q)),
                probe.tap(Hook::Block(layer, RotK), turn.apply(k)),
            ),
            None => (q, k),
        };
        let [q, k, v] = [q, k, v].map(|x| x.swap_dims(0, 1)); // [head, pos, d_head]
        let (k, v) = cache.extend(layer, k, v);

        let hooks = [AttnScores, Pattern, Z].map(|at: BlockHook| Hook::Block(layer, at));
        let z = self
            .heads
            .attend([q, k, v], sight.hidden.as_ref(), hooks, probe);
        self.out.forward(z)
    }
}

impl Heads {
    /// Scores, softmax, and what is read: the core of every kind of attention.
    ///
    /// # Shapes
    /// Takes `q [head, query, d_head]`, `k` and `v [kv_head, key, d_head]`, gives
    /// `[query, head * d_head]`. The hooks are those of the scores, the pattern and `z`.
    pub fn attend(
        self,
        [q, k, v]: [Tensor<3>; 3],
        hidden: Option<&Tensor<2, Bool>>,
        [at_scores, at_pattern, at_z]: [Hook; 3],
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let Self {
            n_heads,
            n_kv_heads,
            d_head,
            ..
        } = self;
        let (n_queries, n_keys) = (q.dims()[1], k.dims()[1]);
        // The heads of a group lie one after the other, so they can be stacked to one tall matrix.
        let stacked = n_heads / n_kv_heads * n_queries;

        let q = q.reshape([n_kv_heads, stacked, d_head]);
        let scores = q.matmul(k.transpose()) * self.scaling;
        let scores = scores.reshape([n_heads, n_queries, n_keys]); // [head, query, key]
        let scores = probe.tap(at_scores, scores);
        let visible = match hidden {
            Some(hidden) => {
                let hidden = hidden.clone().unsqueeze::<3>().expand(scores.dims());
                scores.mask_fill(hidden, f32::NEG_INFINITY)
            }
            None => scores,
        };
        let pattern = probe.tap(at_pattern, softmax(visible, 2));

        let pattern = pattern.reshape([n_kv_heads, stacked, n_keys]);
        let z = pattern.matmul(v).reshape([n_heads, n_queries, d_head]);
        let z = probe.tap(at_z, z.swap_dims(0, 1)); // [query, head, d_head]
        z.reshape([n_queries, n_heads * d_head])
    }
}
