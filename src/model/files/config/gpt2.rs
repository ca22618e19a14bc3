//! `config.json` of a GPT-2 checkpoint, field by field as Hugging Face publishes it.

use super::{OneOrMany, READING, check_epsilon, check_sizes, function, read};
use crate::model::parts::activation_function::ActivationFunction;
use crate::problem::{Problem, Result};
use crate::trace::ModelInfo;
use serde::Deserialize;
use serde_json::{Map, Value};

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
    /// Reads and checks the fields of a `config.json`.
    pub(super) fn from_fields(fields: &Map<String, Value>) -> Result<Self> {
        let mut config: Self = read(fields)?;
        // For these two an explicit null does not mean the default but none.
        let none = |name| fields.get(name).is_some_and(Value::is_null);
        config.bos_token_id = config.bos_token_id.filter(|_| !none("bos_token_id"));
        config.eos_token_id = config.eos_token_id.filter(|_| !none("eos_token_id"));
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("n_positions", self.n_positions),
            ("n_embd", self.n_embd),
            ("n_layer", self.n_layer),
            ("n_head", self.n_head),
            ("n_inner", self.n_inner.unwrap_or(1)),
        ])?;
        if !self.n_embd.is_multiple_of(self.n_head) {
            let why = format!("n_head = {} does not divide n_embd = {}", self.n_head, self.n_embd);
            return Err(
                Problem::new(READING, why).cure("Every head needs the same share of the width")
            );
        }
        check_epsilon("layer_norm_epsilon", self.layer_norm_epsilon)?;
        self.function().map(|_| ())
    }

    /// The MLP's nonlinearity.
    ///
    /// # Errors
    /// When no function of that name is known.
    pub fn function(&self) -> Result<ActivationFunction> {
        function("activation_function", &self.activation_function)
    }

    /// What there is to say about such a model.
    pub fn info(&self, name: &str) -> ModelInfo {
        ModelInfo {
            name: name.to_owned(),
            architecture: "gpt2".to_owned(),
            n_layers: self.n_layer,
            n_heads: self.n_head,
            d_model: self.n_embd,
            d_head: self.d_head(),
            d_mlp: self.d_mlp(),
            n_ctx: self.n_positions,
            vocab_size: self.vocab_size,
            n_params: self.n_params(),
            activation_function: self.activation_function.clone(),
            layer_norm_epsilon: self.layer_norm_epsilon,
            ..ModelInfo::default()
        }
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
        let unembed = if self.tie_word_embeddings { 0 } else { self.vocab_size * d };
        (self.vocab_size + self.n_positions) * d + self.n_layer * block + 2 * d + unembed
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> Vec<u32> {
        OneOrMany::ids(self.eos_token_id.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn parse(json: &[u8]) -> Gpt2Config {
        match Config::parse(json).unwrap() {
            Config::Gpt2(config) => config,
            other => panic!("{other:?}"),
        }
    }

    fn why(json: &str) -> String {
        Config::parse(json.as_bytes()).unwrap_err().why
    }

    #[test]
    fn defaults_are_those_of_gpt2_small() {
        let config = parse(br#"{"model_type": "gpt2", "n_inner": null}"#);
        assert_eq!(config, Gpt2Config::default());
        assert_eq!(config.n_params(), 124_439_808);
        assert_eq!(config.d_mlp(), 3072);
        assert_eq!(config.ends(), [50256]);
    }

    #[test]
    fn aliases_and_nulls() {
        let json = br#"{"model_type":"gpt2","hidden_size":6,"num_attention_heads":3,"eos_token_id":null,"activation_function":null}"#;
        let config = parse(json);
        assert_eq!((config.n_embd, config.d_head(), config.eos_token_id), (6, 2, None));
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
            (r#"{"model_type":"xlnet"}"#, "model_type = \"xlnet\""),
            (r#"{"architectures":["XLNetModel"]}"#, "XLNetModel"),
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
            (r#"{"model_type":"gpt2","add_cross_attention":true}"#, "add_cross_attention = true"),
            (r#"{"model_type":"gpt2","quantization_config":{"bits":4}}"#, "quantization_config"),
            (r#"{"model_type":"gpt2","layer_norm_epsilon":-1}"#, "layer_norm_epsilon"),
        ] {
            assert!(why(json).contains(field), "{json}: {}", why(json));
        }
    }
}
