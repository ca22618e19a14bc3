//! Two recordings of one model, aligned, and what differs between them.

use crate::math::align::{Column, align};
use crate::math::sampling::{js_bits, softmax, top};
use crate::math::vector::cosine;
use crate::trace::{BlockHook, Hook, Token, Trace};
use std::sync::Arc;

/// How many tokens are listed as the next one.
pub(super) const LISTED: usize = 40;

/// The difference of two attention patterns, `[query, key]` over the tokens that have a partner.
#[derive(Debug)]
pub(super) struct Difference {
    /// Positions in the first and in the second text.
    pub pairs: Vec<(usize, usize)>,
    /// Second minus first, row-major.
    pub values: Vec<f32>,
}

/// Two texts, read by the same model.
#[derive(Debug)]
pub(super) struct Both {
    pub first: Arc<Trace>,
    pub second: Arc<Trace>,
    /// Which tokens stand beside each other.
    pub columns: Vec<Column>,
    /// The next token's probabilities after each text, `[vocab]`.
    pub probs: [Vec<f32>; 2],
    /// Jensen-Shannon divergence of the two, in bits.
    pub js_bits: f32,
    /// The tokens most probable after either text, best first.
    pub ranked: Vec<usize>,
}

impl Both {
    pub fn new(first: Arc<Trace>, second: Arc<Trace>) -> Self {
        let columns = align(&words(&first), &words(&second));
        let probs =
            [&first, &second].map(|trace| trace.next_logits().map(softmax).unwrap_or_default());
        let larger: Vec<f32> = probs[0]
            .iter()
            .zip(&probs[1])
            .map(|(a, b)| a.max(*b))
            .collect();
        Self {
            columns,
            js_bits: js_bits(&probs[0], &probs[1]),
            ranked: top(&larger, LISTED),
            probs,
            first,
            second,
        }
    }

    /// The token of the second text that stands beside one of the first.
    pub fn partner(&self, first: usize) -> Option<usize> {
        let column = self
            .columns
            .iter()
            .find(|column| column.first == Some(first))?;
        column.second
    }

    /// A pair of tokens as it can be shown: once if they are the same.
    pub fn label(&self, (a, b): (usize, usize)) -> String {
        let label =
            |trace: &Trace, pos: usize| trace.tokens.get(pos).map(Token::label).unwrap_or_default();
        let (a, b) = (label(&self.first, a), label(&self.second, b));
        if a == b { a } else { format!("{a}/{b}") }
    }

    /// Is what stands in a column the same token in both texts?
    pub fn is_same(&self, column: Column) -> bool {
        column.both().is_some_and(|(a, b)| {
            let ids = (self.first.tokens.get(a), self.second.tokens.get(b));
            ids.0.map(|t| t.id) == ids.1.map(|t| t.id)
        })
    }

    /// How many columns do not hold the same token twice.
    pub fn n_different(&self) -> usize {
        self.columns
            .iter()
            .filter(|&&column| !self.is_same(column))
            .count()
    }

    /// How alike the two residual streams are at a pair of tokens: their cosine as they enter the
    /// first block and as they leave each. `None` when the recordings lack the stream.
    pub fn cosines(&self, (a, b): (usize, usize)) -> Option<Vec<f32>> {
        let entering = std::iter::once(Hook::Block(0, BlockHook::ResidPre));
        let model = &self.first.model;
        let leaving = (0..model.n_layers).map(|layer| Hook::Block(layer, model.leaving()));
        let cosine_at = |hook| {
            let streams = (
                self.first.get(hook)?.at(&[a])?,
                self.second.get(hook)?.at(&[b])?,
            );
            Some(cosine(streams.0, streams.1))
        };
        entering.chain(leaving).map(cosine_at).collect()
    }

    /// Where a head looks in the second text and not in the first.
    pub fn attention_difference(&self, layer: usize, head: usize) -> Option<Difference> {
        let pairs: Vec<_> = self
            .columns
            .iter()
            .filter_map(|column| column.both())
            .collect();
        let (first, second) = (
            self.first.pattern(layer, head)?,
            self.second.pattern(layer, head)?,
        );
        let mut values = Vec::with_capacity(pairs.len() * pairs.len());
        for query in &pairs {
            let (before, after) = (first.row(query.0), second.row(query.1));
            let weight = |row: &[f32], key: usize| row.get(key).copied().unwrap_or(f32::NAN);
            let changes = pairs
                .iter()
                .map(|key| weight(after, key.1) - weight(before, key.0));
            values.extend(changes);
        }
        Some(Difference { pairs, values })
    }
}

/// What tokens are aligned by: their bytes, without the space before them, as a word at the start of
/// a text has none.
fn words(trace: &Trace) -> Vec<&[u8]> {
    trace.tokens.iter().map(word).collect()
}

fn word(token: &Token) -> &[u8] {
    match token.bytes.trim_ascii() {
        [] => &token.bytes,
        word => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    fn both(first: &str, second: &str) -> Both {
        let model = Checkpoint::bundled(&BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = |text| Arc::new(model.trace(text).unwrap());
        Both::new(trace(first), trace(second))
    }

    #[test]
    fn a_text_does_not_differ_from_itself() {
        let both = both("The cat sat", "The cat sat");
        assert_eq!(both.n_different(), 0);
        assert!(both.js_bits.abs() < 1e-6);
        let Difference { pairs, values } = both.attention_difference(1, 2).unwrap();
        assert_eq!(values.len(), pairs.len() * pairs.len());
        assert!(values.iter().all(|&d| d == 0.0));
        let cosines = both.cosines((2, 2)).unwrap();
        assert!(cosines.iter().all(|c| (c - 1.0).abs() < 1e-5));
    }

    #[test]
    fn what_comes_before_a_change_is_not_touched_by_it() {
        let both = both("The dog and the little cat", "The dog and the little dog");
        assert_eq!(both.n_different(), 1);
        let cosines = both.cosines((3, 3)).unwrap();
        assert!(cosines.iter().all(|c| (c - 1.0).abs() < 1e-5));
        assert!(both.js_bits > 0.0 && both.js_bits <= 1.0);
        let Difference { pairs, values } = both.attention_difference(0, 0).unwrap();
        let n = pairs.len();
        assert!(values[..(n - 1) * n].iter().all(|d| d.abs() < 1e-5));
        let first = both.first.pattern(0, 0).unwrap().get(5, 1).unwrap();
        let second = both.second.pattern(0, 0).unwrap().get(5, 1).unwrap();
        assert!((values[5 * n + 1] - (second - first)).abs() < 1e-6);
    }
}
