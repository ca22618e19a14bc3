//! The proof of a word: why a token has the score it has, as a sum that can be checked.

use super::must_predict_next;
use crate::math::sampling::top;
use crate::model::{Attribution, Checkpoint};
use crate::problem::{Problem, Result};
use crate::trace::{Token, Trace};

/// The score of a token after a text, or its lead over another, with the parts that add up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The token asked about.
    pub token: Token,
    /// The token whose score is subtracted.
    pub against: Option<Token>,
    /// The model's own score of the token, less that of the other one.
    pub logit: f32,
    /// The parts.
    pub attribution: Attribution,
}

const TAKING_APART: &str = "Could not take the score apart";

/// Takes the score of `token` after a recorded text apart, by default of the most probable one.
///
/// # Errors
/// When the model does not say what comes next, does not know a token, or has norms after each block,
/// so that its score is no sum of parts.
pub fn prove(
    model: &Checkpoint,
    trace: &Trace,
    token: Option<u32>,
    against: Option<u32>,
) -> Result<Proof> {
    must_predict_next(model)?;
    let logits = trace.next_logits().unwrap_or_default();
    let known = |id: u32| {
        logits.get(id as usize).copied().ok_or_else(|| {
            let why = format!("token {id} exceeds the model's vocabulary of {}", logits.len());
            Problem::new(TAKING_APART, why).cure("`headlight tokenize` shows the ids of a text")
        })
    };
    let token = token.unwrap_or_else(|| top(logits, 1).first().map_or(0, |&id| id as u32));
    let logit = known(token)? - against.map_or(Ok(0.0), known)?;
    let pos = trace.tokens.len().saturating_sub(1);
    let other = against.map(|id| id as usize);
    let attribution = model.network.attribute(trace, pos, token as usize, other);
    let attribution = attribution.ok_or_else(|| {
        let why = format!(
            "{} has a norm after each of its parts, so its scores are no sums of what the parts add",
            model.info.name
        );
        Problem::new(TAKING_APART, why)
            .cure("Models of the GPT-2 and Llama families can be taken apart")
    })?;
    let token = model.tokenizer.token(token);
    let against = against.map(|id| model.tokenizer.token(id));
    Ok(Proof { token, against, logit, attribution })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind, TRANSLATOR};

    #[test]
    fn the_parts_add_up_and_bad_questions_are_refused() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let text = "When Mary and John went to the store, John gave a drink to";
        let trace = model.trace(text).unwrap();
        let proof = prove(&model, &trace, None, None).unwrap();
        assert_eq!(proof.token.text, " Mary");
        assert!((proof.attribution.total() - proof.logit).abs() < 1e-4);
        let john = model.encode(" John").unwrap().last().unwrap().id;
        let lead = prove(&model, &trace, Some(proof.token.id), Some(john)).unwrap();
        assert!((lead.attribution.total() - lead.logit).abs() < 1e-4 && lead.logit > 0.0);
        let why = prove(&model, &trace, Some(1 << 20), None).unwrap_err().why;
        assert!(why.contains("exceeds the model's vocabulary"), "{why}");
        let translator = Checkpoint::bundled(&TRANSLATOR, DeviceKind::default()).unwrap();
        let trace = translator.trace("I love cats").unwrap();
        let why = prove(&translator, &trace, None, None).unwrap_err().why;
        assert!(why.contains("no sums"), "{why}");
    }
}
