//! A translator's `vocab.json`: the ids of the pieces that two SentencePiece files cut.

use crate::problem::{Problem, Result};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

const READING: &str = "Could not read the model's vocab.json";
/// No published vocabulary comes near.
const MAX_SIZE: u32 = 1 << 24;

/// Pieces and their ids, as `MarianTokenizer` of Hugging Face transformers looks them up.
#[derive(Debug, Clone)]
pub struct Entries {
    ids: HashMap<String, u32>,
    pieces: BTreeMap<u32, String>,
    unknown: u32,
    /// The token that ends every text.
    pub end: Option<u32>,
}

impl Entries {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or knows no `<unk>`.
    pub fn open(path: &Path) -> Result<Self> {
        let at = |why: String| Problem::new(READING, format!("{why}: {}", path.display()));
        let json = std::fs::read(path).map_err(|e| at(e.to_string()))?;
        let ids: HashMap<String, u32> =
            serde_json::from_slice(&json).map_err(|e| at(e.to_string()))?;
        let unknown = *ids.get("<unk>").ok_or_else(|| at("it has no <unk>".to_owned()))?;
        let pieces: BTreeMap<u32, String> =
            ids.iter().map(|(piece, &id)| (id, piece.clone())).collect();
        if pieces.keys().next_back().is_some_and(|&last| last >= MAX_SIZE) {
            return Err(at(format!("an id exceeds {MAX_SIZE}")));
        }
        let end = ids.get("</s>").copied();
        Ok(Self { ids, pieces, unknown, end })
    }

    /// The id of a piece; of a piece that is not known that of `<unk>`.
    pub fn id(&self, piece: &str) -> u32 {
        self.known(piece).unwrap_or(self.unknown)
    }

    /// The id of a known piece.
    pub fn known(&self, piece: &str) -> Option<u32> {
        self.ids.get(piece).copied()
    }

    /// The piece with an id.
    pub fn entry(&self, id: u32) -> Option<&str> {
        self.pieces.get(&id).map(String::as_str)
    }

    /// Is it no text but a sign?
    pub fn is_special(&self, id: u32) -> bool {
        let is_code = |piece: &str| piece.starts_with(">>") && piece.ends_with("<<");
        self.entry(id).is_some_and(|piece| SPECIAL.contains(&piece) || is_code(piece))
    }

    /// The signs that are known.
    pub fn special(&self) -> impl Iterator<Item = &'static str> {
        SPECIAL.into_iter().filter(|name| self.ids.contains_key(*name))
    }

    /// Room for all ids.
    pub fn len(&self) -> usize {
        self.pieces.keys().next_back().map_or(0, |&last| last as usize + 1)
    }
}

const SPECIAL: [&str; 3] = ["</s>", "<unk>", "<pad>"];
