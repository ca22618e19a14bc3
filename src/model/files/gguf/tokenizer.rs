//! The `tokenizer.json` that belongs to a GGUF file.

use super::Gguf;
use crate::problem::{Problem, Result};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

const READING: &str = "Could not rebuild the tokenizer of the GGUF file";
/// A token is cut in two at every place when merges are derived; longer ones would take too long.
const MAX_TOKEN: usize = 1024;

/// What a token is, by the number the format gives it.
const CONTROL: f64 = 3.0;
const USER_DEFINED: f64 = 4.0;

/// Splits text where the merges of Llama 3 were learned.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The same for Qwen 2 and 3, whose digits stand alone.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Gguf {
    /// The text of a `tokenizer.json` that cuts text as the file's metadata says.
    ///
    /// # Errors
    /// When the metadata is incomplete, or the method is another one.
    pub fn tokenizer_json(&self) -> Result<Vec<u8>> {
        let Some(tokens) = self.texts("tokenizer.ggml.tokens") else {
            return Err(Problem::new(READING, "tokenizer.ggml.tokens is missing"));
        };
        let mut json = match self.text("tokenizer.ggml.model") {
            Some("gpt2") => self.byte_level(&tokens)?,
            Some("llama") => self.sentence_piece(&tokens)?,
            model => {
                let why =
                    format!("tokenizer.ggml.model = {:?} is not supported", model.unwrap_or(""));
                return Err(Problem::new(READING, why).cure("Supported are gpt2 and llama"));
            }
        };
        json["version"] = json!("1.0");
        json["added_tokens"] = self.added_tokens(&tokens);
        if let Some(around) = self.around(&tokens)? {
            json["post_processor"] = around;
        }
        Ok(json.to_string().into_bytes())
    }

    /// Byte-level BPE, as GPT-2 has it. Where text is split first differs from model to model.
    fn byte_level(&self, tokens: &[&str]) -> Result<Json> {
        let Some(merges) = self.texts("tokenizer.ggml.merges") else {
            return Err(Problem::new(READING, "tokenizer.ggml.merges is missing"));
        };
        let bytes = |splits: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": splits});
        let split = |regex: &str| {
            json!([
                {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false},
                bytes(false),
            ])
        };
        let pre = self.text("tokenizer.ggml.pre").unwrap_or("gpt-2");
        let steps = match pre {
            "gpt-2" | "default" | "olmo" => json!([bytes(true)]),
            "smollm" | "starcoder" => {
                json!([{"type": "Digits", "individual_digits": true}, bytes(true)])
            }
            _ if is_llama3(pre) => split(LLAMA3),
            "qwen2" | "deepseek-r1-qwen" | "megrez" => split(QWEN2),
            _ => {
                let why = format!("tokenizer.ggml.pre = {pre:?} is not supported");
                let cure = "Supported are gpt-2, smollm, llama-bpe and qwen2";
                return Err(Problem::new(READING, why).cure(cure));
            }
        };
        let normalizer = (pre == "qwen2").then(|| json!({"type": "NFC"}));
        Ok(json!({
            "normalizer": normalizer,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
            "decoder": bytes(true),
            "model": {
                "type": "BPE",
                "ignore_merges": is_llama3(pre),
                "vocab": vocabulary(tokens),
                "merges": merges,
            },
        }))
    }

    /// BPE as `SentencePiece` does it: spaces are written ▁, and what is not in the vocabulary is spelled in
    /// bytes. Merges are not stored; the scores of the tokens say which comes first.
    fn sentence_piece(&self, tokens: &[&str]) -> Result<Json> {
        let scores = self.numbers("tokenizer.ggml.scores").unwrap_or_default();
        if scores.len() != tokens.len() {
            let why = format!("{} tokens have {} scores", tokens.len(), scores.len());
            return Err(Problem::new(READING, why));
        }
        let merges = match self.texts("tokenizer.ggml.merges") {
            Some(merges) => json!(merges),
            None => json!(derive_merges(tokens, &scores)?),
        };
        let space = self.switch("tokenizer.ggml.add_space_prefix").unwrap_or(true);
        let scheme = if space { "first" } else { "never" };
        let mut decoders = vec![
            json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
            json!({"type": "ByteFallback"}),
            json!({"type": "Fuse"}),
        ];
        if space {
            decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
        }
        let unknown = self.count("tokenizer.ggml.unknown_token_id").unwrap_or(0);
        Ok(json!({
            "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": false},
            "decoder": {"type": "Sequence", "decoders": decoders},
            "model": {
                "type": "BPE",
                "unk_token": usize::try_from(unknown).ok().and_then(|id| tokens.get(id)),
                "fuse_unk": true,
                "byte_fallback": true,
                "vocab": vocabulary(tokens),
                "merges": merges,
            },
        }))
    }

    /// Tokens that are found in the text as a whole, before anything is cut.
    fn added_tokens(&self, tokens: &[&str]) -> Json {
        let kinds = self.numbers("tokenizer.ggml.token_type").unwrap_or_default();
        let added = tokens.iter().zip(kinds).enumerate();
        let added = added.filter(|(_, (token, kind))| {
            (*kind == CONTROL || *kind == USER_DEFINED) && !token.is_empty()
        });
        let added = added.map(|(id, (token, kind))| {
            json!({
                "id": id, "content": token, "special": kind == CONTROL, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false,
            })
        });
        added.collect()
    }

    /// The tokens put before and after every text.
    fn around(&self, tokens: &[&str]) -> Result<Option<Json>> {
        let is_pieces = self.text("tokenizer.ggml.model") == Some("llama");
        let is_llama3 = self.text("tokenizer.ggml.pre").is_some_and(is_llama3);
        // What llama.cpp does where a file does not say.
        let adds_start =
            self.switch("tokenizer.ggml.add_bos_token").unwrap_or(is_pieces || is_llama3);
        let adds_end = self.switch("tokenizer.ggml.add_eos_token").unwrap_or(false);
        let start = self.special(tokens, "bos", adds_start)?;
        let end = self.special(tokens, "eos", adds_end)?;
        if start.is_none() && end.is_none() {
            return Ok(None);
        }
        let piece = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
        let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
        let around = |text: Json| -> Vec<Json> {
            let start = start.map(|(token, _)| piece(token));
            let end = end.map(|(token, _)| piece(token));
            start.into_iter().chain([text]).chain(end).collect()
        };
        let pair = [around(text("A")), around(text("B"))].concat();
        let special = start.into_iter().chain(end).map(|(token, id)| {
            (token.to_owned(), json!({"id": token, "ids": [id], "tokens": [token]}))
        });
        Ok(Some(json!({
            "type": "TemplateProcessing",
            "single": around(text("A")),
            "pair": pair,
            "special_tokens": special.collect::<Map<String, Json>>(),
        })))
    }

    /// The start or end token with its id, if it is wanted.
    fn special<'a>(
        &self,
        tokens: &[&'a str],
        role: &str,
        wanted: bool,
    ) -> Result<Option<(&'a str, u64)>> {
        if !wanted {
            return Ok(None);
        }
        let key = format!("tokenizer.ggml.{role}_token_id");
        let id = self.count(&key);
        let token = id.and_then(|id| tokens.get(usize::try_from(id).ok()?).copied());
        match (token, id) {
            (Some(token), Some(id)) => Ok(Some((token, id))),
            _ => Err(Problem::new(READING, format!("{key} is no token of the vocabulary"))),
        }
    }
}

fn is_llama3(pre: &str) -> bool {
    matches!(pre, "llama-bpe" | "llama3" | "llama-v3" | "falcon3" | "dbrx" | "smaug-bpe")
}

fn vocabulary(tokens: &[&str]) -> Map<String, Json> {
    let ids = tokens.iter().enumerate();
    ids.map(|(id, &token)| (token.to_owned(), json!(id))).collect()
}

/// The merges that a vocabulary with scores implies: every way to cut a token into two tokens, the
/// best token first; as `generate_merges` in transformers' `tokenization_utils_base.py`.
fn derive_merges<'a>(tokens: &[&'a str], scores: &[f64]) -> Result<Vec<(&'a str, &'a str)>> {
    if let Some(long) = tokens.iter().find(|token| token.len() > MAX_TOKEN) {
        let why = format!("a token has {} bytes", long.len());
        return Err(Problem::new(READING, why));
    }
    let ids: HashMap<&str, usize> = tokens.iter().enumerate().map(|(id, &t)| (t, id)).collect();
    let mut merges = Vec::new();
    for (&token, &score) in tokens.iter().zip(scores) {
        let cuts = token.char_indices().skip(1).map(|(at, _)| token.split_at(at));
        let cuts =
            cuts.filter_map(|(left, right)| Some((left, right, ids.get(left)?, ids.get(right)?)));
        let mut cuts: Vec<_> = cuts.collect();
        cuts.sort_by_key(|&(.., left, right)| (left, right));
        merges.extend(cuts.into_iter().map(|(left, right, ..)| (score, left, right)));
    }
    let lengths = |merge: &(f64, &str, &str)| (merge.1.chars().count(), merge.2.chars().count());
    merges.sort_by(|a, b| b.0.total_cmp(&a.0).then(lengths(b).cmp(&lengths(a))));
    Ok(merges.into_iter().map(|(_, left, right)| (left, right)).collect())
}
