//! `config.json` of BERT, DistilBERT and RoBERTa, field by field as Hugging Face publishes it.

use super::{READING, check_epsilon, check_sizes, function, read, unsupported};
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::parts::pooling::Pooling;
use crate::problem::{Problem, Result};
use crate::trace::{ModelInfo, Predicts, Shape};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Which of the relatives it is: they differ in names, offsets and few constants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BertFamily {
    /// BERT.
    #[default]
    Bert,
    /// DistilBERT: no segments, half the layers, other names.
    DistilBert,
    /// RoBERTa, XLM-RoBERTa and `CamemBERT`: positions count from behind the padding token's id.
    Roberta,
}

/// The fields that change the numbers. DistilBERT's own names of them are read too.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct BertConfig {
    /// Which relative.
    #[serde(skip)]
    pub family: BertFamily,
    /// Number of tokens known.
    pub vocab_size: usize,
    /// Width of the residual stream, `d_model`.
    #[serde(alias = "dim")]
    pub hidden_size: usize,
    /// Number of blocks.
    #[serde(alias = "n_layers")]
    pub num_hidden_layers: usize,
    /// Heads per block.
    #[serde(alias = "n_heads")]
    pub num_attention_heads: usize,
    /// Hidden width of the MLP.
    #[serde(alias = "hidden_dim")]
    pub intermediate_size: usize,
    /// Name of the MLP's nonlinearity.
    #[serde(alias = "activation")]
    pub hidden_act: String,
    /// Rows of the table of positions.
    pub max_position_embeddings: usize,
    /// Number of segments.
    pub type_vocab_size: usize,
    /// Added to the variance in every norm.
    pub layer_norm_eps: f64,
    /// The token that fills up shorter texts.
    pub pad_token_id: usize,
    /// How positions are told apart; only `absolute` is.
    pub position_embedding_type: String,
    /// A BERT that writes is another model.
    pub is_decoder: bool,
    /// How the vectors of all tokens become one for the text; `None` for a way not known here.
    #[serde(skip)]
    pub pooling: Option<Pooling>,
    /// How many tokens of a text its files let it read, when that is less than it could.
    #[serde(skip)]
    pub max_seq_length: Option<usize>,
}

impl Default for BertConfig {
    fn default() -> Self {
        Self {
            family: BertFamily::Bert,
            vocab_size: 30522,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: "gelu".into(),
            max_position_embeddings: 512,
            type_vocab_size: 2,
            layer_norm_eps: 1e-12,
            pad_token_id: 0,
            position_embedding_type: "absolute".into(),
            is_decoder: false,
            pooling: Some(Pooling::default()),
            max_seq_length: None,
        }
    }
}

impl BertFamily {
    /// What checkpoints with a head put before the names of the bare model's tensors.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Bert => "bert.",
            Self::DistilBert => "distilbert.",
            Self::Roberta => "roberta.",
        }
    }

    /// The parts of the head that guesses masked words: a layer, a norm, the scores, their bias.
    pub(crate) fn head(self) -> [&'static str; 4] {
        match self {
            Self::Bert => [
                "cls.predictions.transform.dense",
                "cls.predictions.transform.LayerNorm",
                "cls.predictions.decoder",
                "cls.predictions.bias",
            ],
            Self::DistilBert => {
                ["vocab_transform", "vocab_layer_norm", "vocab_projector", "vocab_projector.bias"]
            }
            Self::Roberta => {
                ["lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head.bias"]
            }
        }
    }

    /// Where the blocks are.
    pub(crate) fn layers(self) -> &'static str {
        match self {
            Self::DistilBert => "transformer.layer",
            _ => "encoder.layer",
        }
    }

    /// A block's parts: q, k, v, attention's output, the norm after it, the MLP's two matrices, the
    /// last norm.
    pub(crate) fn parts(self) -> [&'static str; 8] {
        match self {
            Self::DistilBert => [
                "attention.q_lin",
                "attention.k_lin",
                "attention.v_lin",
                "attention.out_lin",
                "sa_layer_norm",
                "ffn.lin1",
                "ffn.lin2",
                "output_layer_norm",
            ],
            _ => [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "attention.output.LayerNorm",
                "intermediate.dense",
                "output.dense",
                "output.LayerNorm",
            ],
        }
    }
}

impl BertConfig {
    /// Reads and checks the fields of a `config.json`.
    pub(super) fn from_fields(family: BertFamily, fields: &Map<String, Value>) -> Result<Self> {
        let mut config: Self = read(fields)?;
        config.family = family;
        let is_given = |names: [&str; 2]| {
            let value = names.into_iter().find_map(|name| fields.get(name));
            value.is_some_and(|value| !value.is_null())
        };
        match family {
            BertFamily::Bert => {}
            BertFamily::DistilBert => {
                // transformers' DistilBERT has this number in its code, not in its config.
                config.layer_norm_eps = 1e-12;
                if !is_given(["n_layers", "num_hidden_layers"]) {
                    config.num_hidden_layers = 6;
                }
            }
            BertFamily::Roberta => {
                if !is_given(["vocab_size", "vocab_size"]) {
                    config.vocab_size = 50265;
                }
                if !is_given(["pad_token_id", "pad_token_id"]) {
                    config.pad_token_id = 1;
                }
            }
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ])?;
        let (d, heads) = (self.hidden_size, self.num_attention_heads);
        if !d.is_multiple_of(heads) {
            let why = format!("num_attention_heads = {heads} does not divide hidden_size = {d}");
            return Err(
                Problem::new(READING, why).cure("Every head needs the same share of the width")
            );
        }
        if self.n_ctx() == 0 {
            let why = format!(
                "pad_token_id = {} leaves no room in max_position_embeddings = {}",
                self.pad_token_id, self.max_position_embeddings
            );
            return Err(Problem::new(READING, why));
        }
        if self.position_embedding_type != "absolute" {
            let value = Value::String(self.position_embedding_type.clone());
            return Err(unsupported("position_embedding_type", &value));
        }
        if self.is_decoder {
            return Err(unsupported("is_decoder", &Value::Bool(true)));
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

    /// That of the head for masked words: RoBERTa's is always GELU.
    pub(crate) fn head_function(&self) -> Result<ActivationFunction> {
        match self.family {
            BertFamily::Roberta => function("hidden_act", "gelu"),
            _ => self.function(),
        }
    }

    /// Width of one head.
    pub fn d_head(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// Longest text, in tokens. RoBERTa's table begins behind the padding token's id.
    pub fn n_ctx(&self) -> usize {
        let positions = match self.family {
            BertFamily::Roberta => {
                self.max_position_embeddings.saturating_sub(self.pad_token_id + 1)
            }
            _ => self.max_position_embeddings,
        };
        self.max_seq_length.map_or(positions, |limit| limit.min(positions))
    }

    /// Which row of the table of positions each token gets. In RoBERTa padding has a row of its own
    /// and does not count.
    pub fn positions(&self, tokens: &[u32]) -> Vec<u32> {
        if self.family != BertFamily::Roberta {
            return (0..tokens.len() as u32).collect();
        }
        let pad = self.pad_token_id as u32;
        let mut last = pad;
        let position = |&token: &u32| {
            if token == pad {
                return pad;
            }
            last += 1;
            last
        };
        tokens.iter().map(position).collect()
    }

    /// What there is to say about such a model, with a head for masked words.
    pub fn info(&self, name: &str) -> ModelInfo {
        let architecture = match self.family {
            BertFamily::Bert => "bert",
            BertFamily::DistilBert => "distilbert",
            BertFamily::Roberta => "roberta",
        };
        ModelInfo {
            name: name.to_owned(),
            architecture: architecture.to_owned(),
            n_layers: self.num_hidden_layers,
            n_heads: self.num_attention_heads,
            d_model: self.hidden_size,
            d_head: self.d_head(),
            d_mlp: self.intermediate_size,
            n_ctx: self.n_ctx(),
            vocab_size: self.vocab_size,
            activation_function: self.hidden_act.clone(),
            layer_norm_epsilon: self.layer_norm_eps,
            shape: Shape::Encoder,
            post_norm: true,
            predicts: Predicts::Masked,
            embed_norm: true,
            ..ModelInfo::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn parse(json: &str) -> Result<Config> {
        Config::parse(json.as_bytes())
    }

    #[test]
    fn relatives_are_told_apart() {
        let Config::Bert(config) =
            parse(r#"{"model_type":"distilbert","dim":8,"n_heads":2}"#).unwrap()
        else {
            panic!("no BERT");
        };
        assert_eq!((config.family, config.hidden_size), (BertFamily::DistilBert, 8));
        assert_eq!((config.num_hidden_layers, config.d_head()), (6, 4));
        let roberta = r#"{"model_type":"roberta","max_position_embeddings":514}"#;
        let Config::Bert(config) = parse(roberta).unwrap() else {
            panic!("no BERT");
        };
        assert_eq!((config.n_ctx(), config.vocab_size), (512, 50265));
        assert_eq!(config.positions(&[0, 9, 1, 9]), [2, 3, 1, 4]);
    }

    #[test]
    fn what_would_come_out_wrong_is_refused() {
        for (json, field) in [
            (r#"{"model_type":"bert","is_decoder":true}"#, "is_decoder"),
            (r#"{"model_type":"bert","num_attention_heads":7}"#, "num_attention_heads"),
            (r#"{"model_type":"bert","hidden_act":"maxout"}"#, "hidden_act"),
            (r#"{"model_type":"bert","position_embedding_type":"relative_key"}"#, "relative_key"),
            (r#"{"model_type":"roberta","pad_token_id":900}"#, "pad_token_id"),
        ] {
            let why = parse(json).unwrap_err().why;
            assert!(why.contains(field), "{json}: {why}");
        }
    }
}
