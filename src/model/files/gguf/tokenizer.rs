//! The `tokenizer.json` that belongs to a GGUF file.

use super::Gguf;
use crate::model::text::pieces::{added_token, bpe_json, derive_merges, vocabulary};
use crate::problem::{Problem, Result};
use serde_json::{Map, Value as Json, json};

const READING: &str = "Could not rebuild the tokenizer of the GGUF file";

/// What a token is, by the number the format gives it.
const CONTROL: f64 = 3.0;
const USER_DEFINED: f64 = 4.0;

/// Splits text where the merges of Llama 3 were learned.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The same for Qwen 2 and 3, whose digits stand alone.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Upper case and lower case apart, as tekken (Mistral) has it.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The same for GPT-4o and Llama 4: short endings stay with their word, and digits come in threes.
const GPT_4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// `DeepSeek` 3 splits three times: at digits, at Chinese and Japanese, at the rest.
const DEEPSEEK_3: [&str; 3] = [
    r"\p{N}{1,3}",
    r"[一-龥\u{3040}-ゟ゠-ヿ]+",
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
];

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

    /// How text is split first. A file of before that was written down is one of Llama 3 when it has
    /// Llama 3's tokens, and one of GPT-2 else.
    fn pre(&self) -> &str {
        let is_llama3 = || {
            self.texts("tokenizer.ggml.tokens").is_some_and(|t| t.contains(&"<|begin_of_text|>"))
        };
        match self.text("tokenizer.ggml.pre") {
            Some(pre) => pre,
            None if is_llama3() => "llama-bpe",
            None => "gpt-2",
        }
    }

    /// What there is to say about how the file tells to cut text.
    pub fn tokenizer_note(&self) -> Option<String> {
        let is_missing = self.text("tokenizer.ggml.model") == Some("gpt2")
            && self.text("tokenizer.ggml.pre").is_none();
        is_missing.then(|| {
            format!(
                "the file does not say how text is split before it is cut into tokens \
                 (tokenizer.ggml.pre is missing): the rule of {} is used, and tokens may be wrong if the \
                 model was trained with another",
                self.pre()
            )
        })
    }

    /// Byte-level BPE, as GPT-2 has it. Where text is split first differs from model to model.
    fn byte_level(&self, tokens: &[&str]) -> Result<Json> {
        let Some(merges) = self.texts("tokenizer.ggml.merges") else {
            return Err(Problem::new(READING, "tokenizer.ggml.merges is missing"));
        };
        let bytes = |splits: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": splits});
        let split = |regexes: &[&str]| {
            let split = |regex: &&str| json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
            regexes.iter().map(split).chain([bytes(false)]).collect::<Json>()
        };
        let pre = self.pre();
        let steps = match pre {
            "gpt-2" | "default" | "olmo" => json!([bytes(true)]),
            "smollm" | "starcoder" => {
                json!([{"type": "Digits", "individual_digits": true}, bytes(true)])
            }
            _ if is_llama3(pre) => split(&[LLAMA3]),
            "qwen2" | "deepseek-r1-qwen" | "megrez" => split(&[QWEN2]),
            "tekken" => split(&[TEKKEN]),
            "gpt-4o" | "llama4" => split(&[GPT_4O]),
            "deepseek-v3" => split(&DEEPSEEK_3),
            _ => {
                let why = format!("tokenizer.ggml.pre = {pre:?} is not supported");
                let cure = "Supported are gpt-2, smollm, llama-bpe, qwen2, tekken, gpt-4o, llama4 and deepseek-v3";
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
                "ignore_merges": is_llama3(pre) || pre == "tekken",
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
            None => json!(
                derive_merges(tokens, Some(&scores)).map_err(|why| Problem::new(READING, why))?
            ),
        };
        let space = self.switch("tokenizer.ggml.add_space_prefix").unwrap_or(true);
        let unknown = self.count("tokenizer.ggml.unknown_token_id").unwrap_or(0);
        let unknown = usize::try_from(unknown).ok().and_then(|id| tokens.get(id).copied());
        Ok(bpe_json(tokens, &merges, unknown, space))
    }

    /// Tokens that are found in the text as a whole, before anything is cut.
    fn added_tokens(&self, tokens: &[&str]) -> Json {
        let kinds = self.numbers("tokenizer.ggml.token_type").unwrap_or_default();
        let added = tokens.iter().zip(kinds).enumerate();
        let added = added.filter(|(_, (token, kind))| {
            (*kind == CONTROL || *kind == USER_DEFINED) && !token.is_empty()
        });
        let added = added.map(|(id, (token, kind))| added_token(id, token, kind == CONTROL));
        added.collect()
    }

    /// The tokens put before and after every text.
    fn around(&self, tokens: &[&str]) -> Result<Option<Json>> {
        let is_pieces = self.text("tokenizer.ggml.model") == Some("llama");
        let is_llama3 = !is_pieces && is_llama3(self.pre());
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
