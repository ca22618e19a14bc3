//! The next token's probabilities, before and after the filters: worked out when the recording or a
//! slider changes, in the same frame, over the whole vocabulary.

use crate::math::sampling::{Sampling, softmax, top};
use crate::trace::{Trace, TraceId};

/// How many candidates are listed.
pub const LISTED: usize = 200;

/// Probabilities of every token of the vocabulary as the next one.
#[derive(Debug, Default)]
pub struct Next {
    made_for: Option<(TraceId, Sampling)>,
    /// The model's own: softmax of the logits, `[vocab]`.
    pub probs: Vec<f32>,
    /// After the filters, renormalised, `[vocab]`.
    pub sampling_probs: Vec<f32>,
    /// The most probable tokens, best first.
    pub ranked: Vec<usize>,
    /// How many tokens may be drawn.
    pub n_kept: usize,
}

impl Next {
    /// Brings the probabilities up to date, if anything they depend on has changed.
    pub fn update(&mut self, trace: &Trace, sampling: &Sampling) {
        let key = (trace.id, sampling.clone());
        if self.made_for.as_ref() == Some(&key) {
            return;
        }
        let Some(logits) = trace.next_logits() else {
            *self = Self::default();
            return;
        };
        let context: Vec<u32> = trace.tokens.iter().map(|t| t.id).collect();
        self.probs = softmax(logits);
        self.sampling_probs = sampling.apply(logits, &context).probs;
        self.ranked = top(&self.probs, LISTED);
        self.n_kept = self.sampling_probs.iter().filter(|&&p| p > 0.0).count();
        self.made_for = Some(key);
    }
}
