//! `config.json` of a GPT-2 checkpoint, field by field as Hugging Face publishes it.

use super::activation_function::ActivationFunction;
use crate::problem::{Problem, Result};
use serde::Deserialize;
use serde_json::Value;

const READING: &str = "Could not use the model's config.json";

/// The fields that change the numbers, with the defaults of transformers' `GPT2Config`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Gpt2Config {
    /// Number of tokens known.
    pub vocab_size: usize,
    /// Longest sequence, in tokens.
    #[serde(alias = "max_position_embeddings")]
    pub n_positions: usize,
    /// Width of the residual stream, `d_model`.
    #[serde(alias = "hidden_size")]
    pub n_embd: usize,
    /// Number of blocks.
    #[serde(alias = "num_hidden_layers")]
    pub n_layer: usize,
    /// Heads per block.
    #[serde(alias = "num_attention_heads")]
    pub n_head: usize,
    /// Hidden width of the MLP; four times `n_embd` when absent.
    pub n_inner: Option<usize>,
    /// Name of the MLP's nonlinearity.
    pub activation_function: String,
    /// Added to the variance in every norm.
    pub layer_norm_epsilon: f64,
    /// Divide attention scores by `√d_head`?
    pub scale_attn_weights: bool,
    /// Divide them by the layer's number too, counted from one?
    pub scale_attn_by_inverse_layer_idx: bool,
    /// Is the unembedding the transposed token embedding?
    pub tie_word_embeddings: bool,
    /// The token that starts a text, if any.
    pub bos_token_id: Option<i64>,
    /// The token or tokens that end a text, if any.
    pub eos_token_id: Option<OneOrMany>,
}

/// Hugging Face writes one end token as a number and several as a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// A single id.
    One(i64),
    /// Several ids.
    Many(Vec<i64>),
}

impl Default for Gpt2Config {
    fn default() -> Self {
        Self {
            vocab_size: 50257,
            n_positions: 1024,
            n_embd: 768,
            n_layer: 12,
            n_head: 12,
            n_inner: None,
            activation_function: "gelu_new".into(),
            layer_norm_epsilon: 1e-5,
            scale_attn_weights: true,
            scale_attn_by_inverse_layer_idx: false,
            tie_word_embeddings: true,
            bos_token_id: Some(50256),
            eos_token_id: Some(OneOrMany::One(50256)),
        }
    }
}

impl Gpt2Config {
    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// When the text is no JSON, or asks for something this program would compute wrongly; the
    /// message names the field.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let fields: Value = serde_json::from_slice(json)
            .map_err(|e| Problem::new(READING, format!("it is not valid JSON ({e})")))?;
        if !fields.is_object() {
            return Err(Problem::new(READING, "it is not a JSON object"));
        }
        refuse_other_models(&fields)?;
        // In Hugging Face's configs an explicit null means the default.
        let given = fields.as_object().into_iter().flatten();
        let given = given.filter(|(_, value)| !value.is_null());
        let given = given.map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut config: Self =
            serde_json::from_value(Value::Object(given)).map_err(|e| Problem::new(READING, e))?;
        // ... except for these two, where it means none.
        let none = |name| fields.get(name).is_some_and(Value::is_null);
        config.bos_token_id = config.bos_token_id.filter(|_| !none("bos_token_id"));
        config.eos_token_id = config.eos_token_id.filter(|_| !none("eos_token_id"));
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("n_positions", self.n_positions),
            ("n_embd", self.n_embd),
            ("n_layer", self.n_layer),
            ("n_head", self.n_head),
            ("n_inner", self.n_inner.unwrap_or(1)),
        ];
        for (name, size) in sizes {
            if size == 0 || size > MAX_SIZE {
                let why = format!("{name} = {size} is out of range (1 to {MAX_SIZE})");
                return Err(Problem::new(READING, why));
            }
        }
        if !self.n_embd.is_multiple_of(self.n_head) {
            let why = format!(
                "n_head = {} does not divide n_embd = {}",
                self.n_head, self.n_embd
            );
            return Err(
                Problem::new(READING, why).cure("Every head needs the same share of the width")
            );
        }
        if !(self.layer_norm_epsilon.is_finite() && self.layer_norm_epsilon >= 0.0) {
            let why = format!(
                "layer_norm_epsilon = {} is no small positive number",
                self.layer_norm_epsilon
            );
            return Err(Problem::new(READING, why));
        }
        self.function().map(|_| ())
    }

    /// Takes the end tokens from `generation_config.json`, which overrides `config.json` where both
    /// say something. A file that cannot be understood changes nothing: it only concerns writing.
    pub fn heed_generation_config(mut self, json: Option<Vec<u8>>) -> Self {
        #[derive(Deserialize)]
        struct Ends {
            eos_token_id: Option<OneOrMany>,
        }
        let ends = json.and_then(|json| serde_json::from_slice::<Ends>(&json).ok());
        self.eos_token_id = ends.and_then(|e| e.eos_token_id).or(self.eos_token_id);
        self
    }

    /// The MLP's nonlinearity.
    ///
    /// # Errors
    /// When no function of that name is known.
    pub fn function(&self) -> Result<ActivationFunction> {
        let name = &self.activation_function;
        ActivationFunction::from_name(name).ok_or_else(|| {
            let known: Vec<&str> = ActivationFunction::NAMES
                .iter()
                .map(|(name, _)| *name)
                .collect();
            Problem::new(
                READING,
                format!("activation_function = {name:?} is not supported"),
            )
            .cure(format!("Supported: {}", known.join(", ")))
        })
    }

    /// Hidden width of the MLP.
    pub fn d_mlp(&self) -> usize {
        self.n_inner.unwrap_or(4 * self.n_embd)
    }

    /// Width of one head.
    pub fn d_head(&self) -> usize {
        self.n_embd / self.n_head
    }

    /// What q·k is multiplied by in block `layer`.
    pub fn attention_scaling(&self, layer: usize) -> f64 {
        let mut scaling = 1.0;
        if self.scale_attn_weights {
            scaling /= (self.d_head() as f64).sqrt();
        }
        if self.scale_attn_by_inverse_layer_idx {
            scaling /= (layer + 1) as f64;
        }
        scaling
    }

    /// Number of trained parameters.
    pub fn n_params(&self) -> usize {
        let (d, m) = (self.n_embd, self.d_mlp());
        let attention = d * 3 * d + 3 * d + d * d + d;
        let mlp = d * m + m + m * d + d;
        let block = attention + mlp + 4 * d;
        let unembed = if self.tie_word_embeddings {
            0
        } else {
            self.vocab_size * d
        };
        (self.vocab_size + self.n_positions) * d + self.n_layer * block + 2 * d + unembed
    }

    /// Does this token end a text?
    pub fn is_end(&self, id: u32) -> bool {
        self.ends().contains(&id)
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> Vec<u32> {
        let ends: &[i64] = match &self.eos_token_id {
            None => &[],
            Some(OneOrMany::One(end)) => std::slice::from_ref(end),
            Some(OneOrMany::Many(ends)) => ends,
        };
        ends.iter().filter_map(|&end| end.try_into().ok()).collect()
    }
}

/// No published model comes near; a config beyond it is damaged, and products of such sizes would
/// overflow.
const MAX_SIZE: usize = 1 << 24;

/// Refuses configs whose numbers would come out wrong, rather than showing something else.
fn refuse_other_models(fields: &Value) -> Result<()> {
    let architecture = fields
        .get("architectures")
        .and_then(|a| a.get(0))
        .and_then(Value::as_str);
    let model_type = fields.get("model_type").and_then(Value::as_str);
    let is_gpt2 = match (model_type, architecture) {
        (Some(model_type), _) => model_type == "gpt2",
        (None, Some(architecture)) => architecture.starts_with("GPT2"),
        (None, None) => fields.get("n_embd").is_some(),
    };
    if !is_gpt2 {
        let why = match (model_type, architecture) {
            (Some(t), _) => format!("model_type = {t:?} is not supported"),
            (None, Some(a)) => format!("architectures = [{a:?}] is not supported"),
            (None, None) => "it has no model_type".to_owned(),
        };
        return Err(
            Problem::new(READING, why).cure("Open a checkpoint whose model_type is \"gpt2\"")
        );
    }
    for field in ["add_cross_attention", "quantization_config", "pruned_heads"] {
        let harmless = match fields.get(field) {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::Object(map)) => map.is_empty(),
            Some(_) => false,
        };
        if !harmless {
            let why = format!("{field} = {} is not supported", fields[field]);
            return Err(Problem::new(READING, why)
                .cure("Its numbers would come out wrong, so the model is not opened"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(json: &str) -> String {
        Gpt2Config::parse(json.as_bytes()).unwrap_err().why
    }

    #[test]
    fn defaults_are_those_of_gpt2_small() {
        let config = Gpt2Config::parse(br#"{"model_type": "gpt2", "n_inner": null}"#).unwrap();
        assert_eq!(config, Gpt2Config::default());
        assert_eq!(config.n_params(), 124_439_808);
        assert_eq!(config.d_mlp(), 3072);
        assert!(config.is_end(50256));
    }

    #[test]
    fn aliases_and_nulls() {
        let json = br#"{"model_type":"gpt2","hidden_size":6,"num_attention_heads":3,"eos_token_id":null,"activation_function":null}"#;
        let config = Gpt2Config::parse(json).unwrap();
        assert_eq!(
            (config.n_embd, config.d_head(), config.eos_token_id),
            (6, 2, None)
        );
        assert_eq!(config.activation_function, "gelu_new");
    }

    #[test]
    fn scaling_follows_the_switches() {
        let scaling = |a, b| {
            let config = Gpt2Config {
                n_embd: 8,
                n_head: 2,
                scale_attn_weights: a,
                scale_attn_by_inverse_layer_idx: b,
                ..Gpt2Config::default()
            };
            config.attention_scaling(3)
        };
        assert_eq!(scaling(false, false), 1.0);
        assert_eq!(scaling(true, false), 0.5); // 1/√4
        assert_eq!(scaling(true, true), 0.125); // 1/√4 / 4
    }

    #[test]
    fn refusals_name_the_field() {
        for (json, field) in [
            ("[1]", "not a JSON object"),
            ("{", "not valid JSON"),
            (r#"{"model_type":"llama"}"#, "model_type = \"llama\""),
            (r#"{"architectures":["BertModel"]}"#, "BertModel"),
            ("{}", "no model_type"),
            (
                r#"{"model_type":"gpt2","n_embd":10,"n_head":3}"#,
                "n_head = 3 does not divide n_embd = 10",
            ),
            (r#"{"model_type":"gpt2","n_head":0}"#, "n_head = 0"),
            (
                r#"{"model_type":"gpt2","n_embd":9223372036854775807}"#,
                "n_embd = 9223372036854775807",
            ),
            (r#"{"model_type":"gpt2","n_layer":-1}"#, "invalid value"),
            (
                r#"{"model_type":"gpt2","activation_function":"xielu"}"#,
                "activation_function = \"xielu\"",
            ),
            (
                r#"{"model_type":"gpt2","add_cross_attention":true}"#,
                "add_cross_attention = true",
            ),
            (
                r#"{"model_type":"gpt2","quantization_config":{"bits":4}}"#,
                "quantization_config",
            ),
            (
                r#"{"model_type":"gpt2","layer_norm_epsilon":-1}"#,
                "layer_norm_epsilon",
            ),
        ] {
            assert!(why(json).contains(field), "{json}: {}", why(json));
        }
    }
}
