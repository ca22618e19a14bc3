//! The text as the tokenizer takes it apart: its words, and which word each token belongs to.

use crate::math::bpe::Ladder;
use crate::model::{Checkpoint, Word};
use crate::text::tr;
use crate::trace::{Part, Shape, Token, Trace};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// A recording and the words of its text.
#[derive(Debug)]
pub struct Reading {
    /// The recording.
    pub trace: Arc<Trace>,
    /// The model that cuts the words.
    model: Arc<Checkpoint>,
    /// The words of the whole text, with what was left out.
    pub words: Vec<Word>,
    /// For each token the word it belongs to, and which of the word's tokens it is.
    pub places: Vec<Option<(usize, usize)>>,
    /// The pieces of the text that is read, cut into words, tokens and characters.
    pub cuts: [Cut; 3],
}

/// How many pieces a way of cutting makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// All of them.
    pub pieces: usize,
    /// Without repetitions.
    pub different: usize,
}

/// The way from bytes to some tokens of one word.
pub struct Steps {
    /// The merges.
    pub ladder: Ladder,
    /// Which of the word's tokens they lead to.
    pub part: Range<usize>,
    /// How many tokens the word has.
    pub n_tokens: usize,
    /// The chosen token among those of the ladder.
    pub chosen: usize,
    /// The characters the symbols are bytes of; empty when every symbol is a character.
    pub chars: Vec<Part>,
}

impl Reading {
    /// Cuts the text of a recording into words. Reads the tokenizer's list of merges, too, the
    /// first time it is needed.
    pub fn new(model: Arc<Checkpoint>, trace: Arc<Trace>) -> Self {
        model.tokenizer.method();
        // A text the model has read is not refused here; without words, tokens are shown alone.
        let words = model.tokenizer.words(&trace.text).unwrap_or_default();
        let from_end = trace.model.shape == Shape::Decoder;
        let places = places(&trace.tokens, &words, from_end);
        let cuts = cuts(&trace, &words, &places);
        Self { trace, model, words, places, cuts }
    }

    /// The word a token belongs to.
    pub fn word(&self, pos: usize) -> Option<&Word> {
        let (word, _) = self.places.get(pos).copied().flatten()?;
        self.words.get(word)
    }

    /// A stretch of the text with everything invisible made visible.
    pub fn text(&self, span: &Range<usize>) -> String {
        let text = self.trace.text.get(span.clone()).unwrap_or_default();
        text.chars().map(crate::trace::visible).collect()
    }

    /// The merges that made a token and as many of its neighbours in the word as fit.
    ///
    /// # Errors
    /// When it was not made by merges; the text says why.
    pub fn steps(&self, pos: usize, most_symbols: usize) -> Result<Steps, String> {
        let Some((word, chosen)) = self.places.get(pos).copied().flatten() else {
            let why =
                tr("This token is not cut from the text: the tokenizer adds it, or the recording \
                 comes from another model.");
            return Err(why.to_owned());
        };
        let word = self.words.get(word).ok_or_else(String::new)?;
        let sizes: Vec<usize> = (0..word.tokens.len()).map(|at| word.n_symbols(at)).collect();
        let part = neighbours(&sizes, chosen, most_symbols);
        let ladder = self.model.tokenizer.ladder(word, part.clone())?;
        let at = chosen - part.start;
        // The start of a word may have been left out with the start of the text.
        let chars =
            pos.checked_sub(at).map(|first| self.chars(first, part.len(), ladder.start.len()));
        Ok(Steps {
            ladder,
            chosen: at,
            chars: chars.unwrap_or_default(),
            part,
            n_tokens: word.tokens.len(),
        })
    }

    /// The characters of `n` tokens from `first`, if their symbols are bytes of characters.
    fn chars(&self, first: usize, n: usize, n_symbols: usize) -> Vec<Part> {
        let tokens = self.trace.tokens.get(first..first + n).unwrap_or_default();
        let (Some(from), Some(to)) = (tokens.first(), tokens.last()) else {
            return Vec::new();
        };
        let parts = Part::of_span(&self.trace.text, &(from.span.start..to.span.end));
        let n_bytes: usize = parts.iter().map(|part| part.end - part.first).sum();
        if n_bytes == n_symbols && n_bytes > parts.len() { parts } else { Vec::new() }
    }

    /// A token of the vocabulary.
    pub fn entry(&self, id: u32) -> Token {
        self.model.tokenizer.token(id)
    }
}

/// Finds the tokens that were read among those of the words: from the end of the text where the
/// beginning may have been left out, else from the beginning. A token that is not what the words have there, as
/// with a recording of another model, belongs to none.
fn places(tokens: &[Token], words: &[Word], from_end: bool) -> Vec<Option<(usize, usize)>> {
    let all = words.iter().enumerate().flat_map(|(w, word)| {
        word.tokens.iter().enumerate().map(move |(at, &(id, _))| (id, (w, at)))
    });
    let mut all: Vec<(u32, (usize, usize))> = all.collect();
    // Tokens without a place in the text were added by the tokenizer.
    let is_cut = |token: &&Token| !token.span.is_empty();
    let n_read = tokens.iter().filter(is_cut).count();
    if from_end {
        all.drain(..all.len().saturating_sub(n_read));
    }
    let mut cut = all.into_iter();
    let place = |token: &Token| {
        let (id, place) = is_cut(&token).then(|| cut.next()).flatten()?;
        (id == token.id).then_some(place)
    };
    tokens.iter().map(place).collect()
}

/// Counts words, tokens and characters of the text that is read.
fn cuts(trace: &Trace, words: &[Word], places: &[Option<(usize, usize)>]) -> [Cut; 3] {
    fn cut<T: Ord>(pieces: impl Iterator<Item = T>) -> Cut {
        let mut n = 0;
        let different: BTreeSet<T> = pieces.inspect(|_| n += 1).collect();
        Cut { pieces: n, different: different.len() }
    }
    let seen: BTreeSet<usize> = places.iter().flatten().map(|&(word, _)| word).collect();
    let word = |&word: &usize| trace.text.get(words.get(word)?.span.clone());
    let Range { start, end } = trace.left_out();
    let [start, end] = [start, end].map(|at| trace.text.floor_char_boundary(at));
    let read = [&trace.text[..start], &trace.text[end..]];
    [
        cut(seen.iter().filter_map(word)),
        cut(trace.tokens.iter().map(|token| token.id)),
        cut(read.iter().flat_map(|part| part.chars())),
    ]
}

/// The chosen piece and as many neighbours as make up no more than `most` together.
fn neighbours(sizes: &[usize], chosen: usize, most: usize) -> Range<usize> {
    let (mut start, mut end) = (chosen, (chosen + 1).min(sizes.len()));
    let mut total: usize = sizes.get(start..end).unwrap_or_default().iter().sum();
    loop {
        let fits = |size: Option<&usize>| size.filter(|&size| total + size <= most).copied();
        let left = start.checked_sub(1).and_then(|at| fits(sizes.get(at)));
        if let Some(size) = left {
            (start, total) = (start - 1, total + size);
        } else if let Some(size) = fits(sizes.get(end)) {
            (end, total) = (end + 1, total + size);
        } else {
            return start..end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    fn reading(text: &str) -> Reading {
        let model = Arc::new(Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap());
        let trace = Arc::new(model.trace(text).unwrap());
        Reading::new(model, trace)
    }

    #[test]
    fn tokens_know_their_words() {
        let reading = reading("the cat hatched the cat");
        let words: Vec<String> = (0..reading.trace.tokens.len())
            .map(|pos| reading.text(&reading.word(pos).unwrap().span))
            .collect();
        assert_eq!(words, ["the", "·cat", "·hatched", "·hatched", "·the", "·cat"]);
        // "the" and " the" are two words to the tokenizer, " cat" is one.
        let [words, tokens, characters] = reading.cuts;
        assert_eq!((words.pieces, words.different), (5, 4));
        assert_eq!((tokens.pieces, tokens.different), (6, 5));
        // t, h, e, space, c, a, d
        assert_eq!((characters.pieces, characters.different), (23, 7));
    }

    #[test]
    fn what_was_left_out_is_not_counted() {
        let text = "cat ".repeat(700);
        let reading = reading(&text);
        assert!(reading.trace.dropped > 0);
        assert!(reading.places.iter().all(Option::is_some));
        assert!(reading.cuts[2].pieces < text.len());
        assert_eq!(reading.cuts[1].pieces, reading.trace.model.n_ctx);
    }

    #[test]
    fn steps_lead_to_the_token() {
        let text = "The cat chased 注意力 <|endoftext|>";
        let reading = reading(text);
        for (pos, token) in reading.trace.tokens.iter().enumerate() {
            let steps = reading.steps(pos, 8);
            if token.special {
                assert!(steps.is_err());
                continue;
            }
            let steps = steps.unwrap();
            assert_eq!(steps.ladder.tokens()[steps.chosen].id, token.id);
            assert_eq!(steps.ladder.tokens().len(), steps.part.len());
            let is_bytes = token.bytes.iter().any(|byte| !byte.is_ascii());
            assert!(!is_bytes || !steps.chars.is_empty());
        }
        assert!(reading.steps(1_000, 8).is_err());
    }

    #[test]
    fn neighbours_fill_the_room() {
        assert_eq!(neighbours(&[3, 2, 4], 1, 9), 0..3);
        assert_eq!(neighbours(&[3, 2, 4], 1, 5), 0..2);
        assert_eq!(neighbours(&[3, 2, 4], 1, 1), 1..2);
        assert_eq!(neighbours(&[9, 2, 4], 1, 6), 1..3);
        assert_eq!(neighbours(&[], 0, 6), 0..0);
    }
}
