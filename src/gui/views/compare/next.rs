//! Two distributions of the next token on one axis.

use crate::math::sampling::{js_bits, softmax, top};
use crate::model::Checkpoint;
use crate::trace::{Token, Trace};
use std::collections::HashMap;

/// How many tokens are listed.
const LISTED: usize = 40;

/// What may follow, according to either side.
#[derive(Debug, Default)]
pub(super) struct Next {
    /// The tokens most probable on either side, best first, with both probabilities.
    pub rows: Vec<(String, [f32; 2])>,
    /// Jensen-Shannon divergence of the two, in bits.
    pub js_bits: f32,
    /// The most probable token of each side.
    pub best: [Option<(String, f32)>; 2],
    /// Do both sides choose from the same tokens? Otherwise tokens of the same text are one.
    pub is_one_vocabulary: bool,
}

impl Next {
    /// The models' own probabilities after two recordings.
    pub fn of_models(models: [&Checkpoint; 2], traces: [&Trace; 2]) -> Self {
        let probs = traces.map(|trace| trace.next_logits().map(softmax).unwrap_or_default());
        if std::ptr::eq(models[0], models[1]) {
            return Self::new(models[0], [&probs[0], &probs[1]]);
        }
        Self::of_vocabularies(models, [&probs[0], &probs[1]])
    }

    /// Two distributions, `[vocab]`, over the tokens of one model.
    pub fn new(model: &Checkpoint, probs: [&[f32]; 2]) -> Self {
        let label = |id: usize| model.tokenizer.token(id as u32).label();
        Self::listed(probs, true, label)
    }

    /// Over the tokens of two models: those of the same bytes are the same.
    fn of_vocabularies(models: [&Checkpoint; 2], probs: [&[f32]; 2]) -> Self {
        let mut index = HashMap::new();
        let mut tokens: Vec<Token> = Vec::new();
        let mut both = [Vec::new(), Vec::new()];
        let mut is_one = probs[0].len() == probs[1].len();
        for (side, (model, probs)) in models.into_iter().zip(probs).enumerate() {
            for (id, &prob) in (0..).zip(probs) {
                let token = model.tokenizer.token(id);
                let place = *index.entry(token.bytes.clone()).or_insert(tokens.len());
                is_one &= side == 0 || place == id as usize;
                if place == tokens.len() {
                    tokens.push(token);
                    for column in &mut both {
                        column.push(0.0);
                    }
                }
                both[side][place] += prob;
            }
        }
        let label = |place: usize| tokens.get(place).map(Token::label).unwrap_or_default();
        Self::listed([&both[0], &both[1]], is_one, label)
    }

    fn listed(
        probs: [&[f32]; 2],
        is_one_vocabulary: bool,
        label: impl Fn(usize) -> String,
    ) -> Self {
        let larger = probs[0].iter().zip(probs[1]).map(|(a, b)| a.max(*b));
        let larger: Vec<f32> = larger.collect();
        let row = |id: usize| (label(id), [probs[0][id], probs[1][id]]);
        let best = |probs: &[f32]| top(probs, 1).first().map(|&id| (label(id), probs[id]));
        Self {
            rows: top(&larger, LISTED).into_iter().map(row).collect(),
            js_bits: js_bits(probs[0], probs[1]),
            best: probs.map(best),
            is_one_vocabulary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    #[test]
    fn tokens_of_two_vocabularies_meet_by_their_text() {
        let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny");
        let open = |name: &str| Checkpoint::open(name, DeviceKind::default()).unwrap();
        let models = [open(BUNDLED[0].name), open(tiny)];
        let id = |model: &Checkpoint, text: &str| model.tokenizer.encode(text).unwrap()[0].id;
        let sure = |model: &Checkpoint, text: &str| {
            let mut probs = vec![0.0; model.info.vocab_size];
            probs[id(model, text) as usize] = 1.0;
            probs
        };
        let compare = |texts: [&str; 2]| {
            let probs = [0, 1].map(|i| sure(&models[i], texts[i]));
            Next::of_vocabularies([&models[0], &models[1]], [&probs[0], &probs[1]])
        };
        let same = compare(["a", "a"]);
        assert!(same.js_bits.abs() < 1e-6 && !same.is_one_vocabulary);
        assert_eq!(same.rows[0].1, [1.0, 1.0]);
        assert!((compare(["a", "b"]).js_bits - 1.0).abs() < 1e-6);
        let twice = [sure(&models[0], "a"), sure(&models[0], "a")];
        let alike = Next::of_vocabularies([&models[0]; 2], [&twice[0], &twice[1]]);
        assert!(alike.js_bits.abs() < 1e-6);
    }
}
