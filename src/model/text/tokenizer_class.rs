//! What a tokenizer's class in transformers decides, whatever `tokenizer.json` says.

use serde_json::{Map, Value, json};

/// How Qwen cuts text into words, as in transformers' `tokenization_qwen2.py`.
const QWEN_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The text of a `tokenizer.json` as its class would have it; the class is that of
/// `tokenizer_config.json`, or the one of the model.
///
/// Qwen's class makes its own normalizer and words. The published files say the same; where another
/// program wrote `tokenizer.json`, the class counts.
///
/// # Errors
/// When the text is no JSON.
pub fn heed_class(
    tokenizer: Vec<u8>,
    class: Option<&str>,
    model_type: Option<&str>,
) -> serde_json::Result<Vec<u8>> {
    let is_qwen = match class {
        Some(class) => class.trim_end_matches("Fast") == "Qwen2Tokenizer",
        None => matches!(model_type, Some("qwen2" | "qwen3")),
    };
    if !is_qwen {
        return Ok(tokenizer);
    }
    let mut fields: Map<String, Value> = serde_json::from_slice(&tokenizer)?;
    let bytes = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false
    });
    let words = json!({
        "type": "Split", "pattern": {"Regex": QWEN_WORDS}, "behavior": "Isolated", "invert": false
    });
    let words = json!({"type": "Sequence", "pretokenizers": [words, bytes]});
    fields.insert("normalizer".to_owned(), json!({"type": "NFC"}));
    fields.insert("pre_tokenizer".to_owned(), words);
    serde_json::to_vec(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_counts_or_else_the_model() {
        let is_changed = |class, model_type| {
            let json = br#"{"normalizer":null}"#.to_vec();
            heed_class(json.clone(), class, model_type).unwrap() != json
        };
        assert!(is_changed(Some("Qwen2TokenizerFast"), None));
        assert!(is_changed(None, Some("qwen3")));
        assert!(!is_changed(Some("PreTrainedTokenizerFast"), Some("qwen2")));
        assert!(!is_changed(None, Some("llama")));
        assert!(heed_class(b"[]".to_vec(), None, Some("qwen2")).is_err());
    }
}
