//! A piece of text as the model reads it.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One token: its number, the bytes it stands for and where they are in the text.
///
/// Byte-level tokenizers may cut a character in two, so a token is bytes first and text second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The token's number in the vocabulary.
    pub id: u32,
    /// The text of the token; bytes that are only part of a character read as U+FFFD.
    pub text: String,
    /// The bytes the token stands for.
    pub bytes: Vec<u8>,
    /// The bytes of the typed text it came from; empty for a token the tokenizer added itself.
    pub span: Range<usize>,
    /// Is it a control token such as `<|endoftext|>` rather than text?
    #[serde(default)]
    pub special: bool,
}

impl Token {
    /// The token as it can be shown on one line: spaces and controls made visible, parts of
    /// characters as their bytes, never blank.
    pub fn label(&self) -> String {
        let Ok(text) = std::str::from_utf8(&self.bytes) else {
            return self.byte_label();
        };
        if text.is_empty() {
            return format!("[{}]", self.id);
        }
        let mut chars = text.chars();
        let first = chars.next().map(visible_alone).unwrap_or_default();
        first + &chars.map(visible).collect::<String>()
    }

    /// The bytes in hexadecimal, for pieces of characters: `<E6 B3>`.
    pub fn byte_label(&self) -> String {
        let hex: Vec<String> = self.bytes.iter().map(|b| format!("{b:02X}")).collect();
        format!("<{}>", hex.join(" "))
    }
}

/// A character that can be seen: a space becomes `·`, a line break `⏎`, a tab `→`, other controls
/// their Unicode name in brackets.
pub fn visible(c: char) -> String {
    match c {
        ' ' => "·".to_owned(),
        '\n' => "⏎".to_owned(),
        '\t' => "→".to_owned(),
        '\r' => "␍".to_owned(),
        '\u{a0}' => "<NBSP>".to_owned(),
        '\u{200d}' => "<ZWJ>".to_owned(),
        '\u{200b}' => "<ZWSP>".to_owned(),
        '\u{200c}' => "<ZWNJ>".to_owned(),
        '\u{200e}' => "<LRM>".to_owned(),
        '\u{200f}' => "<RLM>".to_owned(),
        '\u{ad}' => "<SHY>".to_owned(),
        '\u{3000}' => "<IDSP>".to_owned(),
        '\u{feff}' => "<BOM>".to_owned(),
        '\u{fe0e}' | '\u{fe0f}' => "<VS>".to_owned(),
        // Other spaces, line ends, marks of direction, joiners and tags: nothing of them is seen.
        '\u{2000}'..='\u{200a}'
        | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}'
        | '\u{e0000}'..='\u{e0fff}' => format!("<{:04X}>", c as u32),
        c if c.is_control() => format!("<{:02X}>", c as u32),
        c => c.to_string(),
    }
}

/// A character on its own: an accent without its letter sits on a circle.
pub fn visible_alone(c: char) -> String {
    match c {
        '\u{300}'..='\u{36f}' => format!("◌{c}"),
        c => visible(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(bytes: &[u8]) -> Token {
        Token {
            id: 0,
            text: String::from_utf8_lossy(bytes).into_owned(),
            bytes: bytes.to_vec(),
            span: 0..bytes.len(),
            special: false,
        }
    }

    #[test]
    fn labels_are_visible() {
        assert_eq!(token(b" cat").label(), "·cat");
        assert_eq!(token(b"\n\t").label(), "⏎→");
        assert_eq!(token(b"").label(), "[0]");
        assert_eq!(token("\u{200d}".as_bytes()).label(), "<ZWJ>");
        assert_eq!(token("注意".as_bytes()).label(), "注意");
        assert_eq!(token("a\u{202e}b".as_bytes()).label(), "a<202E>b");
        assert_eq!(token("\u{301}".as_bytes()).label(), "◌\u{301}");
        assert_eq!(token("e\u{301}".as_bytes()).label(), "e\u{301}");
    }

    #[test]
    fn parts_of_characters_are_bytes() {
        assert_eq!(token(&"注".as_bytes()[..2]).label(), "<E6 B3>");
    }
}
