//! GPT-2, on one page.
//!
//! Radford et al. 2019; the reference is `modeling_gpt2.py` in Hugging Face transformers, whose
//! checkpoints this loads. There is no batch axis: one text at a time. Every line `probe.tap(...)`
//! names an activation and lets an observer read or replace it.

use super::cache::Cache;
use super::config::Gpt2Config;
use super::ops::{activate, linear, normalize};
use super::probe::Probe;
use super::weights::Weights;
use crate::problem::Result;
#[allow(
    clippy::enum_glob_use,
    reason = "the names of the hooks are the words of this page"
)]
use crate::trace::BlockHook::{self, *};
use crate::trace::Hook;
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

/// The whole model.
#[derive(Debug)]
pub struct Gpt2 {
    config: Gpt2Config,
    /// Token embeddings, `[vocab, d_model]`.
    pub(super) embed: Tensor<2>,
    /// Position embeddings, `[n_ctx, d_model]`.
    pub(super) pos_embed: Tensor<2>,
    blocks: Vec<Block>,
    ln_final: LayerNorm,
    /// `[d_model, vocab]`; when tied, a transposed view of the token embeddings.
    pub(super) unembed: Tensor<2>,
}

#[derive(Debug)]
struct Block {
    ln1: LayerNorm,
    attn: Attention,
    ln2: LayerNorm,
    mlp: Mlp,
}

#[derive(Debug)]
struct LayerNorm {
    weight: Tensor<1>, // [d_model]
    bias: Tensor<1>,   // [d_model]
    epsilon: f64,
}

#[derive(Debug)]
struct Attention {
    /// Queries, keys and values side by side, `[d_model, 3 d_model]`.
    qkv: (Tensor<2>, Tensor<1>),
    /// `[d_model, d_model]`
    out: (Tensor<2>, Tensor<1>),
    n_heads: usize,
    /// What q·k is multiplied by: `1/√d_head` unless the config says otherwise.
    scaling: f64,
}

#[derive(Debug)]
struct Mlp {
    /// `[d_model, d_mlp]`
    up: (Tensor<2>, Tensor<1>),
    /// `[d_mlp, d_model]`
    down: (Tensor<2>, Tensor<1>),
    function: super::ActivationFunction,
}

impl Gpt2 {
    /// Reads `tokens`, which follow those already in `cache`, and returns the scores of every
    /// vocabulary entry as the token after each, `[pos, vocab]`.
    ///
    /// The caller sees to it that the token ids are in the vocabulary and that past and new tokens
    /// together fit in the context.
    pub fn forward(&self, tokens: &[u32], cache: &mut Cache, probe: &mut impl Probe) -> Tensor<2> {
        let device = self.embed.device();
        let (past, new) = (cache.len(), tokens.len());
        let ids: Vec<i64> = tokens.iter().map(|&id| i64::from(id)).collect();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [new]), &device);

        let embed = probe.tap(Hook::Embed, self.embed.clone().select(0, ids)); // [pos, d_model]
        let pos_embed = self.pos_embed.clone().narrow(0, past, new); // [pos, d_model]
        let pos_embed = probe.tap(Hook::PosEmbed, pos_embed);

        // True where the key comes after the query: the future, which nobody may look at.
        let future = Tensor::<2, Bool>::tril_mask([new, past + new], past as i64, &device);

        let mut resid = embed + pos_embed;
        for (layer, block) in self.blocks.iter().enumerate() {
            resid = block.forward(resid, &future, layer, cache, probe);
        }
        cache.advance(new);

        let norm = normalize(resid, self.ln_final.epsilon);
        probe.tap(Hook::LnFinalScale, norm.scale);
        let normalized = probe.tap(Hook::LnFinalNormalized, norm.normalized);
        let logits = self
            .ln_final
            .affine(normalized)
            .matmul(self.unembed.clone()); // [pos, vocab]
        probe.tap(Hook::Logits, logits)
    }

    /// What the model would say if `resid` were the residual stream after the last block: the final
    /// norm and the unembedding alone. Applied to inner layers this is the logit lens
    /// (nostalgebraist 2020).
    ///
    /// # Shapes
    /// `[pos, d_model]` gives `[pos, vocab]`.
    pub fn unembed(&self, resid: Tensor<2>) -> Tensor<2> {
        let normalized = normalize(resid, self.ln_final.epsilon).normalized;
        self.ln_final
            .affine(normalized)
            .matmul(self.unembed.clone())
    }
}

impl Block {
    fn forward(
        &self,
        resid: Tensor<2>,
        future: &Tensor<2, Bool>,
        layer: usize,
        cache: &mut Cache,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let resid_pre = probe.tap(Hook::Block(layer, ResidPre), resid);
        let x = self
            .ln1
            .forward(resid_pre.clone(), layer, [Ln1Scale, Ln1Normalized], probe);
        let attn_out = self.attn.forward(x, future, layer, cache, probe);
        let attn_out = probe.tap(Hook::Block(layer, AttnOut), attn_out);

        let resid_mid = probe.tap(Hook::Block(layer, ResidMid), resid_pre + attn_out);
        let x = self
            .ln2
            .forward(resid_mid.clone(), layer, [Ln2Scale, Ln2Normalized], probe);
        let mlp_out = self.mlp.forward(x, layer, probe);
        let mlp_out = probe.tap(Hook::Block(layer, MlpOut), mlp_out);

        probe.tap(Hook::Block(layer, ResidPost), resid_mid + mlp_out)
    }
}

impl LayerNorm {
    fn forward(
        &self,
        x: Tensor<2>,
        layer: usize,
        [scale, normalized]: [BlockHook; 2],
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let norm = normalize(x, self.epsilon);
        probe.tap(Hook::Block(layer, scale), norm.scale);
        self.affine(probe.tap(Hook::Block(layer, normalized), norm.normalized))
    }

    fn affine(&self, normalized: Tensor<2>) -> Tensor<2> {
        normalized * self.weight.clone().unsqueeze() + self.bias.clone().unsqueeze()
    }
}

impl Attention {
    fn forward(
        &self,
        x: Tensor<2>,
        future: &Tensor<2, Bool>,
        layer: usize,
        cache: &mut Cache,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let [pos, d_model] = x.dims();
        let heads = [pos, self.n_heads, d_model / self.n_heads];
        let qkv = linear(x, &self.qkv.0, &self.qkv.1); // [pos, 3 d_model]
        let mut part = |i: usize, hook| {
            let part = qkv.clone().narrow(1, i * d_model, d_model).reshape(heads);
            probe.tap(Hook::Block(layer, hook), part).swap_dims(0, 1) // [head, pos, d_head]
        };
        let (q, k, v) = (part(0, Q), part(1, K), part(2, V));
        let (k, v) = cache.extend(layer, k, v);

        let scores = q.matmul(k.transpose()) * self.scaling; // [head, query, key]
        let scores = probe.tap(Hook::Block(layer, AttnScores), scores);
        let future = future.clone().unsqueeze::<3>().expand(scores.dims());
        let masked_scores = scores.mask_fill(future, f32::NEG_INFINITY);
        let pattern = probe.tap(Hook::Block(layer, Pattern), softmax(masked_scores, 2));

        let z = pattern.matmul(v).swap_dims(0, 1); // [pos, head, d_head]
        let z = probe.tap(Hook::Block(layer, Z), z).reshape([pos, d_model]);
        linear(z, &self.out.0, &self.out.1)
    }
}

impl Mlp {
    fn forward(&self, x: Tensor<2>, layer: usize, probe: &mut impl Probe) -> Tensor<2> {
        let pre = linear(x, &self.up.0, &self.up.1); // [pos, d_mlp]
        let pre = probe.tap(Hook::Block(layer, MlpPre), pre);
        let post = probe.tap(Hook::Block(layer, MlpPost), activate(pre, self.function));
        linear(post, &self.down.0, &self.down.1)
    }
}

/// What attribution needs to know of the weights.
impl Gpt2 {
    /// The direction in the normalised stream along which `token`'s score grows, `[d_model]`, and
    /// what the final norm's bias adds to it.
    pub(super) fn read_out(&self, token: usize) -> Option<(Vec<f32>, f32)> {
        if token >= self.config.vocab_size {
            return None;
        }
        let column = self.unembed.clone().narrow(1, token, 1).squeeze_dim::<1>(1); // [d_model]
        let direction = self.ln_final.weight.clone() * column.clone();
        let bias = (self.ln_final.bias.clone() * column).sum();
        Some((
            direction.into_data().try_into_vec().ok()?,
            bias.into_scalar(),
        ))
    }

    /// A direction in the stream, seen from the heads of block `layer` through their output
    /// projection, `[head * d_head]`, and what that projection's bias adds along it.
    pub(super) fn attention_direction(
        &self,
        layer: usize,
        direction: &[f32],
    ) -> Option<(Vec<f32>, f32)> {
        let (weight, bias) = &self.blocks.get(layer)?.attn.out;
        let direction = Tensor::<1>::from_floats(direction, &weight.device());
        let through = weight.clone().matmul(direction.clone().unsqueeze_dim(1)); // [d_model, 1]
        let bias = (bias.clone() * direction).sum();
        Some((through.into_data().try_into_vec().ok()?, bias.into_scalar()))
    }
}

/// Loading: one line per tensor of the checkpoint.
impl Gpt2 {
    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: Gpt2Config, weights: &Weights, device: &Device) -> Result<Self> {
        let d = config.n_embd;
        let embed = weights.tensor("wte.weight", [config.vocab_size, d], device)?;
        // As in transformers: a head of its own that is in the file is used, whatever the config says.
        let is_tied = !weights.contains("lm_head.weight")
            || weights.are_equal("lm_head.weight", "wte.weight");
        let unembed = if config.tie_word_embeddings && is_tied {
            embed.clone()
        } else {
            weights.tensor("lm_head.weight", [config.vocab_size, d], device)?
        };
        let blocks = (0..config.n_layer)
            .map(|layer| Block::load(&config, layer, weights, &format!("h.{layer}."), device))
            .collect::<Result<_>>()?;
        Ok(Self {
            embed,
            pos_embed: weights.tensor("wpe.weight", [config.n_positions, d], device)?,
            blocks,
            ln_final: LayerNorm::load(&config, weights, "ln_f.", device)?,
            unembed: unembed.transpose(),
            config,
        })
    }

    /// The sizes and switches the model was built with.
    pub fn config(&self) -> &Gpt2Config {
        &self.config
    }
}

impl Block {
    fn load(
        config: &Gpt2Config,
        layer: usize,
        weights: &Weights,
        prefix: &str,
        device: &Device,
    ) -> Result<Self> {
        let (d, d_mlp) = (config.n_embd, config.d_mlp());
        // Hugging Face's Conv1D keeps weights as [in, out].
        let affine = |name: &str, [n_in, n_out]: [usize; 2]| -> Result<_> {
            let weight =
                weights.tensor(&format!("{prefix}{name}.weight"), [n_in, n_out], device)?;
            let bias = weights.tensor(&format!("{prefix}{name}.bias"), [n_out], device)?;
            Ok((weight, bias))
        };
        Ok(Self {
            ln1: LayerNorm::load(config, weights, &format!("{prefix}ln_1."), device)?,
            attn: Attention {
                qkv: affine("attn.c_attn", [d, 3 * d])?,
                out: affine("attn.c_proj", [d, d])?,
                n_heads: config.n_head,
                scaling: config.attention_scaling(layer),
            },
            ln2: LayerNorm::load(config, weights, &format!("{prefix}ln_2."), device)?,
            mlp: Mlp {
                up: affine("mlp.c_fc", [d, d_mlp])?,
                down: affine("mlp.c_proj", [d_mlp, d])?,
                function: config.function()?,
            },
        })
    }
}

impl LayerNorm {
    fn load(config: &Gpt2Config, weights: &Weights, prefix: &str, device: &Device) -> Result<Self> {
        Ok(Self {
            weight: weights.tensor(&format!("{prefix}weight"), [config.n_embd], device)?,
            bias: weights.tensor(&format!("{prefix}bias"), [config.n_embd], device)?,
            epsilon: config.layer_norm_epsilon,
        })
    }
}
