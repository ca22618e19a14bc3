//! The `config.json` that belongs to a GGUF file.

use super::{Gguf, Value};
use crate::problem::{Problem, Result};
use serde_json::{Value as Json, json};

const USING: &str = "Could not use the GGUF file";
/// Model families whose tensors and switches are known here, with the name transformers has for each.
const FAMILIES: [&str; 3] = ["llama", "qwen2", "qwen3"];

impl Gguf {
    /// The text of a `config.json` that says what the file's metadata says.
    ///
    /// # Errors
    /// When the model is of another family, or uses something this program would compute wrongly.
    pub fn config_json(&self) -> Result<Vec<u8>> {
        let family = self.text("general.architecture").unwrap_or_default();
        if !FAMILIES.contains(&family) {
            let why = format!("general.architecture = {family:?} is not supported");
            let cure = format!("Supported in GGUF files: {}", FAMILIES.join(", "));
            return Err(Problem::new(USING, why).cure(cure));
        }
        self.refuse_others(family)?;
        let size = |key: &str| self.count(&format!("{family}.{key}"));
        let number = |key: &str| self.value(&format!("{family}.{key}")).and_then(Value::number);
        let need = |key: &str| {
            let key = format!("{family}.{key}");
            let missing = || match self.numbers(&key) {
                Some(sizes) => {
                    Problem::new(USING, format!("{key} differs from layer to layer: {sizes:?}"))
                        .cure("Only models whose layers are all alike can be opened")
                }
                None => Problem::new(USING, format!("{key} is missing")),
            };
            self.count(&key).ok_or_else(missing)
        };
        let heads = need("attention.head_count")?;
        let mut config = json!({
            "model_type": family,
            "hidden_size": need("embedding_length")?,
            "intermediate_size": need("feed_forward_length")?,
            "num_hidden_layers": need("block_count")?,
            "num_attention_heads": heads,
            "num_key_value_heads": match self.value(&format!("{family}.attention.head_count_kv")) {
                None => heads,
                Some(_) => need("attention.head_count_kv")?,
            },
            "max_position_embeddings": need("context_length")?,
            "rms_norm_eps": number("attention.layer_norm_rms_epsilon"),
            "rope_theta": number("rope.freq_base").unwrap_or(10_000.0),
            "vocab_size": self.vocab_size()?,
            "tie_word_embeddings": self.tensor("output.weight").is_none(),
            "attention_bias": self.tensor("blk.0.attn_q.bias").is_some(),
            "hidden_act": "silu",
            "bos_token_id": self.count("tokenizer.ggml.bos_token_id"),
            "eos_token_id": self.end_tokens(),
        });
        if let Some(d_head) = size("attention.key_length").or_else(|| size("rope.dimension_count"))
        {
            config["head_dim"] = json!(d_head);
        }
        if let Some(scaling) = self.rope_scaling(family)? {
            config["rope_scaling"] = scaling;
        }
        Ok(config.to_string().into_bytes())
    }

    /// Switches that change the numbers in a way this program does not compute.
    fn refuse_others(&self, family: &str) -> Result<()> {
        let number = |key: &str| self.value(&format!("{family}.{key}")).and_then(Value::number);
        for key in [
            "expert_count",
            "attention.sliding_window",
            "attention.clamp_kqv",
            "logit_scale",
            "attention.scale",
        ] {
            if let Some(value) = number(key).filter(|&value| value != 0.0) {
                return Err(Problem::new(
                    USING,
                    format!("{family}.{key} = {value} is not supported"),
                ));
            }
        }
        let lengths = (number("attention.key_length"), number("attention.value_length"));
        let (rotated, d_head) = (number("rope.dimension_count"), lengths.0);
        let differ = |a: Option<f64>, b: Option<f64>| a.is_some() && b.is_some() && a != b;
        if differ(lengths.0, lengths.1) || differ(rotated, d_head) {
            let why = "keys, values and their rotated part have different widths";
            return Err(Problem::new(USING, why));
        }
        Ok(())
    }

    /// The size of the vocabulary is that of the embedding table: metadata may leave it out.
    fn vocab_size(&self) -> Result<usize> {
        let table = self.tensor("token_embd.weight");
        let rows = table.and_then(|table| table.shape.first().copied());
        rows.ok_or_else(|| Problem::new(USING, "the tensor token_embd.weight is missing"))
    }

    /// Every token that ends a text or a turn.
    fn end_tokens(&self) -> Vec<u64> {
        let keys = ["eos_token_id", "eot_token_id", "eom_token_id"];
        let ids = keys.iter().filter_map(|key| self.count(&format!("tokenizer.ggml.{key}")));
        let mut ids: Vec<u64> = ids.collect();
        ids.dedup();
        ids
    }

    fn rope_scaling(&self, family: &str) -> Result<Option<Json>> {
        let key = |name: &str| format!("{family}.rope.scaling.{name}");
        let factor = self.value(&key("factor")).and_then(Value::number);
        match (self.text(&key("type")), factor) {
            (None | Some("none"), None) => self.llama3_scaling(),
            (None | Some("none"), Some(1.0)) => Ok(None),
            (None | Some("linear"), Some(factor)) => {
                Ok(Some(json!({"rope_type": "linear", "factor": factor})))
            }
            (Some("yarn"), Some(factor)) => {
                let special = ["attn_factor", "yarn_log_multiplier", "yarn_ext_factor"];
                if let Some(name) =
                    special.into_iter().find(|name| self.value(&key(name)).is_some())
                {
                    return Err(Problem::new(USING, format!("{} is not supported", key(name))));
                }
                let number = |name: &str| self.value(&key(name)).and_then(Value::number);
                Ok(Some(json!({
                    "rope_type": "yarn",
                    "factor": factor,
                    "original_max_position_embeddings": number("original_context_length"),
                    "beta_fast": number("yarn_beta_fast"),
                    "beta_slow": number("yarn_beta_slow"),
                })))
            }
            (kind, _) => {
                let why = format!("{} = {:?} is not supported", key("type"), kind.unwrap_or("?"));
                Err(Problem::new(USING, why))
            }
        }
    }

    /// llama.cpp's converter writes Llama 3's scaling as a tensor: what each frequency is divided
    /// by. Which of the published settings it came from is found by computing them all.
    fn llama3_scaling(&self) -> Result<Option<Json>> {
        let Some(tensor) = self.tensor("rope_freqs.weight") else {
            return Ok(None);
        };
        let given = self.floats(tensor)?;
        let base = self.value("llama.rope.freq_base").and_then(Value::number);
        for factor in [8.0, 32.0, 16.0, 4.0, 2.0] {
            let factors = llama3_factors(given.len(), base.unwrap_or(10_000.0), factor);
            let close = |(&a, &b): (&f32, &f32)| (a - b).abs() <= 1e-4 * b;
            if given.iter().zip(&factors).all(close) {
                return Ok(Some(json!({
                    "rope_type": "llama3",
                    "factor": factor,
                    "low_freq_factor": LOW,
                    "high_freq_factor": HIGH,
                    "original_max_position_embeddings": OLD_CONTEXT,
                })));
            }
        }
        let why = "rope_freqs.weight holds no scaling of rotary positions that is known here";
        Err(Problem::new(USING, why))
    }
}

/// The settings of every published Llama 3.1, 3.2 and 3.3; they differ in the factor alone.
const LOW: f64 = 1.0;
const HIGH: f64 = 4.0;
const OLD_CONTEXT: f64 = 8192.0;

/// What each frequency is divided by: 1 for fast rotations, `factor` for slow ones, in between a
/// mean of the two. As llama.cpp's `convert_hf_to_gguf.py` writes it.
pub(super) fn llama3_factors(n: usize, base: f64, factor: f64) -> Vec<f32> {
    let d_head = 2.0 * n as f64;
    let divisor = |i: usize| {
        let wavelength = std::f64::consts::TAU * base.powf(2.0 * i as f64 / d_head);
        if wavelength < OLD_CONTEXT / HIGH {
            1.0
        } else if wavelength > OLD_CONTEXT / LOW {
            factor
        } else {
            let smooth = (OLD_CONTEXT / wavelength - LOW) / (HIGH - LOW);
            1.0 / ((1.0 - smooth) / factor + smooth)
        }
    };
    (0..n).map(|i| divisor(i) as f32).collect()
}
