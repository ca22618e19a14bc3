//! What the heads of a recording are judged by.

use crate::math::heads::{HeadScorer, Sight};
use crate::trace::Trace;

/// Scores the heads of this recording.
pub fn scorer(trace: &Trace) -> HeadScorer {
    let ids: Vec<u32> = trace.tokens.iter().map(|token| token.id).collect();
    HeadScorer::new(&ids, sight(trace))
}

/// Where its tokens may look.
pub fn sight(trace: &Trace) -> Sight {
    if trace.is_cross() {
        Sight::Across(trace.key_tokens().len())
    } else if trace.is_causal() {
        Sight::Back
    } else {
        Sight::Everywhere
    }
}
