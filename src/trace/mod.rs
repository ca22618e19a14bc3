//! One immutable record of one forward pass, in plain numbers with named axes.
//!
//! A [`Trace`] is complete or absent: it is made by `model::record` or read from a file, checked
//! once, and never changed. Everything on screen and everything exported is read from it.

mod activation;
mod cross;
mod file;
mod hook;
mod joined;
mod model_info;
mod part;
mod token;

pub use activation::{Activation, Matrix, Shared};
pub use file::{FORMAT, VERSION};
pub use hook::{Axis, BlockHook, Hook, UnknownHook, matches};
pub use joined::{Future, Products, join_rows, join_squares};
pub use model_info::{ModelInfo, NormKind, Positions, Predicts, Shape};
pub use part::Part;
pub use token::{Token, visible, visible_alone};

use crate::problem::{Problem, Result};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Distinguishes traces within one run of the program; caches use it as their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u64);

impl TraceId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The record of one forward pass.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Unique within this run of the program.
    pub id: TraceId,
    /// The model that ran.
    pub model: Arc<ModelInfo>,
    /// The text as it was typed.
    pub text: String,
    /// The tokens the model read, in order.
    pub tokens: Vec<Token>,
    /// How many tokens at the start of the text were left out because it exceeds the context.
    pub dropped: usize,
    /// In a translator's decoder, the record of the encoder that read the source text.
    pub encoder: Option<Arc<Trace>>,
    /// Is this the attention of an encoder's text by a decoder's, and nothing else?
    is_cross: bool,
    activations: BTreeMap<Hook, Activation>,
}

impl Trace {
    /// Puts a record together.
    ///
    /// # Errors
    /// When a shape contradicts the model's sizes or the number of tokens: such a record came from
    /// a damaged file, and drawing it would show nonsense.
    pub fn new(
        model: Arc<ModelInfo>,
        text: String,
        tokens: Vec<Token>,
        dropped: usize,
        activations: BTreeMap<Hook, Activation>,
    ) -> Result<Self> {
        Self {
            id: TraceId::next(),
            model,
            text,
            tokens,
            dropped,
            encoder: None,
            is_cross: false,
            activations,
        }
        .checked()
    }

    fn checked(self) -> Result<Self> {
        for (hook, activation) in self.iter() {
            self.check(hook, activation)?;
        }
        Ok(self)
    }

    fn check(&self, hook: Hook, activation: &Activation) -> Result<()> {
        let problem = |why: String| Err(Problem::new("The recording is inconsistent", why));
        if let Hook::Block(layer, _) = hook
            && layer >= self.model.n_layers
        {
            return problem(format!("{hook} exceeds {} layers", self.model.n_layers));
        }
        let expected: Vec<usize> = hook.axes().iter().map(|&axis| self.axis_len(axis)).collect();
        if activation.shape() != expected {
            return problem(format!("{hook} has shape {:?}, not {expected:?}", activation.shape()));
        }
        Ok(())
    }

    /// How long an axis is in this recording.
    pub fn axis_len(&self, axis: Axis) -> usize {
        match axis {
            Axis::Pos | Axis::Query => self.tokens.len(),
            Axis::Key => self.key_tokens().len(),
            Axis::Source => self.encoder.as_ref().map_or(0, |e| e.tokens.len()),
            Axis::Head => self.model.n_heads,
            Axis::KvHead => self.model.kv_heads(),
            Axis::DModel => self.model.d_model,
            Axis::DPooled => self.model.d_pooled.unwrap_or(self.model.d_model),
            Axis::DHead => self.model.d_head,
            Axis::DMlp => self.model.d_mlp,
            Axis::Vocab => self.model.vocab_size,
            Axis::One => 1,
        }
    }

    /// The name of an axis in files and labels.
    pub fn axis_name(&self, axis: Axis) -> &'static str {
        // Where every head has its own keys and values there is no other kind of head to tell apart.
        match axis {
            Axis::KvHead if self.model.n_kv_heads.is_none() => Axis::Head.name(),
            Axis::DPooled if self.model.d_pooled.is_none() => Axis::DModel.name(),
            axis => axis.name(),
        }
    }

    /// The activation at `hook`, when it was recorded.
    pub fn get(&self, hook: Hook) -> Option<&Activation> {
        self.activations.get(&hook)
    }

    /// The activation `at` in block `layer`, when it was recorded.
    pub fn block(&self, layer: usize, at: BlockHook) -> Option<&Activation> {
        self.get(Hook::Block(layer, at))
    }

    /// Every recorded activation, in the order of the forward pass.
    pub fn iter(&self) -> impl Iterator<Item = (Hook, &Activation)> {
        let mut hooks: Vec<(Hook, &Activation)> =
            self.activations.iter().map(|(&hook, a)| (hook, a)).collect();
        if self.model.post_norm {
            let order = Hook::all(&self.model);
            hooks.sort_by_key(|(hook, _)| order.iter().position(|other| other == hook));
        }
        hooks.into_iter()
    }

    /// Who looks at whom in one head, `[query, key]`.
    pub fn pattern(&self, layer: usize, head: usize) -> Option<Matrix<'_>> {
        self.block(layer, BlockHook::Pattern)?.matrix(head)
    }

    /// The query of a head as attention uses it, turned where positions are rotations, `[d_head]`.
    pub fn query(&self, layer: usize, head: usize, pos: usize) -> Option<&[f32]> {
        self.block(layer, self.query_hook())?.at(&[pos, head])
    }

    /// The key a head looks at, as attention uses it, `[d_head]`. Heads of a group share it.
    pub fn key(&self, layer: usize, head: usize, pos: usize) -> Option<&[f32]> {
        let kv_head = self.model.kv_head_of(head);
        self.block(layer, self.key_hook())?.at(&[pos, kv_head])
    }

    /// The value a head reads, `[d_head]`. Heads of a group share it.
    pub fn value(&self, layer: usize, head: usize, pos: usize) -> Option<&[f32]> {
        let kv_head = self.model.kv_head_of(head);
        self.block(layer, BlockHook::V)?.at(&[pos, kv_head])
    }

    /// Where queries are as attention uses them.
    pub fn query_hook(&self) -> BlockHook {
        match self.model.positions {
            Positions::Rotary => BlockHook::RotQ,
            _ => BlockHook::Q,
        }
    }

    /// Where keys are as attention uses them.
    pub fn key_hook(&self) -> BlockHook {
        match self.model.positions {
            Positions::Rotary => BlockHook::RotK,
            _ => BlockHook::K,
        }
    }

    /// The scores of every token as the next one after position `pos`, `[vocab]`.
    pub fn logits(&self, pos: usize) -> Option<&[f32]> {
        self.get(Hook::Logits)?.at(&[pos])
    }

    /// The scores of every token as the next one after the text, `[vocab]`; none from a model that
    /// does not say what comes next.
    pub fn next_logits(&self) -> Option<&[f32]> {
        if self.model.predicts != Predicts::Next {
            return None;
        }
        self.logits(self.tokens.len().checked_sub(1)?)
    }

    /// The token at a position as it can be shown: text made visible, or which bytes of which
    /// character it holds (`注 2/3`). Empty past the end.
    pub fn label(&self, pos: usize) -> String {
        let Some(token) = self.tokens.get(pos) else {
            return String::new();
        };
        if std::str::from_utf8(&token.bytes).is_ok() || token.span.is_empty() {
            return token.label();
        }
        let parts = Part::of_span(&self.text, &token.span).into_iter();
        let label = |part: Part| {
            if part.is_whole() {
                return part.label();
            }
            format!("{} {}", token::visible_alone(part.of), part.label())
        };
        parts.map(label).collect::<Vec<_>>().join(" ")
    }

    /// Memory taken by the recorded numbers. What two hooks share counts once: the stream leaving a
    /// block is the stream entering the next.
    pub fn bytes(&self) -> usize {
        let places = self.activations.values().map(Activation::place);
        let distinct: BTreeMap<_, _> = places.collect();
        distinct.values().sum()
    }
}
