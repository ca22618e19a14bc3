//! `config.json` of a GPT-NeoX checkpoint, such as Pythia's.

use super::rope::Rope;
use super::{OneOrMany, READING, check_epsilon, check_sizes, function, read, unsupported};
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::parts::attention::Heads;
use crate::model::parts::rotary::Rotary;
use crate::problem::{Problem, Result};
use crate::trace::{ModelInfo, Positions};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields that change the numbers, with the defaults of transformers' `GPTNeoXConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct GptNeoXConfig {
    /// Number of tokens known.
    pub vocab_size: usize,
    /// Longest sequence, in tokens.
    pub max_position_embeddings: usize,
    /// Width of the residual stream, `d_model`.
    pub hidden_size: usize,
    /// Number of blocks.
    pub num_hidden_layers: usize,
    /// Heads per block.
    pub num_attention_heads: usize,
    /// Hidden width of the MLP.
    pub intermediate_size: usize,
    /// Name of the MLP's nonlinearity.
    pub hidden_act: String,
    /// Added to the variance in every norm.
    pub layer_norm_eps: f64,
    /// Do attention and MLP read the same stream, side by side?
    pub use_parallel_residual: bool,
    /// Do attention's matrices have biases?
    pub attention_bias: bool,
    /// Is the unembedding the transposed token embedding?
    pub tie_word_embeddings: bool,
    /// The token or tokens that end a text, if any.
    pub eos_token_id: Option<OneOrMany>,
    /// The frequencies of the rotations, and the share of each head that they turn.
    #[serde(skip)]
    pub rope: Rope,
}

impl Default for GptNeoXConfig {
    fn default() -> Self {
        Self {
            vocab_size: 50_432,
            max_position_embeddings: 2_048,
            hidden_size: 6_144,
            num_hidden_layers: 44,
            num_attention_heads: 64,
            intermediate_size: 24_576,
            hidden_act: "gelu".into(),
            layer_norm_eps: 1e-5,
            use_parallel_residual: true,
            attention_bias: true,
            tie_word_embeddings: false,
            eos_token_id: Some(OneOrMany::One(2)),
            rope: Rope::default(),
        }
    }
}

impl GptNeoXConfig {
    /// Reads and checks the fields of a `config.json`.
    pub(super) fn from_fields(fields: &Map<String, Value>) -> Result<Self> {
        let mut config: Self = read(fields)?;
        let has_no_end = fields.get("eos_token_id").is_some_and(Value::is_null);
        config.eos_token_id = config.eos_token_id.filter(|_| !has_no_end);
        config.check()?;
        let mut fields = fields.clone();
        let is_given = fields
            .get("rope_parameters")
            .is_some_and(|rope| rope.get("partial_rotary_factor").is_some());
        if !is_given && fields.get("rotary_pct").is_none_or(Value::is_null) {
            fields.insert("rotary_pct".into(), 0.25.into());
        }
        config.rope =
            Rope::from_fields(&fields, config.max_position_embeddings, config.heads().d_head)?;
        let turned = config.rope.n_turned(config.heads().d_head);
        if turned == 0 || !turned.is_multiple_of(2) {
            return Err(unsupported("rotary_pct", &config.rope.share.into()));
        }
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
        ])?;
        let (n_heads, d) = (self.num_attention_heads, self.hidden_size);
        if !d.is_multiple_of(n_heads) {
            let why = format!("num_attention_heads = {n_heads} does not divide hidden_size = {d}");
            return Err(
                Problem::new(READING, why).cure("Every head needs the same share of the width")
            );
        }
        check_epsilon("layer_norm_eps", self.layer_norm_eps)?;
        self.function().map(|_| ())
    }

    /// The MLP's nonlinearity.
    ///
    /// # Errors
    /// When no function of that name is known.
    pub fn function(&self) -> Result<ActivationFunction> {
        function("hidden_act", &self.hidden_act)
    }

    /// How attention is cut into heads.
    pub fn heads(&self) -> Heads {
        let n_heads = self.num_attention_heads;
        let d_head = self.hidden_size / n_heads.max(1);
        Heads { n_heads, n_kv_heads: n_heads, d_head, scaling: 1.0 / (d_head as f64).sqrt() }
    }

    /// How queries and keys are turned.
    pub fn rotary(&self) -> Rotary {
        self.rope.rotary(self.heads().d_head)
    }

    /// Number of trained parameters.
    pub fn n_params(&self) -> usize {
        let (d, m) = (self.hidden_size, self.intermediate_size);
        let attention = 4 * d * d + if self.attention_bias { 4 * d } else { 0 };
        let block = attention + 2 * d * m + m + d + 4 * d;
        let tables = if self.tie_word_embeddings { 1 } else { 2 };
        tables * self.vocab_size * d + self.num_hidden_layers * block + 2 * d
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> Vec<u32> {
        OneOrMany::ids(self.eos_token_id.as_ref())
    }

    /// What there is to say about such a model.
    pub fn info(&self, name: &str) -> ModelInfo {
        ModelInfo {
            name: name.to_owned(),
            architecture: "gpt_neox".to_owned(),
            n_layers: self.num_hidden_layers,
            n_heads: self.num_attention_heads,
            d_model: self.hidden_size,
            d_head: self.heads().d_head,
            d_mlp: self.intermediate_size,
            n_ctx: self.max_position_embeddings,
            vocab_size: self.vocab_size,
            n_params: self.n_params(),
            activation_function: self.hidden_act.clone(),
            layer_norm_epsilon: self.layer_norm_eps,
            positions: Positions::Rotary,
            parallel: self.use_parallel_residual,
            ..ModelInfo::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn pythia_is_read_as_published() {
        // EleutherAI/pythia-70m.
        let json =
            br#"{"architectures":["GPTNeoXForCausalLM"],"hidden_size":512,"intermediate_size":2048,
            "num_attention_heads":8,"num_hidden_layers":6,"rotary_emb_base":10000,"rotary_pct":0.25,
            "vocab_size":50304,"eos_token_id":0,"tie_word_embeddings":false}"#;
        let Config::GptNeoX(config) = Config::parse(json).unwrap() else { panic!("another") };
        assert_eq!(config.n_params(), 70_426_624);
        assert_eq!(config.rotary().frequencies.len(), 8);
        assert!(config.info("pythia").parallel);
    }

    #[test]
    fn refusals_name_the_field() {
        for (fields, said) in [
            (r#""num_attention_heads":7"#, "num_attention_heads = 7 does not divide"),
            (r#""rotary_pct":0"#, "partial_rotary_factor = 0"),
            (r#""rotary_pct":0.01"#, "rotary_pct = 0.01"),
            (r#""layer_norm_eps":-1"#, "layer_norm_eps"),
            (r#""hidden_act":"xielu""#, "hidden_act"),
        ] {
            let json = format!(r#"{{"model_type":"gpt_neox",{fields}}}"#);
            let problem = Config::parse(json.as_bytes()).unwrap_err();
            assert!(problem.why.contains(said), "{json}: {}", problem.why);
        }
    }
}
