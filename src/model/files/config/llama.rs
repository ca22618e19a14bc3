//! The Llama family: Llama, Mistral, Qwen2, Qwen3, Phi-3.

use super::rope::Rope;
use super::{OneOrMany, READING, check_epsilon, check_sizes, function, unsupported};
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::parts::attention::Heads;
use crate::model::parts::rotary::Rotary;
use crate::problem::{Problem, Result};
use crate::trace::{ModelInfo, NormKind, Positions};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The fields that change the numbers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LlamaConfig {
    /// Which member of the family it is.
    #[serde(skip)]
    pub family: Family,
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
    /// Keys and values per block; as many as heads when absent.
    pub num_key_value_heads: Option<usize>,
    /// Width of one head; its share of `hidden_size` when absent.
    pub head_dim: Option<usize>,
    /// Hidden width of the MLP.
    pub intermediate_size: usize,
    /// Name of the MLP's nonlinearity.
    pub hidden_act: String,
    /// Added to the mean square in every norm.
    pub rms_norm_eps: f64,
    /// Do attention's matrices have biases? Read for Llama and Qwen3; Qwen2 always has some.
    pub attention_bias: bool,
    /// Do the MLP's matrices have biases? Read for Llama.
    pub mlp_bias: bool,
    /// How many tokens back attention looks at most; everywhere when absent.
    pub sliding_window: Option<usize>,
    /// Is the unembedding the transposed token embedding?
    pub tie_word_embeddings: bool,
    /// The token or tokens that end a text, if any.
    pub eos_token_id: Option<OneOrMany>,
    /// The frequencies of the rotations.
    #[serde(skip)]
    pub rope: Rope,
}

/// The members of the family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// Llama 1 to 3 and the many models made like them.
    #[default]
    Llama,
    /// Llama with a window.
    Mistral,
    /// Llama with biases on queries, keys and values.
    Qwen2,
    /// Llama with norms on each head's queries and keys.
    Qwen3,
    /// Llama whose matrices of attention, and of the MLP, are stored as one; of some, only a part of
    /// each head is turned.
    Phi3,
}

/// Which matrices of attention have biases.
#[derive(Debug, Clone, Copy)]
pub struct AttentionBiases {
    /// Those of queries, keys and values.
    pub qkv: bool,
    /// The one that leads back to the stream.
    pub out: bool,
}

impl Family {
    /// Every member with its `model_type`.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("llama", Self::Llama),
        ("mistral", Self::Mistral),
        ("qwen2", Self::Qwen2),
        ("qwen3", Self::Qwen3),
        ("phi3", Self::Phi3),
    ];

    /// Its `model_type`.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, family)| *family == self);
        found.map_or("llama", |(name, _)| name)
    }

    /// What transformers fills in where a `config.json` says nothing.
    fn defaults(self) -> Value {
        let (vocab_size, intermediate_size, max_position_embeddings) = match self {
            Self::Llama => (32_000, 11_008, 2_048),
            Self::Mistral => (32_000, 14_336, 131_072),
            Self::Qwen2 | Self::Qwen3 => (151_936, 22_016, 32_768),
            Self::Phi3 => (32_064, 8_192, 4_096),
        };
        let (num_key_value_heads, head_dim, eos_token_id) = match self {
            Self::Llama => (None, None, Some(2)),
            Self::Mistral => (Some(8), None, Some(2)),
            Self::Qwen2 => (Some(32), None, None),
            Self::Qwen3 => (Some(32), Some(128), None),
            Self::Phi3 => (None, None, Some(32_000)),
        };
        let (hidden_size, epsilon) = if self == Self::Phi3 { (3_072, 1e-5) } else { (4_096, 1e-6) };
        let sliding_window = (!matches!(self, Self::Llama | Self::Phi3)).then_some(4_096);
        json!({
            "vocab_size": vocab_size,
            "max_position_embeddings": max_position_embeddings,
            "hidden_size": hidden_size,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": num_key_value_heads,
            "head_dim": head_dim,
            "intermediate_size": intermediate_size,
            "hidden_act": "silu",
            "rms_norm_eps": epsilon,
            "attention_bias": false,
            "mlp_bias": false,
            "sliding_window": sliding_window,
            "tie_word_embeddings": false,
            "eos_token_id": eos_token_id,
        })
    }
}

/// Fields where an explicit null means none; elsewhere it means the default.
const NULLABLE: [&str; 4] = ["num_key_value_heads", "head_dim", "sliding_window", "eos_token_id"];

impl LlamaConfig {
    /// Reads and checks the fields of a `config.json`.
    pub(super) fn from_fields(family: Family, fields: &Map<String, Value>) -> Result<Self> {
        let mut merged = family.defaults();
        if let Value::Object(merged) = &mut merged {
            let given = fields.iter();
            let given = given.filter(|(k, v)| !v.is_null() || NULLABLE.contains(&k.as_str()));
            merged.extend(given.map(|(k, v)| (k.clone(), v.clone())));
        }
        let mut config: Self =
            serde_json::from_value(merged).map_err(|e| Problem::new(READING, e))?;
        config.family = family;
        config.check()?;
        config.sliding_window = config.window(fields)?;
        config.rope =
            Rope::from_fields(fields, config.max_position_embeddings, config.heads().d_head)?;
        let is_whole = config.rope.share == 1.0;
        let n_turned = config.rope.n_turned(config.heads().d_head);
        let is_part = family == Family::Phi3 && n_turned > 0 && n_turned.is_multiple_of(2);
        if !is_whole && !is_part {
            return Err(unsupported("partial_rotary_factor", &config.rope.share.into()));
        }
        if fields.get("pretraining_tp").and_then(Value::as_u64).unwrap_or(1) > 1 {
            return Err(unsupported("pretraining_tp", &fields["pretraining_tp"]));
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
            ("num_key_value_heads", self.num_key_value_heads.unwrap_or(1)),
            ("head_dim", self.head_dim.unwrap_or(1)),
            ("intermediate_size", self.intermediate_size),
            ("sliding_window", self.sliding_window.unwrap_or(1)),
        ])?;
        let n_heads = self.num_attention_heads;
        let heads = self.heads();
        let problem = |why, cure: &str| Err(Problem::new(READING, why).cure(cure));
        if self.head_dim.is_none() && !self.hidden_size.is_multiple_of(n_heads) {
            let why = format!(
                "num_attention_heads = {n_heads} does not divide hidden_size = {}",
                self.hidden_size
            );
            return problem(why, "Every head needs the same share of the width");
        }
        if !n_heads.is_multiple_of(heads.n_kv_heads) {
            let why = format!(
                "num_key_value_heads = {} does not divide num_attention_heads = {n_heads}",
                heads.n_kv_heads
            );
            return problem(why, "Every group needs the same number of heads");
        }
        if !heads.d_head.is_multiple_of(2) {
            let why = format!("head_dim = {} is odd", heads.d_head);
            return problem(why, "Rotations turn pairs of dimensions");
        }
        check_epsilon("rms_norm_eps", self.rms_norm_eps)?;
        self.function().map(|_| ())
    }

    /// How far back every layer looks, when that is less than the context.
    fn window(&self, fields: &Map<String, Value>) -> Result<Option<usize>> {
        let window = self.sliding_window;
        let window = window.filter(|&window| window < self.max_position_embeddings);
        match self.family {
            Family::Llama => Ok(None),
            Family::Mistral | Family::Phi3 => Ok(window),
            Family::Qwen2 | Family::Qwen3 => {
                let uses = fields.get("use_sliding_window") == Some(&Value::Bool(true));
                let n_sliding = if uses && window.is_some() { self.n_sliding(fields) } else { 0 };
                match n_sliding {
                    0 => Ok(None),
                    n if n == self.num_hidden_layers => Ok(window),
                    _ => Err(unsupported("use_sliding_window", &Value::Bool(true))),
                }
            }
        }
    }

    /// In how many layers of a Qwen attention looks no further back than its window: those that
    /// `layer_types` names, or else those from `max_window_layers` on.
    fn n_sliding(&self, fields: &Map<String, Value>) -> usize {
        if let Some(kinds) = fields.get("layer_types").and_then(Value::as_array) {
            return kinds.iter().filter(|kind| *kind == "sliding_attention").count();
        }
        let first = fields.get("max_window_layers").and_then(Value::as_u64).unwrap_or(28);
        self.num_hidden_layers.saturating_sub(first.try_into().unwrap_or(usize::MAX))
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
        let d_head = self.head_dim.unwrap_or(self.hidden_size / n_heads.max(1));
        Heads {
            n_heads,
            n_kv_heads: self.num_key_value_heads.unwrap_or(n_heads),
            d_head,
            scaling: 1.0 / (d_head as f64).sqrt(),
        }
    }

    /// How queries and keys are turned.
    pub fn rotary(&self) -> Rotary {
        self.rope.rotary(self.heads().d_head)
    }

    /// Which matrices of attention have biases.
    pub fn attention_biases(&self) -> AttentionBiases {
        let (qkv, out) = match self.family {
            Family::Llama | Family::Qwen3 => (self.attention_bias, self.attention_bias),
            Family::Qwen2 => (true, false),
            Family::Mistral | Family::Phi3 => (false, false),
        };
        AttentionBiases { qkv, out }
    }

    /// Do the MLP's matrices have biases?
    pub fn mlp_biases(&self) -> bool {
        self.family == Family::Llama && self.mlp_bias
    }

    /// Are each head's queries and keys normalised?
    pub fn has_qk_norms(&self) -> bool {
        self.family == Family::Qwen3
    }

    /// Number of trained parameters.
    pub fn n_params(&self) -> usize {
        let (d, m, heads) = (self.hidden_size, self.intermediate_size, self.heads());
        let q_width = heads.n_heads * heads.d_head;
        let qkv_width = q_width + 2 * heads.n_kv_heads * heads.d_head;
        let count = |has: bool, n: usize| if has { n } else { 0 };
        let biases = self.attention_biases();
        let attention = d * qkv_width
            + q_width * d
            + count(biases.qkv, qkv_width)
            + count(biases.out, d)
            + count(self.has_qk_norms(), 2 * heads.d_head);
        let mlp = 3 * d * m + count(self.mlp_biases(), 2 * m + d);
        let block = attention + mlp + 2 * d;
        let unembed = count(!self.tie_word_embeddings, self.vocab_size * d);
        self.vocab_size * d + self.num_hidden_layers * block + d + unembed
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> Vec<u32> {
        OneOrMany::ids(self.eos_token_id.as_ref())
    }

    /// What there is to say about such a model.
    pub fn info(&self, name: &str) -> ModelInfo {
        let heads = self.heads();
        ModelInfo {
            name: name.to_owned(),
            architecture: self.family.name().to_owned(),
            n_layers: self.num_hidden_layers,
            n_heads: heads.n_heads,
            d_model: self.hidden_size,
            d_head: heads.d_head,
            d_mlp: self.intermediate_size,
            n_ctx: self.max_position_embeddings,
            vocab_size: self.vocab_size,
            n_params: self.n_params(),
            activation_function: self.hidden_act.clone(),
            layer_norm_epsilon: self.rms_norm_eps,
            positions: Positions::Rotary,
            norm: NormKind::Rms,
            n_kv_heads: (heads.n_kv_heads != heads.n_heads).then_some(heads.n_kv_heads),
            gated_mlp: true,
            window: self.sliding_window,
            ..ModelInfo::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn parse(json: &str) -> LlamaConfig {
        match Config::parse(json.as_bytes()).unwrap() {
            Config::Llama(config) => config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sizes_are_counted_as_published() {
        // TinyLlama/TinyLlama-1.1B-Chat-v1.0, Qwen/Qwen2.5-0.5B and Qwen/Qwen3-0.6B.
        let tiny = parse(
            r#"{"model_type":"llama","hidden_size":2048,"intermediate_size":5632,
            "num_attention_heads":32,"num_hidden_layers":22,"num_key_value_heads":4}"#,
        );
        assert_eq!(tiny.n_params(), 1_100_048_384);
        let qwen2 = parse(
            r#"{"model_type":"qwen2","hidden_size":896,"intermediate_size":4864,
            "num_attention_heads":14,"num_hidden_layers":24,"num_key_value_heads":2,
            "tie_word_embeddings":true,"sliding_window":16,"use_sliding_window":false}"#,
        );
        assert_eq!(qwen2.n_params(), 494_032_768);
        assert!(qwen2.attention_biases().qkv && !qwen2.attention_biases().out);
        assert_eq!(qwen2.sliding_window, None);
        let qwen3 = parse(
            r#"{"model_type":"qwen3","hidden_size":1024,"intermediate_size":3072,
            "num_attention_heads":16,"num_hidden_layers":28,"num_key_value_heads":8,
            "tie_word_embeddings":true,"eos_token_id":[1,2]}"#,
        );
        assert_eq!(qwen3.n_params(), 596_049_920);
        assert_eq!((qwen3.heads().d_head, qwen3.ends()), (128, vec![1, 2]));
    }

    #[test]
    fn nulls_mean_none_or_the_default() {
        let config = parse(
            r#"{"model_type":"mistral","num_key_value_heads":null,"head_dim":null,
            "sliding_window":null,"hidden_act":null,"rope_scaling":null}"#,
        );
        let heads = config.heads();
        assert_eq!((heads.n_heads, heads.n_kv_heads, heads.d_head), (32, 32, 128));
        assert_eq!((config.sliding_window, config.hidden_act.as_str()), (None, "silu"));
        assert_eq!(config.info("m").n_kv_heads, None);
        let windowed = parse(r#"{"model_type":"mistral","num_key_value_heads":4}"#);
        assert_eq!(windowed.info("m").window, Some(4096));
        assert_eq!(windowed.info("m").n_kv_heads, Some(4));
    }

    #[test]
    fn refusals_name_the_field() {
        for (fields, said) in [
            (r#""head_dim":5"#, "head_dim = 5 is odd"),
            (r#""num_attention_heads":3"#, "does not divide hidden_size"),
            (r#""num_key_value_heads":5"#, "num_key_value_heads = 5 does not divide"),
            (r#""num_key_value_heads":0"#, "num_key_value_heads = 0"),
            (r#""hidden_act":"xielu""#, "hidden_act = \"xielu\""),
            (r#""pretraining_tp":2"#, "pretraining_tp = 2"),
            (r#""partial_rotary_factor":0.5"#, "partial_rotary_factor = 0.5"),
            (r#""rope_theta":0"#, "rope_parameters"),
            (r#""rope_scaling":{"type":"longrope","factor":2}"#, "longrope"),
            (r#""rope_scaling":{"type":"linear"}"#, "rope_scaling lacks factor"),
            (r#""rope_parameters":{"rope_type":"linear","factor":0}"#, "rope_parameters"),
        ] {
            let json = format!(r#"{{"model_type":"llama",{fields}}}"#);
            let problem = Config::parse(json.as_bytes()).unwrap_err();
            assert!(problem.why.contains(said), "{json}: {}", problem.why);
        }
        let json = r#"{"model_type":"qwen2","use_sliding_window":true,"sliding_window":64,"max_window_layers":2}"#;
        let problem = Config::parse(json.as_bytes()).unwrap_err();
        assert!(problem.why.contains("use_sliding_window"));
    }
}
