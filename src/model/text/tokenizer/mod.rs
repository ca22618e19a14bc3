//! Text to tokens and back, by Hugging Face's `tokenizers`.

mod beside;
mod files;

pub(crate) use beside::Beside;

use crate::model::text::merges::Method;
use crate::model::text::sentencepiece;
use crate::model::text::vocabulary::Entries;
use crate::problem::{Problem, Result, guarded};
use crate::trace::Token;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;
use tokenizers::Tokenizer as Inner;

const READING: &str = "Could not read the model's tokenizer";

/// The tokenizer of a model.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    pub(crate) inner: Inner,
    /// How words are cut, read when it is first asked for.
    pub(crate) method: OnceLock<Method>,
    /// For byte-level vocabularies, the byte each character of a vocabulary entry stands for.
    bytes: Option<HashMap<char, u8>>,
    /// Does `▁` in a vocabulary entry stand for a space?
    has_metaspace: bool,
    /// Is there an entry for each byte, `<0x00>` to `<0xFF>`, for what has no other?
    has_byte_pieces: bool,
    /// The ids of pieces, where they are kept apart from how text is cut.
    entries: Option<Entries>,
    /// Where its files disagree, which of them counts.
    pub(crate) note: Option<String>,
}

impl Tokenizer {
    /// Reads the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn parse(json: &[u8]) -> Result<Self> {
        Self::new(Self::read(json)?)
    }

    fn read(json: &[u8]) -> Result<Inner> {
        // The crate panics on some damaged files: damaged JSON is found before it sees it, and what
        // is left is caught.
        serde_json::from_slice::<serde::de::IgnoredAny>(json)
            .map_err(|e| Problem::new(READING, e))?;
        guarded(|| Inner::from_bytes(json))
            .ok_or_else(|| Problem::new(READING, "its parts contradict each other"))?
            .map_err(|e| Problem::new(READING, e))
    }

    fn new(mut inner: Inner) -> Result<Self> {
        // A saved tokenizer may pad or cut every text; the text is fed as it was typed.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|e| Problem::new(READING, e))?;
        let decoder = inner.get_decoder().map(serde_json::to_string);
        let decoder = decoder.and_then(std::result::Result::ok).unwrap_or_default();
        Ok(Self {
            inner,
            method: OnceLock::new(),
            bytes: decoder.contains("\"ByteLevel\"").then(byte_of_char),
            has_metaspace: decoder.contains(sentencepiece::SPACE),
            has_byte_pieces: decoder.contains("\"ByteFallback\""),
            entries: None,
            note: None,
        })
    }

    /// The text of a `tokenizer.json` that is this tokenizer.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(crate) fn json(&self) -> std::result::Result<String, String> {
        self.inner.to_string(false).map_err(|e| e.to_string())
    }

    /// The tokens of a text, with whatever the tokenizer itself adds (a start token, say).
    ///
    /// # Errors
    /// When the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Vec<Token>> {
        self.encode_with(text, true)
    }

    /// The tokens of a text that stands for itself: nothing is added around it.
    ///
    /// # Errors
    /// When the tokenizer refuses the text.
    pub fn encode_bare(&self, text: &str) -> Result<Vec<Token>> {
        self.encode_with(text, false)
    }

    fn encode_with(&self, text: &str, adds_special: bool) -> Result<Vec<Token>> {
        let problem = |why: String| {
            Problem::new("Could not cut the text into tokens", why)
                .cure("The tokenizer has no token for a part of this text, or is damaged")
        };
        let code = self.entries.as_ref().map_or(0, |_| language_code(text));
        let encoding = guarded(|| self.inner.encode(&text[code..], adds_special))
            .ok_or_else(|| problem("the tokenizer made a mistake".to_owned()))?
            .map_err(|e| problem(e.to_string()))?;
        let offsets = encoding.get_offsets().iter();
        let offsets = offsets.map(|&(start, end)| (code + start, code + end));
        let pieces: Vec<(u32, (usize, usize))> = match &self.entries {
            None => encoding.get_ids().iter().copied().zip(offsets).collect(),
            Some(entries) => {
                let first = (code > 0).then(|| (entries.id(&text[..code]), (0, code)));
                let ids = encoding.get_tokens().iter().map(|piece| entries.id(piece));
                let last = entries.end.map(|end| (end, (text.len(), text.len())));
                first.into_iter().chain(ids.zip(offsets)).chain(last).collect()
            }
        };
        let mut at = 0;
        let tokens = pieces.into_iter().map(|(id, (start, end))| {
            let mut token = self.token(id);
            token.span = span_of(text, at, &token.bytes).unwrap_or(start..end);
            at = at.max(token.span.end);
            token
        });
        Ok(tokens.collect())
    }

    /// An entry of the vocabulary.
    pub fn token(&self, id: u32) -> Token {
        let special = self.inner.get_added_vocabulary();
        let special = match &self.entries {
            Some(entries) => entries.is_special(id),
            None => special.get_added_tokens_decoder().get(&id).is_some_and(|t| t.special),
        };
        let bytes = self.bytes_of(id, special);
        Token { id, text: String::from_utf8_lossy(&bytes).into_owned(), bytes, span: 0..0, special }
    }

    fn bytes_of(&self, id: u32, special: bool) -> Vec<u8> {
        let entry = match &self.entries {
            Some(entries) => entries.entry(id).map(str::to_owned),
            None => self.inner.id_to_token(id),
        };
        let Some(entry) = entry else {
            // Models may have room for more tokens than their tokenizer uses; those have no text.
            return Vec::new();
        };
        if let Some(byte) = byte_piece(&entry).filter(|_| self.has_byte_pieces && !special) {
            return vec![byte];
        }
        if self.has_metaspace && !special {
            return entry.replace(sentencepiece::SPACE, " ").into_bytes();
        }
        let Some(bytes) = self.bytes.as_ref().filter(|_| !special) else {
            return entry.into_bytes();
        };
        let known: Option<Vec<u8>> = entry.chars().map(|c| bytes.get(&c).copied()).collect();
        known.unwrap_or_else(|| entry.into_bytes())
    }

    /// The text of a sequence of tokens. Characters cut in two at its ends read as U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.token(id).bytes).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Number of entries, with special tokens.
    pub fn vocab_size(&self) -> usize {
        let entries = self.entries.as_ref().map(Entries::len);
        entries.unwrap_or_else(|| self.inner.get_vocab_size(true))
    }

    /// The id of an entry as the vocabulary spells it.
    pub fn id(&self, entry: &str) -> Option<u32> {
        match &self.entries {
            Some(entries) => entries.known(entry),
            None => self.inner.token_to_id(entry),
        }
    }

    /// The token that stands for a masked word, as BERT and its relatives spell it.
    pub fn mask(&self) -> Option<Token> {
        let id = ["[MASK]", "<mask>"].into_iter().find_map(|mask| self.id(mask))?;
        Some(self.token(id))
    }
}

/// The byte that an entry such as `<0x0A>` stands for.
fn byte_piece(entry: &str) -> Option<u8> {
    let digits = entry.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 2)
}

/// How long the code of a language is that a text for a translator may begin with: `>>es<<`.
fn language_code(text: &str) -> usize {
    let end = text.starts_with(">>").then(|| text.find("<<")).flatten();
    end.map_or(0, |at| at + 2)
}

/// Where the token's bytes are in the text, at or after `at`. A tokenizer may put a space before
/// the first word which the text does not have.
fn span_of(text: &str, at: usize, bytes: &[u8]) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(at..)?;
    let bytes = match bytes.strip_prefix(b" ") {
        Some(without) if !rest.starts_with(b" ") => without,
        _ => bytes,
    };
    (!bytes.is_empty() && rest.starts_with(bytes)).then(|| at..at + bytes.len())
}

/// GPT-2's table of printable stand-ins for bytes (`bytes_to_unicode` in its `encoder.py`):
/// printable Latin-1 characters stand for themselves, the other bytes for characters from U+0100.
fn byte_of_char() -> HashMap<char, u8> {
    let mut stand_in = 0x100_u32;
    let mut table = HashMap::with_capacity(256);
    for byte in 0..=u8::MAX {
        let printable = matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
        let code = if printable { u32::from(byte) } else { stand_in };
        stand_in += u32::from(!printable);
        if let Some(c) = char::from_u32(code) {
            table.insert(c, byte);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BUNDLED;

    fn storybook() -> Tokenizer {
        Tokenizer::parse(BUNDLED[0].tokenizer).unwrap()
    }

    #[test]
    fn spans_tile_the_text() {
        let tokenizer = storybook();
        for text in
            ["The cat sat.", " two  spaces\n\ttab", "naïve café 👩‍👩‍👧‍👦 注意力", "a<|endoftext|>b", ""]
        {
            let tokens = tokenizer.encode(text).unwrap();
            let mut at = 0;
            for token in &tokens {
                assert_eq!(token.span.start, at, "{text:?}: {token:?}");
                assert_eq!(&text.as_bytes()[token.span.clone()], token.bytes, "{text:?}");
                at = token.span.end;
            }
            assert_eq!(at, text.len());
            let ids: Vec<u32> = tokens.iter().map(|t| t.id).collect();
            assert_eq!(tokenizer.decode(&ids), text);
        }
    }

    #[test]
    fn special_tokens_are_marked() {
        let tokens = storybook().encode("a<|endoftext|>").unwrap();
        assert_eq!((tokens[1].id, tokens[1].special, tokens[0].special), (0, true, false));
    }

    #[test]
    fn every_byte_has_one_stand_in() {
        let table = byte_of_char();
        assert_eq!(table.len(), 256);
        assert_eq!((table[&'Ġ'], table[&'Ċ'], table[&'a']), (b' ', b'\n', b'a'));
    }

    #[test]
    fn ids_beyond_the_tokenizer_have_no_text_but_a_label() {
        let token = storybook().token(4_000_000);
        assert_eq!((token.text.as_str(), token.label().as_str()), ("", "[4000000]"));
    }

    #[test]
    fn damaged_files_are_refused() {
        assert!(Tokenizer::parse(b"hello").is_err());
        assert!(Tokenizer::parse(b"{}").is_err());
        let dir = tempfile::tempdir().unwrap();
        assert!(Tokenizer::open(dir.path()).unwrap_err().why.contains("vocab.txt"));
        std::fs::write(dir.path().join("vocab.json"), "{").unwrap();
        std::fs::write(dir.path().join("merges.txt"), "a b\n").unwrap();
        assert!(Tokenizer::open(dir.path()).is_err());
    }

    #[test]
    fn the_older_files_give_the_same_tokens() {
        let json: serde_json::Value = serde_json::from_slice(BUNDLED[0].tokenizer).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("vocab.json"), json["model"]["vocab"].to_string()).unwrap();
        let merges = json["model"]["merges"].as_array().unwrap().iter();
        let merges = merges.map(|m| match m {
            serde_json::Value::String(pair) => pair.clone(),
            pair => format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()),
        });
        let merges: Vec<String> =
            std::iter::once("#version: 0.2".to_owned()).chain(merges).collect();
        std::fs::write(dir.path().join("merges.txt"), merges.join("\n")).unwrap();
        let (old, new) = (Tokenizer::open(dir.path()).unwrap(), storybook());
        for text in ["The cat sat on the mat.", "it's 👩‍👩‍👧 <|endoftext|> 注意"] {
            assert_eq!(old.encode(text), new.encode(text));
        }
        std::fs::write(
            dir.path().join("tokenizer_config.json"),
            r#"{"add_bos_token":true,"add_prefix_space":true}"#,
        )
        .unwrap();
        let tokens = Tokenizer::open(dir.path()).unwrap().encode("cat").unwrap();
        let seen: Vec<_> = tokens.iter().map(|t| (t.text.as_str(), t.span.clone())).collect();
        assert_eq!(seen, [("<|endoftext|>", 0..0), (" cat", 0..3)]);
    }
}
