//! Translations by beam search.

use super::Reader;
use crate::math::beam::{BeamSettings, Finished, beam_search};
use crate::math::sampling::log_softmax;
use crate::model::{Checkpoint, Search};
use crate::problem::{Problem, Result};
use std::convert::Infallible;

/// Translates a text, following `search.num_beams` translations at once: the finished ones, best first,
/// without the start token.
///
/// # Errors
/// When the model is no translator, or the text is empty or holds a token the model does not know.
pub fn translate(model: &Checkpoint, source: &str, search: &Search) -> Result<Vec<Finished>> {
    let (Some(start), Some(memory)) = (model.start_token(), model.memory(source)?) else {
        let why = format!("{} is no translator", model.info.name);
        return Err(Problem::new("This model does not translate", why));
    };
    let max_tokens = search.max_length.saturating_sub(1).min(model.info.n_ctx);
    let settings = BeamSettings {
        length_penalty: search.length_penalty as f32,
        early_stopping: search.early_stopping,
        ..BeamSettings::new(search.num_beams, max_tokens, model.network.ends())
    };
    let read = |reader: &mut Reader, written: &[u32]| {
        let context = [&[start.id], written].concat();
        let logits = reader.next_logits(&model.network, &context);
        let mut log_probs = log_softmax(&logits);
        search.apply(&mut log_probs, &context);
        if search.renormalize_logits {
            log_probs = log_softmax(&log_probs);
        }
        Ok::<_, Infallible>(log_probs)
    };
    let Ok(finished) = beam_search(settings, Reader::after(Some(memory)), read);
    Ok(finished)
}
