//! Beam search with a model of this program.

use super::Reader;
use crate::math::beam::{BeamSettings, Finished, beam_search};
use crate::math::sampling::{Sampling, log_softmax};
use crate::model::Checkpoint;
use crate::problem::Result;
use std::convert::Infallible;

/// The log-probabilities that beam search adds up, `[vocab]`: of the settings, it heeds the repetition
/// penalty alone, and applies it, as transformers does, to the log-probabilities.
pub fn log_probs(logits: &[f32], sampling: &Sampling, context: &[u32]) -> Vec<f32> {
    sampling.penalise(&log_softmax(logits), context)
}

/// Writes on after a text with beam search: the finished continuations, best first. Each text keeps
/// the keys and values of what it read, so that a step costs one position per text. Beyond the
/// context the oldest tokens are dropped, as in [`Generation`](super::Generation).
///
/// # Errors
/// When the text is empty or holds a token the model does not know.
pub fn write_beams(
    model: &Checkpoint,
    text: &str,
    sampling: &Sampling,
    settings: BeamSettings,
) -> Result<Vec<Finished>> {
    let (prompt, _) = model.prompt(text)?;
    let prompt: Vec<u32> = prompt.iter().map(|token| token.id).collect();
    let read = |reader: &mut Reader, written: &[u32]| {
        let mut context = [&prompt[..], written].concat();
        context.drain(..context.len().saturating_sub(model.info.n_ctx));
        let logits = reader.next_logits(&model.network, &context);
        Ok::<_, Infallible>(log_probs(&logits, sampling, &context))
    };
    let Ok(finished) = beam_search(settings, Reader::default(), read);
    Ok(finished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};
    use crate::session::Generation;

    #[test]
    fn one_beam_writes_the_greedy_text() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let text = "The cat sat on the";
        let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
        let written = Generation::new(&model, text, greedy.clone(), 0).unwrap();
        let written: Vec<u32> = written.take(8).map(|token| token.id).collect();
        let settings = BeamSettings::new(1, 8, model.network.ends());
        let beams = write_beams(&model, text, &greedy, settings).unwrap();
        assert_eq!(beams[0].tokens, written);
    }
}
