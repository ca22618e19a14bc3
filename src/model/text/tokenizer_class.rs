//! What a tokenizer's class in transformers decides, whatever `tokenizer.json` says.
//!
//! transformers 5 takes vocabulary and merges from `tokenizer.json` and builds the rest again, by the
//! class that `tokenizer_config.json` names (`tokenization_bert.py` and its like). So does this
//! program: the numbers that people compare with are those of transformers.

use crate::model::text::tokenizer::Beside;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokenizers::models::ModelWrapper;
use tokenizers::{DecoderWrapper, NormalizerWrapper, PreTokenizerWrapper, Tokenizer as Inner};

/// How Qwen cuts text into words, as in transformers' `tokenization_qwen2.py`.
const QWEN_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The classes that decide something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Bert,
    Camembert,
    Gpt2,
    Llama,
    Qwen2,
    Roberta,
    XlmRoberta,
    /// Any other takes `tokenizer.json` as it is.
    Other,
}

impl Class {
    /// The class that the files name, or else the one of the model. Files of Qwen 2 name many; they
    /// all get its own.
    pub(crate) fn of(named: Option<&str>, model_type: Option<&str>) -> Self {
        match (named.map(|name| name.trim_end_matches("Fast")), model_type) {
            // transformers takes what the file of Phi-3 says, whatever class it names.
            (_, Some("phi3")) => Self::Other,
            (_, Some("qwen2")) | (Some("Qwen2Tokenizer"), _) | (None, Some("qwen3")) => Self::Qwen2,
            (Some("BertTokenizer" | "DistilBertTokenizer" | "ElectraTokenizer"), _)
            | (None, Some("bert" | "distilbert")) => Self::Bert,
            (Some("CamembertTokenizer"), _) | (None, Some("camembert")) => Self::Camembert,
            (Some("GPT2Tokenizer"), _) | (None, Some("gpt2" | "gpt_neo")) => Self::Gpt2,
            (Some("LlamaTokenizer"), _) => Self::Llama,
            (Some("RobertaTokenizer"), _) | (None, Some("roberta")) => Self::Roberta,
            (Some("XLMRobertaTokenizer"), _) | (None, Some("xlm-roberta")) => Self::XlmRoberta,
            _ => Self::Other,
        }
    }

    /// The token that plays a role where no file names one.
    pub(crate) fn default_token(self, role: &str) -> Option<&'static str> {
        match (self, role) {
            (Self::Bert, "unk_token") => Some("[UNK]"),
            (Self::Bert, "sep_token") => Some("[SEP]"),
            (Self::Bert, "pad_token") => Some("[PAD]"),
            (Self::Bert, "cls_token") => Some("[CLS]"),
            (Self::Bert, "mask_token") => Some("[MASK]"),
            (Self::Gpt2, "unk_token" | "bos_token" | "eos_token")
            | (Self::Qwen2, "unk_token" | "eos_token" | "pad_token") => Some("<|endoftext|>"),
            (Self::Llama, "unk_token") => Some("<unk>"),
            (Self::Llama, "bos_token") => Some("<s>"),
            (Self::Llama, "eos_token") => Some("</s>"),
            (Self::Roberta | Self::XlmRoberta | Self::Camembert, role) => match role {
                "bos_token" | "cls_token" => Some("<s>"),
                "eos_token" | "sep_token" => Some("</s>"),
                "unk_token" => Some("<unk>"),
                "pad_token" => Some("<pad>"),
                "mask_token" => Some("<mask>"),
                _ => None,
            },
            _ => None,
        }
    }

    /// Makes the tokenizer cut text as its class would.
    ///
    /// # Errors
    /// When a part cannot be built.
    pub(crate) fn heed(self, inner: &mut Inner, beside: &Beside) -> tokenizers::Result<()> {
        let is_on = |field: &str, default| beside.switch(field).unwrap_or(default);
        let space = beside.switch("add_prefix_space");
        match (self, inner.get_model()) {
            (Self::Bert, ModelWrapper::WordPiece(_)) => {
                let normalizer = json!({
                    "type": "BertNormalizer",
                    "clean_text": true,
                    "handle_chinese_chars": is_on("tokenize_chinese_chars", true),
                    "strip_accents": beside.switch("strip_accents"),
                    "lowercase": is_on("do_lower_case", true),
                });
                normalize(inner, normalizer)?;
                cut(inner, json!({"type": "BertPreTokenizer"}))
            }
            // Where words are cut by more than GPT-2's rule, the model was trained with that.
            (Self::Gpt2 | Self::Roberta, ModelWrapper::BPE(_)) => {
                if let Some(PreTokenizerWrapper::ByteLevel(_)) = inner.get_pre_tokenizer() {
                    cut(inner, byte_level(space.unwrap_or(false), true))?;
                }
                Ok(())
            }
            (Self::Llama, ModelWrapper::BPE(_)) if !is_byte_level(inner) => {
                let space = space.unwrap_or(true);
                let is_legacy = is_on("legacy", false);
                normalize(inner, Value::Null)?;
                let scheme = match (space, is_legacy) {
                    (false, _) => "never",
                    (true, true) => "always",
                    (true, false) => "first",
                };
                cut(inner, metaspace(scheme, false))?;
                inner.with_decoder(part::<Option<DecoderWrapper>>(sentencepiece_decoder(space))?);
                Ok(())
            }
            (Self::Qwen2, ModelWrapper::BPE(_)) => {
                normalize(inner, json!({"type": "NFC"}))?;
                let words = json!({
                    "type": "Split", "pattern": {"Regex": QWEN_WORDS}, "behavior": "Isolated", "invert": false
                });
                let steps = [words, byte_level(space.unwrap_or(false), false)];
                cut(inner, json!({"type": "Sequence", "pretokenizers": steps}))
            }
            (Self::XlmRoberta | Self::Camembert, ModelWrapper::Unigram(_)) => {
                let scheme = if space.unwrap_or(true) { "always" } else { "never" };
                let steps = [json!({"type": "WhitespaceSplit"}), metaspace(scheme, true)];
                cut(inner, json!({"type": "Sequence", "pretokenizers": steps}))?;
                inner.with_decoder(part::<Option<DecoderWrapper>>(metaspace(scheme, true))?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The tokens put around every text, once all tokens are known.
    ///
    /// # Errors
    /// When they cannot be put there.
    pub(crate) fn surround(self, inner: &mut Inner, beside: &Beside) -> tokenizers::Result<()> {
        let token = |role: &str| {
            let content = beside.token(role)?;
            inner.token_to_id(&content).map(|id| (content, id))
        };
        let (start, end) = match (self, inner.get_model()) {
            (Self::Bert, ModelWrapper::WordPiece(_))
            | (Self::Roberta, ModelWrapper::BPE(_))
            | (Self::XlmRoberta | Self::Camembert, ModelWrapper::Unigram(_)) => {
                let Some(both) = token("cls_token").zip(token("sep_token")) else {
                    return Ok(());
                };
                (Some(both.0), Some(both.1))
            }
            _ => {
                let adds = ["add_bos_token", "add_eos_token"].map(|field| beside.switch(field));
                if adds == [None, None] {
                    return Ok(());
                }
                let adds = adds.map(|adds| adds.unwrap_or(false));
                (
                    adds[0].then(|| token("bos_token")).flatten(),
                    adds[1].then(|| token("eos_token")).flatten(),
                )
            }
        };
        inner.with_post_processor(Some(part::<tokenizers::PostProcessorWrapper>(template(
            start.as_ref(),
            end.as_ref(),
        ))?));
        Ok(())
    }
}

fn part<T: DeserializeOwned>(json: Value) -> tokenizers::Result<T> {
    serde_json::from_value(json).map_err(Into::into)
}

fn normalize(inner: &mut Inner, json: Value) -> tokenizers::Result<()> {
    inner.with_normalizer(part::<Option<NormalizerWrapper>>(json)?).map(|_| ())
}

fn cut(inner: &mut Inner, json: Value) -> tokenizers::Result<()> {
    inner.with_pre_tokenizer(part::<Option<PreTokenizerWrapper>>(json)?);
    Ok(())
}

fn byte_level(space: bool, splits: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": true, "use_regex": splits})
}

fn metaspace(scheme: &str, splits: bool) -> Value {
    json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits})
}

/// How the pieces of `SentencePiece`'s BPE become text again.
pub(crate) fn sentencepiece_decoder(space: bool) -> Value {
    let mut steps = vec![
        json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    if space {
        steps.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
    }
    json!({"type": "Sequence", "decoders": steps})
}

/// A token before and one after every text.
fn template(start: Option<&(String, u32)>, end: Option<&(String, u32)>) -> Value {
    let sign = |token: &(String, u32), segment: u32| json!({"SpecialToken": {"id": token.0, "type_id": segment}});
    let around = |name: &str, segment: u32| -> Vec<Value> {
        let text = json!({"Sequence": {"id": name, "type_id": segment}});
        let (start, end) = (start.map(|t| sign(t, segment)), end.map(|t| sign(t, segment)));
        start.into_iter().chain([text]).chain(end).collect()
    };
    let special = start
        .into_iter()
        .chain(end)
        .map(|(token, id)| (token.clone(), json!({"id": token, "ids": [id], "tokens": [token]})));
    let pair = [around("A", 0), around("B", 1)].concat();
    json!({
        "type": "TemplateProcessing",
        "single": around("A", 0),
        "pair": pair,
        "special_tokens": special.collect::<serde_json::Map<String, Value>>(),
    })
}

/// Is text spelled in bytes, as GPT-2 does it?
fn is_byte_level(inner: &Inner) -> bool {
    let parts = [json!(inner.get_pre_tokenizer()), json!(inner.get_decoder())];
    parts.iter().any(|part| part.to_string().contains("\"ByteLevel\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_class_counts_or_else_the_model() {
        assert_eq!(Class::of(Some("Qwen2TokenizerFast"), None), Class::Qwen2);
        assert_eq!(Class::of(None, Some("qwen3")), Class::Qwen2);
        assert_eq!(Class::of(Some("PreTrainedTokenizerFast"), Some("qwen3")), Class::Other);
        assert_eq!(Class::of(Some("PreTrainedTokenizerFast"), Some("qwen2")), Class::Qwen2);
        assert_eq!(Class::of(None, Some("llama")), Class::Other);
        assert_eq!(Class::of(Some("GPT2Tokenizer"), Some("llama")), Class::Gpt2);
    }
}
