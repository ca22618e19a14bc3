//! `config.json` of a Marian translator, field by field as Hugging Face publishes it.

use super::{OneOrMany, READING, check_sizes, function, read, unsupported};
use crate::model::parts::activation_function::ActivationFunction;
use crate::problem::{Problem, Result};
use crate::trace::{ModelInfo, Positions, Predicts, Shape};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields that change the numbers, with the defaults of transformers' `MarianConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct MarianConfig {
    /// Number of tokens the encoder knows.
    pub vocab_size: usize,
    /// Number of tokens the decoder knows, when it has an embedding of its own.
    pub decoder_vocab_size: Option<usize>,
    /// Longest text, in tokens.
    pub max_position_embeddings: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Blocks of the encoder.
    pub encoder_layers: usize,
    /// Heads per block of the encoder.
    pub encoder_attention_heads: usize,
    /// Hidden width of the encoder's MLPs.
    pub encoder_ffn_dim: usize,
    /// Blocks of the decoder.
    pub decoder_layers: usize,
    /// Heads per block of the decoder.
    pub decoder_attention_heads: usize,
    /// Hidden width of the decoder's MLPs.
    pub decoder_ffn_dim: usize,
    /// Name of the MLPs' nonlinearity.
    pub activation_function: String,
    /// Multiply token embeddings by `√d_model`?
    pub scale_embedding: bool,
    /// Do encoder and decoder have the same embeddings?
    pub share_encoder_decoder_embeddings: bool,
    /// The token the decoder starts with.
    pub decoder_start_token_id: usize,
    /// The token that fills up shorter texts.
    pub pad_token_id: usize,
    /// The token or tokens that end a text.
    pub eos_token_id: Option<OneOrMany>,
    /// How a translation is looked for.
    #[serde(flatten)]
    pub search: Search,
}

/// What `generation_config.json`, or else `config.json`, says about writing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Search {
    /// How many translations are followed at once; 1 is greedy.
    pub num_beams: usize,
    /// The exponent of the length that a finished translation's score is divided by.
    pub length_penalty: f64,
    /// Stop when there are as many finished translations as beams?
    pub early_stopping: bool,
    /// Longest translation, with the start token.
    pub max_length: usize,
    /// Sequences that must not be written.
    pub bad_words_ids: Vec<Vec<u32>>,
    /// The token that ends a translation of the greatest length.
    pub forced_eos_token_id: Option<OneOrMany>,
    /// Scale probabilities to sum to 1 again once bad words are gone?
    pub renormalize_logits: bool,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            num_beams: 1,
            length_penalty: 1.0,
            early_stopping: false,
            max_length: 512,
            bad_words_ids: Vec::new(),
            forced_eos_token_id: None,
            renormalize_logits: false,
        }
    }
}

impl Default for MarianConfig {
    fn default() -> Self {
        Self {
            vocab_size: 58101,
            decoder_vocab_size: None,
            max_position_embeddings: 1024,
            d_model: 1024,
            encoder_layers: 12,
            encoder_attention_heads: 16,
            encoder_ffn_dim: 4096,
            decoder_layers: 12,
            decoder_attention_heads: 16,
            decoder_ffn_dim: 4096,
            activation_function: "gelu".into(),
            scale_embedding: false,
            share_encoder_decoder_embeddings: true,
            decoder_start_token_id: 58100,
            pad_token_id: 58100,
            eos_token_id: Some(OneOrMany::One(0)),
            search: Search::default(),
        }
    }
}

impl MarianConfig {
    /// Reads and checks the fields of a `config.json`.
    pub(super) fn from_fields(fields: &Map<String, Value>) -> Result<Self> {
        let config: Self = read(fields)?;
        // Fields of older files that newer ones leave out; only one value of each is Marian.
        for (field, only) in [
            ("normalize_before", false),
            ("normalize_embedding", false),
            ("add_final_layer_norm", false),
            ("add_bias_logits", false),
            ("static_position_embeddings", true),
        ] {
            if let Some(value) = fields.get(field)
                && value.as_bool().is_some_and(|given| given != only)
            {
                return Err(unsupported(field, value));
            }
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("decoder_vocab_size", self.target_vocab_size()),
            ("max_position_embeddings", self.max_position_embeddings),
            ("d_model", self.d_model),
            ("encoder_layers", self.encoder_layers),
            ("encoder_attention_heads", self.encoder_attention_heads),
            ("encoder_ffn_dim", self.encoder_ffn_dim),
            ("decoder_layers", self.decoder_layers),
            ("decoder_attention_heads", self.decoder_attention_heads),
            ("decoder_ffn_dim", self.decoder_ffn_dim),
            ("num_beams", self.search.num_beams),
            ("max_length", self.search.max_length),
        ])?;
        // The positions are computed, not read: no file bounds them. Neither are the beams.
        for (name, size, most) in [
            ("max_position_embeddings", self.max_position_embeddings, 1 << 16),
            ("num_beams", self.search.num_beams, MOST_BEAMS),
        ] {
            if size > most {
                let why = format!("{name} = {size} is out of range (1 to {most})");
                return Err(Problem::new(READING, why));
            }
        }
        for (name, heads) in [
            ("encoder_attention_heads", self.encoder_attention_heads),
            ("decoder_attention_heads", self.decoder_attention_heads),
        ] {
            if !self.d_model.is_multiple_of(heads) {
                let why = format!("{name} = {heads} does not divide d_model = {}", self.d_model);
                return Err(
                    Problem::new(READING, why).cure("Every head needs the same share of the width")
                );
            }
        }
        if self.decoder_start_token_id >= self.target_vocab_size() {
            let why = format!(
                "decoder_start_token_id = {} exceeds the vocabulary of {}",
                self.decoder_start_token_id,
                self.target_vocab_size()
            );
            return Err(Problem::new(READING, why));
        }
        self.function().map(|_| ())
    }

    /// The MLPs' nonlinearity.
    ///
    /// # Errors
    /// When no function of that name is known.
    pub fn function(&self) -> Result<ActivationFunction> {
        function("activation_function", &self.activation_function)
    }

    /// Number of tokens the decoder knows.
    pub fn target_vocab_size(&self) -> usize {
        if self.share_encoder_decoder_embeddings {
            return self.vocab_size;
        }
        self.decoder_vocab_size.unwrap_or(self.vocab_size)
    }

    /// What token embeddings are multiplied by.
    pub fn embed_scale(&self) -> f64 {
        if self.scale_embedding { (self.d_model as f64).sqrt() } else { 1.0 }
    }

    /// The tokens that end a translation.
    pub fn ends(&self) -> Vec<u32> {
        OneOrMany::ids(self.eos_token_id.as_ref())
    }

    /// Takes what `generation_config.json` says about writing.
    pub(super) fn heed_generation_config(&mut self, json: &[u8]) {
        let Ok(Value::Object(fields)) = serde_json::from_slice(json) else {
            return;
        };
        if let Some(ends) = fields.get("eos_token_id")
            && let Ok(ends) = serde_json::from_value(ends.clone())
        {
            self.eos_token_id = Some(ends);
        }
        // The file is meant to be whole: what it does not name is transformers' default.
        if let Ok(search) = read::<Search>(&fields)
            && (1..=MOST_BEAMS).contains(&search.num_beams)
            && search.max_length > 0
        {
            self.search = search;
        }
    }

    /// What there is to say about the decoder.
    pub fn info(&self, name: &str) -> ModelInfo {
        ModelInfo {
            name: name.to_owned(),
            architecture: "marian".to_owned(),
            n_layers: self.decoder_layers,
            n_heads: self.decoder_attention_heads,
            d_model: self.d_model,
            d_head: self.d_model / self.decoder_attention_heads,
            d_mlp: self.decoder_ffn_dim,
            n_ctx: self.max_position_embeddings,
            vocab_size: self.target_vocab_size(),
            activation_function: self.activation_function.clone(),
            layer_norm_epsilon: EPSILON,
            shape: Shape::EncoderDecoder,
            positions: Positions::Sinusoidal,
            post_norm: true,
            ..ModelInfo::default()
        }
    }

    /// What there is to say about the encoder.
    pub fn encoder_info(&self, name: &str) -> ModelInfo {
        ModelInfo {
            n_layers: self.encoder_layers,
            n_heads: self.encoder_attention_heads,
            d_head: self.d_model / self.encoder_attention_heads,
            d_mlp: self.encoder_ffn_dim,
            vocab_size: self.vocab_size,
            shape: Shape::Encoder,
            predicts: Predicts::Nothing,
            ..self.info(name)
        }
    }
}

/// As many translations as can be followed at once.
const MOST_BEAMS: usize = 64;

/// What PyTorch's `LayerNorm` adds to the variance; Marian's config does not say it.
pub const EPSILON: f64 = 1e-5;

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn searching_is_read_from_either_file() {
        let json = br#"{"model_type":"marian","num_beams":6,"bad_words_ids":[[7]],"forced_eos_token_id":0}"#;
        let Config::Marian(mut config) = Config::parse(json).unwrap() else {
            panic!("no Marian");
        };
        assert_eq!((config.search.num_beams, &config.search.bad_words_ids), (6, &vec![vec![7]]));
        config.heed_generation_config(br#"{"max_length":20,"eos_token_id":[3,4]}"#);
        assert_eq!((config.search.num_beams, config.search.max_length), (1, 20));
        assert_eq!(config.ends(), [3, 4]);
        config.heed_generation_config(b"nonsense");
        assert_eq!(config.search.max_length, 20);
    }

    #[test]
    fn other_members_of_the_family_are_refused() {
        for (json, field) in [
            (r#"{"model_type":"marian","normalize_before":true}"#, "normalize_before"),
            (r#"{"model_type":"marian","decoder_attention_heads":7}"#, "decoder_attention_heads"),
            (r#"{"model_type":"marian","decoder_start_token_id":99999}"#, "decoder_start_token_id"),
            (
                r#"{"model_type":"marian","max_position_embeddings":9999999}"#,
                "max_position_embeddings",
            ),
            (r#"{"model_type":"marian","encoder_layers":0}"#, "encoder_layers"),
        ] {
            let why = Config::parse(json.as_bytes()).unwrap_err().why;
            assert!(why.contains(field), "{json}: {why}");
        }
    }
}
