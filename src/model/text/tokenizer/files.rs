//! The files a tokenizer is kept in.

use super::{READING, Tokenizer};
use crate::model::text::sentencepiece;
use crate::model::text::tokenizer_class::heed_class;
use crate::model::text::vocabulary::Entries;
use crate::problem::{Problem, Result};
use serde_json::Value;
use std::path::Path;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer as Inner};

impl Tokenizer {
    /// Opens `tokenizer.json`, or the older `vocab.json` with `merges.txt`, in a model's folder.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let file = folder.join("tokenizer.json");
        if file.exists() {
            let at = |why: String| Problem::new(READING, format!("{why}: {}", file.display()));
            let json = std::fs::read(&file).map_err(|e| at(e.to_string()))?;
            let config = read_json(&folder.join("tokenizer_config.json"))?;
            let model = read_json(&folder.join("config.json"))?;
            let text = |json: &Value, field| Some(json.get(field)?.as_str()?.to_owned());
            let (class, model_type) =
                (text(&config, "tokenizer_class"), text(&model, "model_type"));
            let json = heed_class(json, class.as_deref(), model_type.as_deref());
            let json = json.map_err(|e| at(e.to_string()))?;
            let mut tokenizer = Self::parse(&json).map_err(|problem| at(problem.why))?;
            tokenizer.heed_config(&config);
            return Ok(tokenizer);
        }
        let (vocab, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
        if vocab.exists() && merges.exists() {
            return Self::from_vocab_and_merges(folder, &vocab, &merges);
        }
        Err(Problem::new(
            READING,
            format!(
                "neither tokenizer.json nor vocab.json with merges.txt is here: {}",
                folder.display()
            ),
        )
        .cure("Copy the tokenizer's files into the model's folder"))
    }

    /// Opens the tokenizer of a model's folder; of a translator with a SentencePiece file for each
    /// language that of the source, and that of the target.
    ///
    /// # Errors
    /// As [`Tokenizer::open`].
    pub fn open_pair(folder: &Path) -> Result<(Self, Option<Self>)> {
        let [source, target, vocab] =
            ["source.spm", "target.spm", "vocab.json"].map(|name| folder.join(name));
        if !(source.exists() && vocab.exists()) {
            return Ok((Self::open(folder)?, None));
        }
        let open = |pieces: &Path| -> Result<Self> {
            let entries = Entries::open(&vocab)?;
            let mut inner = sentencepiece::open(pieces)?;
            let special = entries.special().map(|name| AddedToken::from(name, true));
            inner.add_special_tokens(special).map_err(|e| Problem::new(READING, e))?;
            Ok(Self { entries: Some(entries), ..Self::new(inner)? })
        };
        let target = target.exists().then(|| open(&target)).transpose()?;
        Ok((open(&source)?, target))
    }

    /// In transformers, GPT-2's own tokenizer classes take the space before the first word from
    /// `tokenizer_config.json`, whatever `tokenizer.json` says; other classes take it as it stands.
    fn heed_config(&mut self, config: &Value) {
        let class = config.get("tokenizer_class").and_then(Value::as_str);
        let is_gpt2 = matches!(class, None | Some("GPT2Tokenizer" | "GPT2TokenizerFast"));
        if let Some(PreTokenizerWrapper::ByteLevel(byte_level)) = self.inner.get_pre_tokenizer()
            && is_gpt2
            && config.is_object()
        {
            let space = config.get("add_prefix_space").and_then(Value::as_bool);
            let byte_level = byte_level.add_prefix_space(space.unwrap_or(false));
            self.inner.with_pre_tokenizer(Some(byte_level));
        }
    }

    /// GPT-2's original files. Their special tokens and switches, if any, are beside them.
    fn from_vocab_and_merges(folder: &Path, vocab: &Path, merges: &Path) -> Result<Self> {
        let problem = |e: tokenizers::Error| {
            Problem::new(READING, format!("{e}: {} and {}", vocab.display(), merges.display()))
        };
        let (vocab, merges) = (vocab.to_string_lossy(), merges.to_string_lossy());
        let bpe = BPE::from_file(&vocab, &merges).build().map_err(problem)?;
        let config = read_json(&folder.join("tokenizer_config.json"))?;
        let names = read_json(&folder.join("special_tokens_map.json"))?;
        let is_on = |field| config.get(field).and_then(Value::as_bool).unwrap_or(false);

        let mut inner = Inner::new(bpe);
        let byte_level = ByteLevel::new(is_on("add_prefix_space"), true, true);
        inner.with_pre_tokenizer(Some(byte_level));
        inner.with_decoder(Some(byte_level));
        let special = special_tokens(&config, &names);
        // Added in order of their ids, so that those not in the vocabulary get the ids they had.
        inner.add_special_tokens(special.values().cloned()).map_err(problem)?;
        if is_on("add_bos_token") {
            let start = named_token(&config, &names, "bos_token");
            let id = inner.token_to_id(&start).ok_or_else(|| {
                Problem::new(READING, format!("bos_token {start:?} is not in the vocabulary"))
            })?;
            let template = TemplateProcessing::builder()
                .try_single(format!("{start} $A"))
                .map_err(|e| Problem::new(READING, e))?
                .special_tokens(vec![(start, id)])
                .build()
                .map_err(|e| Problem::new(READING, e))?;
            inner.with_post_processor(Some(template));
        }
        Self::new(inner)
    }
}

/// The text of a JSON file beside the vocabulary, or null when there is none.
fn read_json(path: &Path) -> Result<Value> {
    let at = |why: String| Problem::new(READING, format!("{why}: {}", path.display()));
    match std::fs::read(path) {
        Ok(json) => serde_json::from_slice(&json).map_err(|e| at(e.to_string())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(e) => Err(at(e.to_string())),
    }
}

/// A special token by its role, `<|endoftext|>` where GPT-2's files do not say.
fn named_token(config: &Value, names: &Value, role: &str) -> String {
    let text = |value: &Value| {
        let text = value.as_str().or_else(|| value.get("content")?.as_str());
        text.map(str::to_owned)
    };
    let found = config.get(role).and_then(text);
    let found = found.or_else(|| names.get(role).and_then(text));
    found.unwrap_or_else(|| "<|endoftext|>".to_owned())
}

/// Special tokens by their ids; those the files give no id come last.
fn special_tokens(config: &Value, names: &Value) -> std::collections::BTreeMap<u64, AddedToken> {
    let mut tokens = std::collections::BTreeMap::new();
    let added = config.get("added_tokens_decoder").and_then(Value::as_object);
    for (id, token) in added.into_iter().flatten() {
        if let (Ok(id), Some(content)) = (id.parse(), token.get("content").and_then(Value::as_str))
        {
            tokens.insert(id, AddedToken::from(content, true));
        }
    }
    for (i, role) in ["unk_token", "bos_token", "eos_token"].into_iter().enumerate() {
        let content = named_token(config, names, role);
        if !tokens.values().any(|token| token.content == content) {
            tokens.insert(u64::MAX - 2 + i as u64, AddedToken::from(content, true));
        }
    }
    tokens
}
