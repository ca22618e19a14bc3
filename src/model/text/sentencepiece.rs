//! SentencePiece files (`source.spm`, `spiece.model`): pieces of words with their scores, and how a
//! text is made ready for them (Kudo and Richardson 2018).
//!
//! The file is a protocol buffer (`sentencepiece_model.proto` of google/sentencepiece). Read are the
//! fields that decide how a text is cut; the cutting itself is `tokenizers`'.

use crate::model::text::pieces::{added_token, bpe_json, derive_merges};
use crate::problem::{Problem, Result};
use serde_json::json;
use std::path::Path;
use tokenizers::Tokenizer;
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::{
    NormalizerWrapper, Precompiled, Replace, Sequence, Strip, replace::ReplacePattern,
};
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};

const READING: &str = "Could not read the model's SentencePiece file";
/// Stands for a space in pieces.
pub const SPACE: char = '▁';

/// Which ids the pieces of a file get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Their places in the file, and those that stand for no text are never found in one: the ids of a
    /// translator are in another file.
    Stored,
    /// Their places in the file.
    Kept,
    /// As fairseq had them: `<s>`, `<pad>`, `</s>`, `<unk>`, the pieces from the fourth on, `<mask>`.
    XlmRoberta,
    /// As fairseq had them for this model (`CamembertConverter` of transformers).
    Camembert,
}

/// What a piece is, by the number the format gives it.
const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// One entry of a file.
#[derive(Debug, PartialEq)]
struct Piece {
    text: String,
    /// Log-probability.
    score: f64,
    kind: u64,
}

/// What a SentencePiece file says.
#[derive(Debug, Default, PartialEq)]
struct SentencePiece {
    /// In the order of their ids.
    pieces: Vec<Piece>,
    model_type: ModelType,
    charsmap: Vec<u8>,
    no_dummy_prefix: bool,
    keeps_whitespace: bool,
}

#[derive(Debug, Default, PartialEq)]
enum ModelType {
    #[default]
    Unigram,
    Bpe,
    Other(u64),
}

/// The tokenizer that a SentencePiece file describes.
///
/// # Errors
/// When the file cannot be read, is damaged, or cuts text by another method than Unigram and BPE.
pub fn open(path: &Path, order: Order) -> Result<Tokenizer> {
    let at = |why: String| Problem::new(READING, format!("{why}: {}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| at(e.to_string()))?;
    let model = parse(&bytes).ok_or_else(|| at("it is damaged".to_owned()))?;
    model.tokenizer(order).map_err(at)
}

impl SentencePiece {
    fn tokenizer(self, order: Order) -> std::result::Result<Tokenizer, String> {
        match self.model_type {
            ModelType::Unigram => self.unigram(order),
            ModelType::Bpe => self.bpe(),
            ModelType::Other(n) => {
                Err(format!("its model_type is {n}, not 1 (Unigram) or 2 (BPE)"))
            }
        }
    }

    /// Where the piece for what is not known is.
    fn unknown(&self) -> std::result::Result<usize, String> {
        let place = self.pieces.iter().position(|piece| piece.kind == UNKNOWN);
        place.ok_or_else(|| "it has no piece for the unknown".to_owned())
    }

    fn unigram(self, order: Order) -> std::result::Result<Tokenizer, String> {
        let unknown = self.unknown()?;
        let texts = self.pieces.iter().enumerate().map(|(place, piece)| {
            let is_text = matches!(piece.kind, NORMAL | USER_DEFINED | UNKNOWN);
            let is_hidden = order == Order::Stored && (!is_text || piece.text.is_empty());
            // A text that no text has.
            let text = if is_hidden { format!("\0{place}") } else { piece.text.clone() };
            (text, piece.score)
        });
        let name = |name: &str| (name.to_owned(), 0.0);
        let (first, skipped, last) = match order {
            Order::Stored | Order::Kept => (Vec::new(), 0, None),
            Order::XlmRoberta => {
                (["<s>", "<pad>", "</s>", "<unk>"].map(name).to_vec(), 3, Some(name("<mask>")))
            }
            Order::Camembert => {
                let first = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>"].map(name);
                let not_used = ("<unk>NOTUSED".to_owned(), -100.0);
                (first.into_iter().chain([not_used]).collect(), 1, Some(name("<mask>")))
            }
        };
        let unknown = if first.is_empty() { unknown } else { 3 };
        let pieces = first.into_iter().chain(texts.skip(skipped)).chain(last).collect();
        let model = Unigram::from(pieces, Some(unknown), false).map_err(|e| e.to_string())?;
        let mut steps: Vec<NormalizerWrapper> = Vec::new();
        if !self.charsmap.is_empty() {
            if !is_sound(&self.charsmap) {
                return Err("its table of characters is damaged".to_owned());
            }
            let charsmap = Precompiled::from(&self.charsmap).map_err(|e| e.to_string())?;
            steps.push(charsmap.into());
        }
        if !self.keeps_whitespace {
            let spaces = ReplacePattern::Regex(" {2,}".to_owned());
            let spaces = Replace::new(spaces, " ").map_err(|e| e.to_string())?;
            steps.extend([Strip::new(true, true).into(), spaces.into()]);
        }
        let prefix =
            if self.no_dummy_prefix { PrependScheme::Never } else { PrependScheme::Always };
        let space = Metaspace::new(SPACE, prefix, true);
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_normalizer(Some(Sequence::new(steps))).map_err(|e| e.to_string())?;
        tokenizer.with_pre_tokenizer(Some(space.clone()));
        tokenizer.with_decoder(Some(space));
        Ok(tokenizer)
    }

    /// The merges follow from the order of the pieces, as in transformers.
    fn bpe(self) -> std::result::Result<Tokenizer, String> {
        let unknown = self.unknown()?;
        let texts: Vec<&str> = self.pieces.iter().map(|piece| piece.text.as_str()).collect();
        let merges = json!(derive_merges(&texts, None)?);
        let mut json =
            bpe_json(&texts, &merges, texts.get(unknown).copied(), !self.no_dummy_prefix);
        let added = self.pieces.iter().enumerate();
        let added = added.filter(|(_, piece)| matches!(piece.kind, CONTROL | USER_DEFINED));
        json["version"] = json!("1.0");
        json["added_tokens"] =
            added.map(|(id, piece)| added_token(id, &piece.text, piece.kind == CONTROL)).collect();
        Tokenizer::from_bytes(json.to_string()).map_err(|e| e.to_string())
    }
}

/// `ModelProto`; `None` when the bytes are not one.
fn parse(bytes: &[u8]) -> Option<SentencePiece> {
    let mut model = SentencePiece::default();
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(piece)) => model.add_piece(piece)?,
            (2, Value::Bytes(trainer)) => {
                for field in Fields(trainer) {
                    if let (3, Value::Number(n)) = field? {
                        model.model_type = match n {
                            1 => ModelType::Unigram,
                            2 => ModelType::Bpe,
                            n => ModelType::Other(n),
                        };
                    }
                }
            }
            (3, Value::Bytes(normalizer)) => {
                for field in Fields(normalizer) {
                    match field? {
                        (2, Value::Bytes(charsmap)) => charsmap.clone_into(&mut model.charsmap),
                        (3, Value::Number(n)) => model.no_dummy_prefix = n == 0,
                        (4, Value::Number(n)) => model.keeps_whitespace = n == 0,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    (!model.pieces.is_empty()).then_some(model)
}

impl SentencePiece {
    fn add_piece(&mut self, bytes: &[u8]) -> Option<()> {
        let (mut text, mut score, mut kind) = (String::new(), 0.0, NORMAL);
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(piece)) => str::from_utf8(piece).ok()?.clone_into(&mut text),
                (2, Value::Float(x)) if x.is_finite() => score = f64::from(x),
                (3, Value::Number(n)) => kind = n,
                _ => {}
            }
        }
        self.pieces.push(Piece { text, score, kind });
        Some(())
    }
}

/// A field's contents, as the wire has it.
enum Value<'a> {
    Number(u64),
    Float(f32),
    Bytes(&'a [u8]),
    Skipped,
}

/// The fields of a message: number and contents. `Some(None)` when the bytes are no message.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Skipped)?,
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(len)?)
            }
            5 => Value::Float(f32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

/// Can the table be looked up without leaving it? It is a trie of bytes in one array (a double array,
/// as in Darts) with the replacements behind it. `Precompiled` trusts it, so every place that any text
/// can lead to is visited here.
pub(crate) fn is_sound(charsmap: &[u8]) -> bool {
    fn offset(unit: usize) -> usize {
        (unit >> 10) << ((unit & (1 << 9)) >> 6)
    }
    let Some((size, rest)) = charsmap.split_first_chunk::<4>() else {
        return false;
    };
    let size = u32::from_le_bytes(*size) as usize;
    let Some((trie, replacements)) = rest.split_at_checked(size - size % 4) else {
        return false;
    };
    let units: Vec<usize> =
        trie.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize).collect();
    let Ok(replacements) = str::from_utf8(replacements) else {
        return false;
    };
    let Some(&root) = units.first() else {
        return false;
    };
    let (mut seen, mut waiting) = (vec![false; units.len()], vec![offset(root)]);
    while let Some(node) = waiting.pop() {
        for byte in 1..=255 {
            let at = node ^ byte;
            let Some(&unit) = units.get(at) else {
                return false;
            };
            if unit & ((1 << 31) | 0xFF) != byte || std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let next = at ^ offset(unit);
            if (unit >> 8) & 1 == 1 {
                let value = units.get(next).map(|leaf| leaf & ((1 << 31) - 1));
                if !value.is_some_and(|value| replacements.is_char_boundary(value)) {
                    return false;
                }
            }
            waiting.push(next);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &[u8] = include_bytes!("../../../assets/golden/tiny-marian/source.spm");

    #[test]
    fn a_file_of_sentencepiece_is_read() {
        let model = parse(SOURCE).unwrap();
        assert_eq!(model.unknown(), Ok(0));
        assert!(model.pieces.iter().any(|piece| piece.text == "▁the" && piece.score < 0.0));
        let tokenizer = model.tokenizer(Order::Stored).unwrap();
        let encoding = tokenizer.encode("the  cat", false).unwrap();
        assert_eq!(encoding.get_tokens(), ["▁the", "▁cat"]);
        assert!(tokenizer.encode(" ", false).unwrap().is_empty());
    }

    #[test]
    fn damage_is_noticed_and_never_fatal() {
        for cut in 0..SOURCE.len() {
            if let Some(model) = parse(&SOURCE[..cut]) {
                assert!(model.pieces.len() <= 200);
            }
        }
        for at in 0..SOURCE.len() {
            for bit in [1, 0x80] {
                let mut bytes = SOURCE.to_vec();
                bytes[at] ^= bit;
                if let Some(Ok(tokenizer)) =
                    parse(&bytes).map(|model| model.tokenizer(Order::Stored))
                {
                    let _ = tokenizer.encode("the cat", false);
                }
            }
        }
        assert!(parse(&[0xFF; 20]).is_none());
        let endless = [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
        assert!(parse(&endless).is_none());
    }

    #[test]
    fn tables_that_lead_astray_are_refused() {
        assert!(!is_sound(&[]));
        assert!(!is_sound(&[4, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]));
        assert!(!is_sound(&[0xFF, 0xFF, 0xFF, 0xFF, 0]));
        // A root whose 256 children are all absent.
        let mut empty = 1024_u32.to_le_bytes().to_vec();
        empty.extend([0; 1024]);
        assert!(is_sound(&empty));
    }
}
