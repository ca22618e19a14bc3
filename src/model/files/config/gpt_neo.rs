//! `config.json` of a GPT-Neo checkpoint, such as that of `TinyStories`.

use super::{OneOrMany, READING, check_epsilon, check_sizes, function, read};
use crate::model::parts::activation_function::ActivationFunction;
use crate::problem::{Problem, Result};
use crate::trace::ModelInfo;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields that change the numbers, with the defaults of transformers' `GPTNeoConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct GptNeoConfig {
    /// Number of tokens known.
    pub vocab_size: usize,
    /// Longest sequence, in tokens.
    pub max_position_embeddings: usize,
    /// Width of the residual stream, `d_model`.
    pub hidden_size: usize,
    /// Number of blocks.
    #[serde(alias = "num_hidden_layers")]
    pub num_layers: usize,
    /// Heads per block.
    #[serde(alias = "num_attention_heads")]
    pub num_heads: usize,
    /// Hidden width of the MLP; four times `hidden_size` when absent.
    pub intermediate_size: Option<usize>,
    /// How often which sequence of kinds of attention is repeated.
    pub attention_types: Vec<(Vec<Reach>, usize)>,
    /// How many tokens a local layer's token looks at most.
    pub window_size: usize,
    /// Name of the MLP's nonlinearity.
    pub activation_function: String,
    /// Added to the variance in every norm.
    pub layer_norm_epsilon: f64,
    /// Is the unembedding the transposed token embedding?
    pub tie_word_embeddings: bool,
    /// The token or tokens that end a text, if any.
    pub eos_token_id: Option<OneOrMany>,
}

/// How far back the attention of a layer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// To the beginning of the text.
    Global,
    /// As far as the window.
    Local,
}

impl Default for GptNeoConfig {
    fn default() -> Self {
        Self {
            vocab_size: 50_257,
            max_position_embeddings: 2_048,
            hidden_size: 2_048,
            num_layers: 24,
            num_heads: 16,
            intermediate_size: None,
            attention_types: vec![(vec![Reach::Global, Reach::Local], 12)],
            window_size: 256,
            activation_function: "gelu_new".into(),
            layer_norm_epsilon: 1e-5,
            tie_word_embeddings: true,
            eos_token_id: Some(OneOrMany::One(50_256)),
        }
    }
}

impl GptNeoConfig {
    /// Reads and checks the fields of a `config.json`.
    pub(super) fn from_fields(fields: &Map<String, Value>) -> Result<Self> {
        let mut config: Self = read(fields)?;
        let has_no_end = fields.get("eos_token_id").is_some_and(Value::is_null);
        config.eos_token_id = config.eos_token_id.filter(|_| !has_no_end);
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("hidden_size", self.hidden_size),
            ("num_layers", self.num_layers),
            ("num_heads", self.num_heads),
            ("intermediate_size", self.intermediate_size.unwrap_or(1)),
            ("window_size", self.window_size),
        ])?;
        let problem = |why: String, cure: &str| Err(Problem::new(READING, why).cure(cure));
        let (n_heads, d) = (self.num_heads, self.hidden_size);
        if !d.is_multiple_of(n_heads) {
            let why = format!("num_heads = {n_heads} does not divide hidden_size = {d}");
            return problem(why, "Every head needs the same share of the width");
        }
        let lengths = self.attention_types.iter();
        let lengths = lengths.map(|(kinds, times)| kinds.len().checked_mul(*times));
        let n_kinds = lengths.into_iter().try_fold(0, |sum: usize, n| sum.checked_add(n?));
        if n_kinds != Some(self.num_layers) {
            let why =
                format!("attention_types does not say it for num_layers = {}", self.num_layers);
            return problem(why, "It must name global or local for each layer");
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

    /// Hidden width of the MLP.
    pub fn d_mlp(&self) -> usize {
        self.intermediate_size.unwrap_or(4 * self.hidden_size)
    }

    /// The layers whose attention looks to the beginning of the text.
    fn global_layers(&self) -> Vec<usize> {
        let kinds = self.attention_types.iter();
        let kinds = kinds.flat_map(|(kinds, times)| kinds.repeat(*times)).enumerate();
        kinds.filter(|(_, kind)| *kind == Reach::Global).map(|(layer, _)| layer).collect()
    }

    /// Number of trained parameters.
    pub fn n_params(&self) -> usize {
        let (d, m) = (self.hidden_size, self.d_mlp());
        let block = 4 * d * d + d + 2 * d * m + m + d + 4 * d;
        let tables = if self.tie_word_embeddings { 1 } else { 2 };
        (tables * self.vocab_size + self.max_position_embeddings) * d
            + self.num_layers * block
            + 2 * d
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> Vec<u32> {
        OneOrMany::ids(self.eos_token_id.as_ref())
    }

    /// What there is to say about such a model.
    pub fn info(&self, name: &str) -> ModelInfo {
        let global_layers = self.global_layers();
        let is_local = global_layers.len() < self.num_layers;
        let window = is_local.then_some(self.window_size);
        ModelInfo {
            name: name.to_owned(),
            architecture: "gpt_neo".to_owned(),
            n_layers: self.num_layers,
            n_heads: self.num_heads,
            d_model: self.hidden_size,
            d_head: self.hidden_size / self.num_heads.max(1),
            d_mlp: self.d_mlp(),
            n_ctx: self.max_position_embeddings,
            vocab_size: self.vocab_size,
            n_params: self.n_params(),
            activation_function: self.activation_function.clone(),
            layer_norm_epsilon: self.layer_norm_epsilon,
            global_layers: if is_local { global_layers } else { Vec::new() },
            window,
            ..ModelInfo::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn local_layers_have_a_window() {
        let json = br#"{"model_type":"gpt_neo","num_layers":4,"hidden_size":64,"vocab_size":50257,
            "attention_types":[[["global","local"],2]],"window_size":8,"intermediate_size":null}"#;
        let Config::GptNeo(config) = Config::parse(json).unwrap() else { panic!("another") };
        let info = config.info("stories");
        let windows: Vec<_> = (0..4).map(|layer| info.window_of(layer)).collect();
        assert_eq!(windows, [None, Some(8), None, Some(8)]);
        // GPTNeoForCausalLM of that config.
        assert_eq!(info.n_params, 3_546_816);
    }

    #[test]
    fn refusals_name_the_field() {
        for (fields, said) in [
            (r#""num_heads":7"#, "num_heads = 7 does not divide"),
            (r#""num_layers":3"#, "attention_types"),
            (r#""attention_types":[[["global"],9223372036854775807]]"#, "attention_types"),
            (r#""attention_types":[[["sideways"],24]]"#, "sideways"),
        ] {
            let json = format!(r#"{{"model_type":"gpt_neo",{fields}}}"#);
            let problem = Config::parse(json.as_bytes()).unwrap_err();
            assert!(problem.why.contains(said), "{json}: {}", problem.why);
        }
    }
}
