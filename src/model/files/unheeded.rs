//! What a model's files ask for and this program does not do: said, never passed over.

use crate::model::files::config::Config;
use serde_json::{Map, Value};

/// Fields of `generation_config.json` that are heeded, or say nothing about writing.
const HEEDED: [&str; 14] = [
    "_from_model_config",
    "max_length",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "return_dict_in_generate",
    "bos_token_id",
    "cache_implementation",
    "decoder_start_token_id",
    "eos_token_id",
    "pad_token_id",
    "transformers_version",
    "use_cache",
    "trust_remote_code",
];
/// Those that a translator's search heeds too.
const SEARCH: [&str; 7] = [
    "bad_words_ids",
    "early_stopping",
    "forced_eos_token_id",
    "length_penalty",
    "num_beams",
    "renormalize_logits",
    "max_new_tokens",
];

/// What `generation_config.json` sets and nobody applies.
pub(crate) fn generation(config: &Config, json: Option<&[u8]>) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_slice(json?).ok()?;
    let is_translator = matches!(config, Config::Marian(_));
    let is_heeded = |name: &str| HEEDED.contains(&name) || is_translator && SEARCH.contains(&name);
    let left = fields.iter().filter(|(name, value)| !value.is_null() && !is_heeded(name));
    let left: Vec<String> = left.map(|(name, value)| format!("{name} = {value}")).collect();
    (!left.is_empty()).then(|| {
        format!(
            "generation_config.json is not applied (the settings for sampling are yours): {}",
            left.join(", ")
        )
    })
}

/// Fields of `config.json` that change nothing in what is computed here, of any architecture: about
/// training, about other tasks, about how transformers runs the model.
const HARMLESS: [&str; 72] = [
    "_attn_implementation_autoset",
    "_name_or_path",
    "_num_labels",
    "activation_dropout",
    "add_cross_attention",
    "architectures",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attn_pdrop",
    "auto_map",
    "bad_words_ids",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "classif_dropout",
    "classifier_dropout",
    "cls_token_id",
    "decoder_layerdrop",
    "directionality",
    "dropout",
    "dtype",
    "embd_pdrop",
    "encoder_layerdrop",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "hidden_dropout_prob",
    "id2label",
    "init_std",
    "initializer_range",
    "is_decoder",
    "is_encoder_decoder",
    "keys_to_ignore_at_inference",
    "label2id",
    "mask_token_id",
    "max_length",
    "model_type",
    "n_ctx",
    "num_labels",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "pad_token_id",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
    "prefix",
    "problem_type",
    "pruned_heads",
    "qa_dropout",
    "reorder_and_upcast_attn",
    "resid_pdrop",
    "return_dict",
    "sep_token_id",
    "seq_classif_dropout",
    "sinusoidal_pos_embds",
    "task_specific_params",
    "tie_weights_",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "unsloth_version",
    "use_cache",
    "use_return_dict",
    "_commit_hash",
];
/// How their names begin that are about a summary of the text, or about writing.
const HARMLESS_STARTS: [&str; 6] =
    ["summary_", "num_beam", "decoder_", "encoder_", "quantization_", "rope_"];

/// Fields of `config.json` that nobody knows. transformers passes them over too; they are named.
pub(crate) fn config(config: &Config, json: &[u8]) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_slice(json).ok()?;
    let heeded = config.heeded();
    let is_known = |name: &str| {
        HARMLESS.contains(&name)
            || heeded.contains(&name)
            || HARMLESS_STARTS.iter().any(|start| name.starts_with(start))
    };
    let left = fields.iter().filter(|(name, value)| !value.is_null() && !is_known(name));
    let left: Vec<&str> = left.map(|(name, _)| name.as_str()).collect();
    (!left.is_empty())
        .then(|| format!("fields of config.json that are not known here: {}", left.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_applied_is_said() {
        let json = br#"{"model_type":"gpt2","n_layer":1,"n_head":1,"swizzle":3,"attn_pdrop":0.1}"#;
        let parsed = Config::parse(json).unwrap();
        let note = config(&parsed, json).unwrap();
        assert!(note.ends_with("not known here: swizzle"), "{note}");
        let settings = br#"{"eos_token_id":1,"temperature":0.7,"top_p":null}"#;
        let note = generation(&parsed, Some(settings)).unwrap();
        assert!(note.ends_with(": temperature = 0.7"), "{note}");
        assert_eq!(generation(&parsed, Some(br#"{"eos_token_id":1}"#)), None);
    }
}
