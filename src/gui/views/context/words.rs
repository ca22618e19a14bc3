//! Words, which may be several tokens, so that the same word is found in another sentence.

use crate::trace::Token;
use std::ops::Range;

/// The tokens of the word that a position belongs to.
pub fn word_at(tokens: &[Token], pos: usize) -> Range<usize> {
    if pos >= tokens.len() {
        return pos..pos;
    }
    let is_start = |at: usize| at == 0 || is_boundary(&tokens[at - 1], &tokens[at]);
    let start = (0..=pos).rev().find(|&at| is_start(at)).unwrap_or(pos);
    let end = (pos + 1..tokens.len()).find(|&at| is_start(at));
    start..end.unwrap_or(tokens.len())
}

/// Does a word end between these two tokens?
fn is_boundary(left: &Token, right: &Token) -> bool {
    // Half a character reads as U+FFFD and belongs to what is around it.
    let joins = |c: char| c.is_alphanumeric() || c == '\u{fffd}';
    left.special
        || right.special
        || !left.text.chars().next_back().is_some_and(joins)
        || !right.text.chars().next().is_some_and(joins)
}

/// What a word says: its letters, without the space before it and without capitals.
pub fn word_text(tokens: &[Token], word: Range<usize>) -> String {
    let tokens = tokens.get(word).unwrap_or(&[]);
    // Bytes, because a token may hold half a character.
    let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.bytes.clone()).collect();
    String::from_utf8_lossy(&bytes).trim().to_lowercase()
}

/// Where words that say the same end. The last token of a word is the one that has read all of it.
pub fn find_word(tokens: &[Token], text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut pos = 0;
    while pos < tokens.len() {
        let word = word_at(tokens, pos);
        if !text.is_empty() && word_text(tokens, word.clone()) == text {
            found.push(word.end - 1);
        }
        pos = word.end.max(pos + 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(texts: &[&str]) -> Vec<Token> {
        texts
            .iter()
            .map(|text| Token {
                id: 0,
                text: (*text).to_owned(),
                bytes: text.as_bytes().to_vec(),
                span: 0..0,
                special: false,
            })
            .collect()
    }

    #[test]
    fn words_are_found_whole() {
        let tokens = tokens(&["App", "le", " pie", ",", " an", " app", "le"]);
        assert_eq!(word_at(&tokens, 1), 0..2);
        assert_eq!(word_at(&tokens, 5), 5..7);
        assert_eq!(word_at(&tokens, 3), 3..4);
        assert_eq!(word_at(&tokens, 9), 9..9);
        assert_eq!(find_word(&tokens, "apple"), [1, 6]);
        assert_eq!(word_text(&tokens, 5..7), "apple");
        assert!(find_word(&tokens, "").is_empty());
        assert!(find_word(&[], "apple").is_empty());
    }
}
