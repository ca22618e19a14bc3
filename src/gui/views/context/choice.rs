//! Which paths are drawn before anyone chooses.

use super::paths::Mark;
use super::words::{find_word, word_at, word_text};
use crate::trace::Trace;
use std::sync::Arc;

/// Paths chosen besides that of the token in question.
const OTHERS: usize = 4;

/// The tokens whose paths are drawn unless others are chosen, the one in question first: what the
/// selection points at, and the same word elsewhere, in the other sentence if it is there.
pub fn default_marks(traces: &[Arc<Trace>], query: Option<usize>, key: Option<usize>) -> Vec<Mark> {
    let Some(last) = traces.first().and_then(|text| text.tokens.len().checked_sub(1)) else {
        return Vec::new();
    };
    let pos = query.unwrap_or_else(|| telling_token(traces)).min(last);
    let key = key.map(|pos| Mark { sentence: 0, pos });
    let mut others: Vec<Mark> = same_word(traces, pos);
    others.truncate(OTHERS);
    let mut marks = vec![Mark { sentence: 0, pos }];
    for mark in key.into_iter().chain(others) {
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    marks
}

/// Where else the word at a position of the text is said: in the other sentence, or else in the text.
fn same_word(traces: &[Arc<Trace>], pos: usize) -> Vec<Mark> {
    let Some(text) = traces.first() else {
        return Vec::new();
    };
    let word = word_at(&text.tokens, pos);
    let says = word_text(&text.tokens, word.clone());
    let said_in = |sentence: usize| {
        let trace = traces.get(sentence);
        let found = trace.map(|trace| find_word(&trace.tokens, &says));
        let mark = move |pos| Mark { sentence, pos };
        found.unwrap_or_default().into_iter().map(mark)
    };
    let there: Vec<Mark> = said_in(1).collect();
    if there.is_empty() {
        said_in(0).filter(|mark| !word.contains(&mark.pos)).collect()
    } else {
        there
    }
}

/// The token to begin with when none is selected: the last of a word that is also said elsewhere,
/// or else the last of any word.
fn telling_token(traces: &[Arc<Trace>]) -> usize {
    let Some(text) = traces.first() else { return 0 };
    let is_word = |pos: &usize| {
        let said = word_text(&text.tokens, word_at(&text.tokens, *pos));
        said.chars().any(char::is_alphanumeric)
    };
    let words = || (0..text.tokens.len()).rev().filter(is_word);
    let in_other = |mark: &Mark| mark.sentence == 1;
    words()
        .find(|&pos| same_word(traces, pos).iter().any(in_other))
        .or_else(|| words().find(|&pos| !same_word(traces, pos).is_empty()))
        .or_else(|| words().next())
        .unwrap_or(text.tokens.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    fn traces() -> Vec<Arc<Trace>> {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let texts = super::super::PRESET;
        texts.map(|text| Arc::new(model.trace(text).unwrap())).into()
    }

    #[test]
    fn the_same_word_is_chosen_in_both_sentences() {
        let traces = traces();
        let marks = default_marks(&traces, None, None);
        let said: Vec<String> = marks
            .iter()
            .map(|mark| {
                let tokens = &traces[mark.sentence].tokens;
                word_text(tokens, word_at(tokens, mark.pos))
            })
            .collect();
        assert_eq!(said, ["apple", "apple"]);
        assert_eq!((marks[0].sentence, marks[1].sentence), (0, 1));
        let alone = default_marks(&traces[1..], Some(0), None);
        assert_eq!(alone, [Mark { sentence: 0, pos: 0 }]);
        assert!(default_marks(&[], None, None).is_empty());
    }

    #[test]
    fn the_selection_comes_first() {
        let traces = traces();
        let marks = default_marks(&traces, Some(1), Some(2));
        let text = |pos| Mark { sentence: 0, pos };
        assert_eq!(marks, [text(1), text(2)]);
        // "an" is said twice in the text and not in the other sentence.
        assert_eq!(default_marks(&traces, Some(3), None), [text(3), text(6)]);
        assert_eq!(default_marks(&traces[..1], None, None)[0], text(6));
    }
}
