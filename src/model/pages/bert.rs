//! BERT and its nearest relatives, on one page.
//!
//! Devlin et al. 2018; DistilBERT (Sanh et al. 2019) and RoBERTa (Liu et al. 2019) compute the same
//! under other names. The references are `modeling_bert.py`, `modeling_distilbert.py` and
//! `modeling_roberta.py` in Hugging Face transformers. Every token looks at every other: there is no
//! next token, but a checkpoint may have a head that guesses masked words.

use crate::model::files::config::{BertConfig, BertFamily};
use crate::model::files::weights::Weights;
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::parts::attention::{Heads, SelfAttention, Sight};
use crate::model::parts::linear::Linear;
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::parts::pooling::Pooling;
use crate::model::parts::post_norm::PostNormBlock;
use crate::model::run::cache::Cache;
use crate::model::run::ops::{activate, lookup};
use crate::model::run::probe::Probe;
use crate::problem::Result;
use crate::trace::{Hook, ModelInfo};
use burn::tensor::{Device, Tensor};

/// The whole model.
#[derive(Debug)]
pub struct Bert {
    pub(crate) config: BertConfig,
    /// Token embeddings, `[vocab, d_model]`.
    pub(crate) embed: Tensor<2>,
    /// Position embeddings, `[n_positions, d_model]`.
    pub(crate) pos_embed: Tensor<2>,
    /// Embeddings of the first and second sentence, `[n_segments, d_model]`; DistilBERT has none.
    segment_embed: Option<Tensor<2>>,
    ln_embed: Norm,
    pub(crate) blocks: Vec<PostNormBlock>,
    head: Option<MaskedHead>,
}

/// What guesses a masked word: a layer with its nonlinearity, a norm, and a score for every token.
#[derive(Debug)]
struct MaskedHead {
    transform: Linear,
    function: ActivationFunction,
    norm: Norm,
    decoder: Linear,
}

impl Bert {
    /// Reads a whole text. Returns the scores of every vocabulary entry at each position,
    /// `[pos, vocab]`, or without a head for them the last vectors, `[pos, d_model]`.
    pub fn forward(&self, tokens: &[u32], probe: &mut impl Probe) -> Tensor<2> {
        let embed = probe.tap(Hook::Embed, lookup(&self.embed, tokens)); // [pos, d_model]
        let positions = lookup(&self.pos_embed, &self.config.positions(tokens));
        let mut sum = embed + probe.tap(Hook::PosEmbed, positions);
        if let Some(segments) = &self.segment_embed {
            // One text is all first segment.
            let segments = lookup(segments, &vec![0; tokens.len()]);
            sum = sum + probe.tap(Hook::TokenTypeEmbed, segments);
        }
        let hooks = [Hook::EmbedLnScale, Hook::EmbedLnNormalized];
        let x = self.ln_embed.forward(&sum, hooks, probe);
        let mut resid = probe.tap(Hook::FullEmbed, x);

        let sight = Sight::everything();
        let mut cache = Cache::default();
        for (layer, block) in self.blocks.iter().enumerate() {
            resid = block.forward(resid, &sight, None, layer, &mut cache, probe);
        }
        if let Some(pooling) = &self.config.pooling {
            probe.tap(Hook::Pooled, pooling.pool(&resid));
        }
        match &self.head {
            Some(head) => head.forward(&resid, probe),
            None => resid,
        }
    }

    /// What the head would guess if `resid` left the last block.
    pub(crate) fn unembed(&self, resid: &Tensor<2>) -> Option<Tensor<2>> {
        let head = self.head.as_ref()?;
        Some(head.forward(resid, &mut crate::model::Silent))
    }

    /// Sizes and kinds of its parts.
    pub(crate) fn info(&self, name: &str) -> ModelInfo {
        let mut info = self.config.info(name);
        info.n_params = self.n_params();
        if self.head.is_none() {
            info.predicts = crate::trace::Predicts::Nothing;
        }
        info.segments = self.segment_embed.is_some();
        let d_model = self.config.hidden_size;
        let pooling = self.config.pooling.as_ref();
        info.pooling = pooling.map(Pooling::describe);
        info.d_pooled = pooling.map(|pooling| pooling.width(d_model)).filter(|&d| d != d_model);
        info
    }

    fn n_params(&self) -> usize {
        let (d, m) = (self.config.hidden_size, self.config.intermediate_size);
        let block = 4 * (d * d + d) + 2 * d * m + m + d + 4 * d;
        let segments = self.segment_embed.as_ref().map_or(0, |s| s.dims()[0] * d);
        let tables = self.embed.dims()[0] * d + self.pos_embed.dims()[0] * d + segments + 2 * d;
        let head = self.head.as_ref().map_or(0, |_| d * d + 3 * d + self.config.vocab_size);
        tables + self.blocks.len() * block + head
    }
}

impl MaskedHead {
    fn forward(&self, resid: &Tensor<2>, probe: &mut impl Probe) -> Tensor<2> {
        let x = activate(&self.transform.forward(resid), self.function);
        let hooks = [Hook::HeadLnScale, Hook::HeadLnNormalized];
        let x = self.norm.forward(&x, hooks, probe);
        probe.tap(Hook::Logits, self.decoder.forward(&x))
    }
}

/// Loading: what each relative calls its tensors.
impl Bert {
    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: BertConfig, weights: &Weights, device: &Device) -> Result<Self> {
        let (d, vocab) = (config.hidden_size, config.vocab_size);
        let table = |name: &str, n: usize| {
            weights.tensor(&format!("embeddings.{name}_embeddings.weight"), [n, d], device)
        };
        let words = "embeddings.word_embeddings.weight";
        let decoder = format!("{}.weight", config.family.head()[2]);
        let [embed, scores] = weights.embeddings([words, &decoder], true, [vocab, d], device)?;
        let segments = match config.family {
            BertFamily::DistilBert => None,
            _ => Some(table("token_type", config.type_vocab_size)?),
        };
        let layers = 0..config.num_hidden_layers;
        let block = |layer| config.load_block(layer, weights, device);
        Ok(Self {
            pos_embed: table("position", config.max_position_embeddings)?,
            segment_embed: segments,
            ln_embed: config.load_norm("embeddings.LayerNorm", weights, device)?,
            blocks: layers.map(block).collect::<Result<_>>()?,
            head: MaskedHead::load(&config, weights, scores, device)?,
            embed,
            config,
        })
    }
}

impl MaskedHead {
    /// The head, when the checkpoint has one.
    fn load(
        config: &BertConfig,
        weights: &Weights,
        scores: Tensor<2>,
        device: &Device,
    ) -> Result<Option<Self>> {
        let (d, vocab) = (config.hidden_size, config.vocab_size);
        let [transform, norm, decoder, bias] = config.family.head();
        if !weights.contains(&format!("{transform}.weight")) {
            return Ok(None);
        }
        let own_bias = format!("{decoder}.bias");
        let bias = if weights.contains(bias) { bias } else { &own_bias };
        Ok(Some(Self {
            transform: Linear::load(weights, transform, [d, d], true, device)?,
            function: config.head_function()?,
            norm: config.load_norm(norm, weights, device)?,
            decoder: Linear::new(scores.transpose(), Some(weights.tensor(bias, [vocab], device)?)),
        }))
    }
}

impl BertConfig {
    /// A norm, whose weight and bias old checkpoints call `gamma` and `beta`.
    fn load_norm(&self, name: &str, weights: &Weights, device: &Device) -> Result<Norm> {
        let old = format!("{name}.gamma");
        if !weights.contains(&old) {
            return Norm::load_layer(weights, name, self.hidden_size, self.layer_norm_eps, device);
        }
        Ok(Norm {
            kind: crate::trace::NormKind::Layer,
            weight: weights.tensor(&old, [self.hidden_size], device)?,
            bias: Some(weights.tensor(&format!("{name}.beta"), [self.hidden_size], device)?),
            epsilon: self.layer_norm_eps,
        })
    }

    fn load_block(
        &self,
        layer: usize,
        weights: &Weights,
        device: &Device,
    ) -> Result<PostNormBlock> {
        let (d, m, d_head) = (self.hidden_size, self.intermediate_size, self.d_head());
        let at = format!("{}.{layer}", self.family.layers());
        let [q, k, v, out, ln1, up, down, ln2] =
            self.family.parts().map(|part| format!("{at}.{part}"));
        let linear = |name: &str, shape| Linear::load(weights, name, shape, true, device);
        let norm = |name: &str| self.load_norm(name, weights, device);
        let heads = Heads {
            n_heads: self.num_attention_heads,
            n_kv_heads: self.num_attention_heads,
            d_head,
            scaling: (d_head as f64).sqrt().recip(),
        };
        let qkv = [linear(&q, [d, d])?, linear(&k, [d, d])?, linear(&v, [d, d])?];
        Ok(PostNormBlock {
            attn: SelfAttention {
                qkv: Linear::side_by_side(qkv),
                out: linear(&out, [d, d])?,
                heads,
                qk_norms: None,
            },
            ln1: norm(&ln1)?,
            cross: None,
            mlp: Mlp {
                gate: None,
                up: linear(&up, [d, m])?,
                down: linear(&down, [m, d])?,
                function: self.function()?,
            },
            ln_last: norm(&ln2)?,
        })
    }
}
