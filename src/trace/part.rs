//! What a token holds of the characters of the text. Byte-level tokenizers cut rare characters into
//! bytes: then a token is not a letter but, say, byte 2 of the 3 bytes of 注.

use super::token::visible_alone;
use std::ops::Range;

/// A character of the text, or some of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The character.
    pub of: char,
    /// The first of its bytes in the token, counted from 0.
    pub first: usize,
    /// One more than the last.
    pub end: usize,
}

impl Part {
    /// The characters, whole or not, in a span of bytes of the text.
    pub fn of_span(text: &str, span: &Range<usize>) -> Vec<Self> {
        let end = span.end.min(text.len());
        let start = text.floor_char_boundary(span.start.min(end));
        let chars = text[start..text.ceil_char_boundary(end)].char_indices();
        chars
            .map(|(at, of)| Self {
                of,
                first: span.start.saturating_sub(start + at),
                end: (end - start - at).min(of.len_utf8()),
            })
            .collect()
    }

    /// Does it have all bytes of its character?
    pub fn is_whole(self) -> bool {
        self.end - self.first == self.of.len_utf8()
    }

    /// Which bytes of how many, as `2/3` or `1–2/3`; a whole character as it can be shown.
    pub fn label(self) -> String {
        let (first, last, n) = (self.first + 1, self.end, self.of.len_utf8());
        match last - self.first {
            _ if self.is_whole() => visible_alone(self.of),
            1 => format!("{first}/{n}"),
            _ => format!("{first}–{last}/{n}"),
        }
    }

    /// The same in words: `byte 2 of 3 of 注`.
    pub fn describe(self) -> String {
        let (first, last, n) = (self.first + 1, self.end, self.of.len_utf8());
        let of = visible_alone(self.of);
        match last - self.first {
            _ if self.is_whole() => of,
            1 => format!("byte {first} of {n} of {of}"),
            _ => format!("bytes {first}–{last} of {n} of {of}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_know_their_character() {
        let text = "a 注b";
        let labels = |span| -> Vec<String> {
            let parts = Part::of_span(text, &span);
            parts.into_iter().map(Part::label).collect()
        };
        assert_eq!(labels(0..2), ["a", "·"]);
        assert_eq!(labels(1..3), ["·", "1/3"]);
        assert_eq!(labels(2..4), ["1–2/3"]);
        assert_eq!(labels(4..6), ["3/3", "b"]);
        assert_eq!(labels(2..5), ["注"]);
        let part = Part::of_span(text, &(3..4))[0];
        assert_eq!(part.describe(), "byte 2 of 3 of 注");
        assert_eq!(Part::of_span(text, &(3..5))[0].describe(), "bytes 2–3 of 3 of 注");
    }

    #[test]
    fn spans_out_of_the_text_hold_nothing() {
        assert!(Part::of_span("注", &(0..0)).is_empty());
        assert!(Part::of_span("ab", &(7..9)).is_empty());
        assert_eq!(Part::of_span("ab", &(1..9)).len(), 1);
    }
}
