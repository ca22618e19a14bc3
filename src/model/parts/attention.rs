//! Attention (Vaswani et al. 2017), with as many keys and values as heads or fewer.

use crate::kernel;
use crate::model::parts::linear::Linear;
use crate::model::parts::norm::Norm;
use crate::model::parts::rotary::Turn;
use crate::model::run::cache::{Cache, Vectors};
use crate::model::run::ops::{mix, scores, softmax};
use crate::model::run::probe::Probe;
#[allow(clippy::enum_glob_use, reason = "the names of the hooks are the words of this page")]
use crate::trace::BlockHook::{self, *};
use crate::trace::Hook;
use burn::tensor::Tensor;

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

/// Who may see whom in a block, and how vectors are turned.
#[derive(Debug)]
pub struct Sight {
    /// Which keys a query may look at; `None` when everybody may look everywhere.
    pub visible: Option<kernel::Sight>,
    /// How queries and keys are turned, when positions are rotations.
    pub turn: Option<Turn>,
    /// How many texts of the same length are read at once, one behind the other; none sees another.
    pub rows: usize,
}

impl Sight {
    /// Every token may look at every other, and positions are not rotations.
    pub fn everything() -> Self {
        Self { visible: None, turn: None, rows: 1 }
    }

    /// After `past` positions, nobody may look at the future, nor further back than the window.
    pub fn causal(past: usize, window: Option<usize>, turn: Option<Turn>) -> Self {
        Self { visible: Some(kernel::Sight { past, window }), turn, rows: 1 }
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
        x: &Tensor<2>,
        sight: &Sight,
        layer: usize,
        cache: &mut Cache,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let Heads { n_heads, n_kv_heads, d_head, .. } = self.heads;
        let pos = x.dims()[0];
        // Queries, keys and values lie side by side. One product has one way back; three products give
        // three tensors without a copy.
        let whole = x.is_autodiff().then(|| self.qkv.forward(x));
        let mut part = |first: usize, n: usize, hook| {
            let outputs = first * d_head..(first + n) * d_head;
            let part = match &whole {
                Some(whole) => whole.clone().narrow(1, outputs.start, outputs.len()),
                None => self.qkv.part(x, outputs),
            };
            let part = part.reshape([pos, n, d_head]); // [pos, head, d_head]
            probe.tap(Hook::Block(layer, hook), part)
        };
        let q = part(0, n_heads, Q);
        let k = part(n_heads, n_kv_heads, K);
        let v = part(n_heads + n_kv_heads, n_kv_heads, V);

        let (q, k) = match &self.qk_norms {
            Some([q_norm, k_norm]) => (q_norm.silent(&q), k_norm.silent(&k)),
            None => (q, k),
        };
        let (q, k) = match &sight.turn {
            Some(turn) => (
                probe.tap(Hook::Block(layer, RotQ), turn.apply(q)),
                probe.tap(Hook::Block(layer, RotK), turn.apply(k)),
            ),
            None => (q, k),
        };
        let hooks = [AttnScores, Pattern, Z].map(|at: BlockHook| Hook::Block(layer, at));
        let [k, v] = cache.extend(layer, k, v);
        let z = self.heads.attend(&q, [k, v], sight, hooks, probe);
        self.out.forward(&z)
    }
}

impl Heads {
    /// Scores, softmax, and what is read: the core of every kind of attention.
    ///
    /// # Shapes
    /// Takes `q [query, head, d_head]`, `k` and `v [key, kv_head, d_head]`, gives
    /// `[query, head * d_head]`. The hooks are those of the scores, the pattern and `z`.
    pub fn attend(
        self,
        q: &Tensor<3>,
        [k, v]: [&Vectors; 2],
        sight: &Sight,
        [at_scores, at_pattern, at_z]: [Hook; 3],
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let [n_queries, n_heads, d_head] = q.dims();
        let &Sight { visible, rows, .. } = sight;
        let scores = probe.tap(at_scores, scores(q, k, self.scaling, rows)); // [head, query, key]
        let pattern = probe.tap(at_pattern, softmax(&scores, visible));
        let z = probe.tap(at_z, mix(&pattern, v, visible, rows)); // [query, head, d_head]
        z.reshape([n_queries, n_heads * d_head])
    }
}
