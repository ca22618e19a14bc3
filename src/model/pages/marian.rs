//! The original transformer, as Marian translators have it, on one page.
//!
//! Vaswani et al. 2017, "Attention Is All You Need"; the reference is `modeling_marian.py` in Hugging
//! Face transformers (Junczys-Dowmunt et al. 2018 for the models). An encoder reads the source text;
//! a decoder writes the target, looking at its own past and at what the encoder made of the source.

use crate::model::files::config::{MARIAN_EPSILON, MarianConfig};
use crate::model::files::weights::Weights;
use crate::model::parts::attention::{Heads, SelfAttention, Sight};
use crate::model::parts::linear::Linear;
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::parts::post_norm::{CrossAttention, PostNormBlock, SourceKeys};
use crate::model::run::cache::Cache;
use crate::model::run::ops::lookup;
use crate::model::run::probe::Probe;
use crate::problem::Result;
use crate::trace::{Hook, ModelInfo};
use burn::tensor::{Device, Tensor, TensorData};
use std::sync::Arc;

/// The whole model.
#[derive(Debug)]
pub struct Marian {
    pub(crate) config: MarianConfig,
    pub(crate) encoder: Stack,
    pub(crate) decoder: Stack,
    /// `[d_model, vocab]` and the bias of the scores.
    head: Linear,
    /// Everything but the sinusoids.
    n_params: usize,
}

/// Embeddings and blocks of an encoder or a decoder.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Token embeddings, `[vocab, d_model]`.
    pub embed: Tensor<2>,
    /// What they are multiplied by.
    embed_scale: f64,
    /// Sines and cosines, `[n_ctx, d_model]`.
    pub pos_embed: Tensor<2>,
    pub blocks: Vec<PostNormBlock>,
}

/// What the decoder knows of the source text: for each of its blocks, keys and values to look at.
#[derive(Debug)]
pub struct Memory {
    blocks: Vec<SourceKeys>,
}

impl Marian {
    /// Reads the source text; gives what the encoder's last block makes of it, `[source, d_model]`.
    pub fn encode(&self, tokens: &[u32], probe: &mut impl Probe) -> Tensor<2> {
        let (sight, mut cache) = (Sight::everything(), Cache::default());
        let mut resid = self.encoder.enter(tokens, 0, probe);
        for (layer, block) in self.encoder.blocks.iter().enumerate() {
            resid = block.forward(resid, &sight, None, layer, &mut cache, probe);
        }
        resid
    }

    /// What the decoder's blocks make of the encoder's result; the same for every target token.
    pub fn remember(&self, states: &Tensor<2>) -> Arc<Memory> {
        let crosses = self.decoder.blocks.iter().filter_map(|block| block.cross.as_ref());
        let blocks = crosses.map(|(cross, _)| cross.source_keys(states)).collect();
        Arc::new(Memory { blocks })
    }

    /// Reads target tokens, which follow those already in `cache`, whose memory is the source text.
    /// Returns the scores of every vocabulary entry as the token after each, `[pos, vocab]`.
    pub fn decode(&self, tokens: &[u32], cache: &mut Cache, probe: &mut impl Probe) -> Tensor<2> {
        let past = cache.len();
        let sight = Sight::causal(past, None, None);
        let memory = cache.memory();
        let mut resid = self.decoder.enter(tokens, past, probe);
        for (layer, block) in self.decoder.blocks.iter().enumerate() {
            let source = memory.as_ref().and_then(|memory| memory.blocks.get(layer));
            resid = block.forward(resid, &sight, source, layer, cache, probe);
        }
        cache.advance(tokens.len());
        probe.tap(Hook::Logits, self.head.forward(&resid))
    }

    /// The scores that `resid` would give if it left the decoder's last block, `[pos, vocab]`.
    pub(crate) fn unembed(&self, resid: &Tensor<2>) -> Tensor<2> {
        self.head.forward(resid)
    }

    /// Sizes and kinds of the decoder's parts.
    pub(crate) fn info(&self, name: &str) -> ModelInfo {
        ModelInfo { n_params: self.n_params, ..self.config.info(name) }
    }

    /// Sizes and kinds of the encoder's parts.
    pub(crate) fn encoder_info(&self, name: &str) -> ModelInfo {
        ModelInfo { n_params: self.n_params, ..self.config.encoder_info(name) }
    }
}

impl Stack {
    /// Token embeddings, scaled, plus positions: what enters the first block.
    fn enter(&self, tokens: &[u32], past: usize, probe: &mut impl Probe) -> Tensor<2> {
        let embed = lookup(&self.embed, tokens) * self.embed_scale; // [pos, d_model]
        let embed = probe.tap(Hook::Embed, embed);
        let pos_embed = self.pos_embed.clone().narrow(0, past, tokens.len());
        embed + probe.tap(Hook::PosEmbed, pos_embed)
    }
}

/// Marian's positions, `[n, d]`: sines in the first half of the dimensions and cosines in the second,
/// of `position / 10000^(2i/d)`. In the paper they alternate.
pub(crate) fn sinusoids(n: usize, d: usize) -> Vec<f32> {
    let n_sines = d.div_ceil(2);
    let number = move |pos: usize, i: usize| {
        let pair = if i < n_sines { i } else { i - n_sines };
        let angle = pos as f64 / 10000_f64.powf(2.0 * pair as f64 / d as f64);
        let wave = if i < n_sines { angle.sin() } else { angle.cos() };
        wave as f32
    };
    (0..n).flat_map(|pos| (0..d).map(move |i| number(pos, i))).collect()
}

/// Loading: one line per tensor of the checkpoint.
impl Marian {
    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: MarianConfig, weights: &Weights, device: &Device) -> Result<Self> {
        let (d, target_vocab) = (config.d_model, config.target_vocab_size());
        // Each stack's own embedding where the file has one, else the one they share.
        let found = |own: &'static str| {
            let names = [own, "shared.weight", "lm_head.weight"];
            names.into_iter().find(|name| weights.contains(name)).unwrap_or(own)
        };
        let [source, target] =
            ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"].map(found);
        let source_embed = weights.tensor(source, [config.vocab_size, d], device)?;
        let is_shared = source == target
            || config.share_encoder_decoder_embeddings && weights.are_equal(source, target);
        let target_embed = if is_shared {
            source_embed.clone()
        } else {
            weights.tensor(target, [target_vocab, d], device)?
        };
        let unembed = if weights.contains("lm_head.weight") {
            weights.tensor("lm_head.weight", [target_vocab, d], device)?
        } else {
            target_embed.clone()
        };
        let bias = if weights.contains("final_logits_bias") {
            weights.tensor("final_logits_bias", [1, target_vocab], device)?
        } else {
            Tensor::zeros([1, target_vocab], device)
        };
        let waves = sinusoids(config.max_position_embeddings, d);
        let shape = [config.max_position_embeddings, d];
        let pos_embed = Tensor::from_data(TensorData::new(waves, shape), device);
        let stack = |is_decoder: bool, embed: Tensor<2>| -> Result<Stack> {
            let n_layers = if is_decoder { config.decoder_layers } else { config.encoder_layers };
            let block = |layer| config.load_block(is_decoder, layer, weights, device);
            Ok(Stack {
                embed,
                embed_scale: config.embed_scale(),
                pos_embed: pos_embed.clone(),
                blocks: (0..n_layers).map(block).collect::<Result<_>>()?,
            })
        };
        Ok(Self {
            encoder: stack(false, source_embed)?,
            decoder: stack(true, target_embed)?,
            head: Linear::new(unembed.transpose(), Some(bias.squeeze_dim(0))),
            n_params: config.n_params(weights),
            config,
        })
    }
}

impl MarianConfig {
    fn load_block(
        &self,
        is_decoder: bool,
        layer: usize,
        weights: &Weights,
        device: &Device,
    ) -> Result<PostNormBlock> {
        let d = self.d_model;
        let (stack, n_heads, m) = if is_decoder {
            ("decoder", self.decoder_attention_heads, self.decoder_ffn_dim)
        } else {
            ("encoder", self.encoder_attention_heads, self.encoder_ffn_dim)
        };
        let at = |part: &str| format!("{stack}.layers.{layer}.{part}");
        let linear = |part: &str, shape| Linear::load(weights, &at(part), shape, true, device);
        let square = |part: &str| linear(part, [d, d]);
        let norm = |part: &str| Norm::load_layer(weights, &at(part), d, MARIAN_EPSILON, device);
        let d_head = d / n_heads;
        let heads =
            Heads { n_heads, n_kv_heads: n_heads, d_head, scaling: (d_head as f64).sqrt().recip() };
        let qkv =
            [square("self_attn.q_proj")?, square("self_attn.k_proj")?, square("self_attn.v_proj")?];
        let cross = || -> Result<_> {
            let cross = CrossAttention {
                q: square("encoder_attn.q_proj")?,
                k: square("encoder_attn.k_proj")?,
                v: square("encoder_attn.v_proj")?,
                out: square("encoder_attn.out_proj")?,
                heads,
            };
            Ok((cross, norm("encoder_attn_layer_norm")?))
        };
        Ok(PostNormBlock {
            attn: SelfAttention {
                qkv: Linear::side_by_side(qkv),
                out: square("self_attn.out_proj")?,
                heads,
                qk_norms: None,
            },
            ln1: norm("self_attn_layer_norm")?,
            cross: is_decoder.then(cross).transpose()?,
            mlp: Mlp {
                gate: None,
                up: linear("fc1", [d, m])?,
                down: linear("fc2", [m, d])?,
                function: self.function()?,
            },
            ln_last: norm("final_layer_norm")?,
        })
    }

    fn n_params(&self, weights: &Weights) -> usize {
        let (d, e, g) = (self.d_model, self.encoder_ffn_dim, self.decoder_ffn_dim);
        let attention = 4 * (d * d + d);
        let mlp = |m: usize| 2 * d * m + m + d;
        let encoder = self.encoder_layers * (attention + mlp(e) + 4 * d);
        let decoder = self.decoder_layers * (2 * attention + mlp(g) + 6 * d);
        let (source, target) = (self.vocab_size * d, self.target_vocab_size() * d);
        let own_target = if self.share_encoder_decoder_embeddings { 0 } else { target };
        let own_head = if weights.contains("lm_head.weight") { target } else { 0 };
        encoder + decoder + source + own_target + own_head
    }
}

#[cfg(test)]
mod tests {
    use super::sinusoids;

    #[test]
    fn sines_come_first() {
        let table = sinusoids(3, 6);
        let row = &table[2 * 6..];
        assert!((row[0] - 2_f32.sin()).abs() < 1e-6 && (row[3] - 2_f32.cos()).abs() < 1e-6);
        let slow = 2.0 / 10000_f32.powf(4.0 / 6.0);
        assert!((row[2] - slow.sin()).abs() < 1e-6 && (row[5] - slow.cos()).abs() < 1e-6);
        assert_eq!(sinusoids(1, 5), [0.0, 0.0, 0.0, 1.0, 1.0]);
    }
}
