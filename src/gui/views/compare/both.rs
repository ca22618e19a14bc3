//! Two recordings, aligned, and what differs between them.

use super::next::Next;
use crate::math::align::{Column, align};
use crate::math::vector::cosine;
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Hook, Token, Trace};
use std::sync::Arc;

/// The difference of two attention patterns, `[query, key]` over the tokens that have a partner.
#[derive(Debug)]
pub(super) struct Difference {
    /// Positions in the first and in the second text.
    pub pairs: Vec<(usize, usize)>,
    /// Second minus first, row-major.
    pub values: Vec<f32>,
}

/// Two recordings side by side.
#[derive(Debug)]
pub(super) struct Both {
    pub first: Arc<Trace>,
    pub second: Arc<Trace>,
    /// Which tokens stand beside each other.
    pub columns: Vec<Column>,
    /// What may follow.
    pub next: Next,
}

impl Both {
    pub fn new(first: Arc<Trace>, second: Arc<Trace>, next: Next) -> Self {
        Self { columns: align(&words(&first), &words(&second)), next, first, second }
    }

    /// The token of the second text that stands beside one of the first.
    pub fn partner(&self, first: usize) -> Option<usize> {
        let column = self.columns.iter().find(|column| column.first == Some(first))?;
        column.second
    }

    /// A pair of tokens as it can be shown: once if they are the same.
    pub fn label(&self, (a, b): (usize, usize)) -> String {
        let label =
            |trace: &Trace, pos: usize| trace.tokens.get(pos).map(Token::label).unwrap_or_default();
        let (a, b) = (label(&self.first, a), label(&self.second, b));
        if a == b { a } else { format!("{a}/{b}") }
    }

    /// Is what stands in a column the same token in both texts? Two models may number it differently.
    pub fn is_same(&self, column: Column) -> bool {
        column.both().is_some_and(|(a, b)| {
            let tokens = (self.first.tokens.get(a), self.second.tokens.get(b));
            tokens.0.map(|t| &t.bytes) == tokens.1.map(|t| &t.bytes)
        })
    }

    /// How many columns do not hold the same token twice.
    pub fn n_different(&self) -> usize {
        self.columns.iter().filter(|&&column| !self.is_same(column)).count()
    }

    /// How alike the two residual streams are at a pair of tokens: their cosine as they enter the
    /// first block and as they leave each.
    ///
    /// # Errors
    /// Why there is none, to be shown: the recordings lack the stream, or the models differ in size.
    pub fn cosines(&self, (a, b): (usize, usize)) -> Result<Vec<f32>, String> {
        let sizes = [&self.first, &self.second].map(|t| (t.model.d_model, t.model.n_layers));
        if sizes[0].0 != sizes[1].0 {
            let [(first, _), (second, _)] = sizes;
            return Err(trf(
                "A stream of {0} numbers and one of {1} have no angle between them.",
                &[&first, &second],
            ));
        }
        if sizes[0].1 != sizes[1].1 {
            let [(_, first), (_, second)] = sizes;
            return Err(trf(
                "One model has {0} layers and the other {1}: no layer of one stands beside one of the other.",
                &[&first, &second],
            ));
        }
        let entering = std::iter::once(Hook::Block(0, BlockHook::ResidPre));
        let model = &self.first.model;
        let leaving = (0..model.n_layers).map(|layer| Hook::Block(layer, model.leaving()));
        let cosine_at = |hook| {
            let streams = (self.first.get(hook)?.at(&[a])?, self.second.get(hook)?.at(&[b])?);
            Some(cosine(streams.0, streams.1))
        };
        let cosines: Option<_> = entering.chain(leaving).map(cosine_at).collect();
        cosines.ok_or_else(|| tr("This recording holds no residual stream").to_owned())
    }

    /// Where a head looks in the second recording and not in the first.
    ///
    /// # Errors
    /// Why there is nothing to see, to be shown: one of the two lacks the head.
    pub fn attention_difference(&self, layer: usize, head: usize) -> Result<Difference, String> {
        let pairs: Vec<_> = self.columns.iter().filter_map(|column| column.both()).collect();
        let patterns = [&self.first, &self.second].map(|trace| trace.pattern(layer, head));
        let [Some(first), Some(second)] = patterns else {
            let (a, b) = (&self.first.model, &self.second.model);
            return Err(trf(
                "Head {0}.{1} is not in both: one model has {2} layers of {3} heads, the other {4} layers of {5} heads. Choose a head that both have.",
                &[&layer, &head, &a.n_layers, &a.n_heads, &b.n_layers, &b.n_heads],
            ));
        };
        let mut values = Vec::with_capacity(pairs.len() * pairs.len());
        for query in &pairs {
            let (before, after) = (first.row(query.0), second.row(query.1));
            let weight = |row: &[f32], key: usize| row.get(key).copied().unwrap_or(f32::NAN);
            let changes = pairs.iter().map(|key| weight(after, key.1) - weight(before, key.0));
            values.extend(changes);
        }
        Ok(Difference { pairs, values })
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

    fn open(name: &str) -> Checkpoint {
        Checkpoint::open(name, DeviceKind::default()).unwrap()
    }

    fn both(models: [&Checkpoint; 2], texts: [&str; 2]) -> Both {
        let [first, second] = [0, 1].map(|i| Arc::new(models[i].trace(texts[i]).unwrap()));
        let next = Next::of_models(models, [&first, &second]);
        Both::new(first, second, next)
    }

    #[test]
    fn a_text_does_not_differ_from_itself() {
        let model = open(BUNDLED[0].name);
        let both = both([&model; 2], ["The cat sat"; 2]);
        assert_eq!(both.n_different(), 0);
        assert!(both.next.js_bits.abs() < 1e-6);
        let Difference { pairs, values } = both.attention_difference(1, 2).unwrap();
        assert_eq!(values.len(), pairs.len() * pairs.len());
        assert!(values.iter().all(|&d| d == 0.0));
        let cosines = both.cosines((2, 2)).unwrap();
        assert!(cosines.iter().all(|c| (c - 1.0).abs() < 1e-5));
    }

    #[test]
    fn what_comes_before_a_change_is_not_touched_by_it() {
        let model = open(BUNDLED[0].name);
        let texts = ["The dog and the little cat", "The dog and the little dog"];
        let both = both([&model; 2], texts);
        assert_eq!(both.n_different(), 1);
        let cosines = both.cosines((3, 3)).unwrap();
        assert!(cosines.iter().all(|c| (c - 1.0).abs() < 1e-5));
        assert!(both.next.js_bits > 0.0 && both.next.js_bits <= 1.0);
        let Difference { pairs, values } = both.attention_difference(0, 0).unwrap();
        let n = pairs.len();
        assert!(values[..(n - 1) * n].iter().all(|d| d.abs() < 1e-5));
        let first = both.first.pattern(0, 0).unwrap().get(5, 1).unwrap();
        let second = both.second.pattern(0, 0).unwrap().get(5, 1).unwrap();
        assert!((values[5 * n + 1] - (second - first)).abs() < 1e-6);
    }

    #[test]
    fn models_of_other_sizes_say_what_cannot_be_compared() {
        let tiny = open(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny"));
        let both = both([&open(BUNDLED[0].name), &tiny], ["The cat sat"; 2]);
        assert!(both.cosines((0, 0)).unwrap_err().contains("384 numbers and one of 24"));
        assert!(both.attention_difference(5, 5).unwrap_err().contains("3 layers of 3 heads"));
        assert!(both.attention_difference(1, 1).is_ok());
        assert!((0.0..=1.0).contains(&both.next.js_bits));
    }
}
