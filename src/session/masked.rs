//! What an encoder guesses for the words that were masked.

use super::{Candidate, candidates_of};
use crate::math::sampling::Sampling;
use crate::model::Checkpoint;
use crate::trace::{Predicts, Trace};

/// A masked position and the guesses for it, most probable first.
#[derive(Debug, Clone, PartialEq)]
pub struct Masked {
    /// The position.
    pub pos: usize,
    /// The guesses.
    pub candidates: Vec<Candidate>,
}

/// The `n` most probable tokens at every masked position of a recorded text. Empty when nothing is
/// masked or the model has no head for it.
pub fn masked(model: &Checkpoint, trace: &Trace, n: usize) -> Vec<Masked> {
    if trace.model.predicts != Predicts::Masked {
        return Vec::new();
    }
    let Some(mask) = model.tokenizer.mask() else {
        return Vec::new();
    };
    let is_masked = |pos: &usize| trace.tokens[*pos].id == mask.id;
    let places = (0..trace.tokens.len()).filter(is_masked);
    let guess = |pos| {
        let logits = trace.logits(pos)?;
        let candidates = candidates_of(model, logits, &[], &Sampling::default(), n);
        Some(Masked { pos, candidates })
    };
    places.filter_map(guess).collect()
}
