//! The files a tokenizer is kept in.

use super::beside::Beside;
use super::{READING, Tokenizer};
use crate::model::files::bytes::{is_lfs_pointer, lfs_pointer};
use crate::model::text::sentencepiece::{self, Order};
use crate::model::text::tokenizer_class::Class;
use crate::model::text::vocabulary::Entries;
use crate::problem::{Problem, Result};
use serde_json::json;
use std::path::Path;
use tokenizers::models::bpe::BPE;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer as Inner};

/// `SentencePiece` files by the names that models have them under.
const PIECES: [&str; 3] = ["tokenizer.model", "sentencepiece.bpe.model", "spiece.model"];

impl Tokenizer {
    /// Opens `tokenizer.json` in a model's folder, or the older files: `vocab.json` with `merges.txt`,
    /// `vocab.txt`, or a file of `SentencePiece`.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let beside = Beside::read(folder)?;
        let mut inner = stored(folder, &beside)?;
        let of_file = how(&inner);
        let at = |e: tokenizers::Error| Problem::new(READING, format!("{e}: {}", folder.display()));
        beside.class.heed(&mut inner, &beside).map_err(at)?;
        let is_other = folder.join("tokenizer.json").exists() && how(&inner) != of_file;
        beside.add_tokens(&mut inner)?;
        beside.class.surround(&mut inner, &beside).map_err(at)?;
        let note = is_other.then(|| {
            format!(
                "tokenizer.json cuts text in another way than transformers' class {:?}Tokenizer with \
                 tokenizer_config.json; the class counts, as in transformers 5",
                beside.class
            )
        });
        Ok(Self { note, ..Self::new(inner)? })
    }

    /// Opens the tokenizer of a model's folder; of a translator with a `SentencePiece` file for each
    /// language that of the source, and that of the target. The target may have a vocabulary of its
    /// own.
    ///
    /// # Errors
    /// As [`Tokenizer::open`].
    pub fn open_pair(folder: &Path) -> Result<(Self, Option<Self>)> {
        let [source, target, vocab, target_vocab] =
            ["source.spm", "target.spm", "vocab.json", "target_vocab.json"]
                .map(|name| folder.join(name));
        if !(source.exists() && vocab.exists()) {
            return Ok((Self::open(folder)?, None));
        }
        let open = |pieces: &Path, vocab: &Path| -> Result<Self> {
            let entries = Entries::open(vocab)?;
            let mut inner = sentencepiece::open(pieces, Order::Stored)?;
            let special = entries.special().map(|name| AddedToken::from(name, true));
            inner.add_special_tokens(special).map_err(|e| Problem::new(READING, e))?;
            Ok(Self { entries: Some(entries), ..Self::new(inner)? })
        };
        let of_target = if target_vocab.exists() { &target_vocab } else { &vocab };
        let target = target.exists().then(|| open(&target, of_target)).transpose()?;
        Ok((open(&source, &vocab)?, target))
    }
}

/// How a tokenizer cuts text, for comparing.
fn how(inner: &Inner) -> serde_json::Value {
    json!([inner.get_normalizer(), inner.get_pre_tokenizer()])
}

/// The tokenizer of whichever files are in the folder, as they say.
fn stored(folder: &Path, beside: &Beside) -> Result<Inner> {
    let here = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    let in_file =
        |path: &Path, e: String| Problem::new(READING, format!("{e}: {}", path.display()));
    if let Some(path) = here("tokenizer.json") {
        let json = std::fs::read(&path).map_err(|e| in_file(&path, e.to_string()))?;
        if is_lfs_pointer(&json) {
            return Err(lfs_pointer(READING, &path));
        }
        return Tokenizer::read(&json).map_err(|problem| in_file(&path, problem.why));
    }
    if let (Some(vocab), Some(merges)) = (here("vocab.json"), here("merges.txt")) {
        let problem = |e: tokenizers::Error| in_file(&vocab, format!("{e}, {}", merges.display()));
        let bpe = BPE::from_file(&vocab.to_string_lossy(), &merges.to_string_lossy());
        let mut inner = Inner::new(bpe.build().map_err(problem)?);
        let bytes = ByteLevel::new(beside.switch("add_prefix_space") == Some(true), true, true);
        inner.with_pre_tokenizer(Some(bytes));
        inner.with_decoder(Some(bytes));
        return Ok(inner);
    }
    if let Some(path) = here("vocab.txt") {
        let problem = |e: tokenizers::Error| in_file(&path, e.to_string());
        let unknown = beside.token("unk_token").unwrap_or_else(|| "[UNK]".to_owned());
        let pieces = WordPiece::from_file(&path.to_string_lossy()).unk_token(unknown);
        let mut inner = Inner::new(pieces.build().map_err(problem)?);
        inner.with_decoder(Some(tokenizers::decoders::wordpiece::WordPiece::default()));
        return Ok(inner);
    }
    if let Some(path) = PIECES.into_iter().find_map(here) {
        let order = match beside.class {
            Class::XlmRoberta => Order::XlmRoberta,
            Class::Camembert => Order::Camembert,
            _ => Order::Kept,
        };
        return sentencepiece::open(&path, order);
    }
    let why = format!(
        "none of tokenizer.json, vocab.json with merges.txt, vocab.txt, {} is here: {}",
        PIECES.join(", "),
        folder.display()
    );
    Err(Problem::new(READING, why).cure("Copy the tokenizer's files into the model's folder"))
}
