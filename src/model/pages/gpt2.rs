//! GPT-2, on one page.
//!
//! Radford et al. 2019; the reference is `modeling_gpt2.py` in Hugging Face transformers, whose
//! checkpoints this loads. There is no batch axis: one text at a time. Every `probe.tap(...)`, here
//! and in the pieces, names an activation and lets an observer read or replace it.

use crate::model::files::config::Gpt2Config;
use crate::model::files::weights::Weights;
use crate::model::parts::attention::{Heads, SelfAttention, Sight};
use crate::model::parts::block::Block;
use crate::model::parts::linear::Linear;
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::parts::unembedding::Unembedding;
use crate::model::run::cache::Cache;
use crate::model::run::ops::lookup;
use crate::model::run::probe::Probe;
use crate::problem::Result;
use crate::trace::{Hook, NormKind};
use burn::tensor::{Device, Tensor};

/// The whole model.
#[derive(Debug)]
pub struct Gpt2 {
    pub(crate) config: Gpt2Config,
    /// Token embeddings, `[vocab, d_model]`.
    pub(crate) embed: Tensor<2>,
    /// Position embeddings, `[n_ctx, d_model]`.
    pub(crate) pos_embed: Tensor<2>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) unembed: Unembedding,
}

impl Gpt2 {
    /// Reads `tokens`, which follow those already in `cache`, and returns the scores of every
    /// vocabulary entry as the token after each, `[pos, vocab]`.
    ///
    /// The caller sees to it that the token ids are in the vocabulary and that past and new tokens
    /// together fit in the context.
    pub fn forward(&self, tokens: &[u32], cache: &mut Cache, probe: &mut impl Probe) -> Tensor<2> {
        let (past, new) = (cache.len(), tokens.len());
        let embed = probe.tap(Hook::Embed, lookup(&self.embed, tokens)); // [pos, d_model]
        let pos_embed = self.pos_embed.clone().narrow(0, past, new); // [pos, d_model]
        let pos_embed = probe.tap(Hook::PosEmbed, pos_embed);

        let sight = Sight::causal(past, None);
        let mut resid = embed + pos_embed;
        for (layer, block) in self.blocks.iter().enumerate() {
            resid = block.forward(resid, &sight, layer, cache, probe);
        }
        cache.advance(new);
        self.unembed.forward(resid, probe)
    }
}

/// Loading: one line per tensor of the checkpoint.
impl Gpt2 {
    /// What checkpoints with a language head put before the names of the bare model's tensors.
    pub(crate) const PREFIX: &str = "transformer.";

    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: Gpt2Config, weights: &Weights, device: &Device) -> Result<Self> {
        let d = config.n_embd;
        let names = ["wte.weight", "lm_head.weight"];
        let are_tied = config.tie_word_embeddings;
        let [embed, unembed] =
            weights.embeddings(names, are_tied, [config.vocab_size, d], device)?;
        // nanoGPT can train GPT-2 without biases. Then all of them are absent together.
        let has_biases = weights.contains("ln_f.bias")
            || weights.contains("h.0.ln_1.bias")
            || weights.contains("h.0.attn.c_attn.bias")
            || weights.contains("h.0.mlp.c_fc.bias");
        let norm = |name: &str| -> Result<Norm> {
            if has_biases {
                return Norm::load_layer(weights, name, d, config.layer_norm_epsilon, device);
            }
            let norm = Norm::load_rms(weights, name, d, config.layer_norm_epsilon, device)?;
            Ok(Norm { kind: NormKind::Layer, ..norm })
        };
        let linear =
            |name: &str, shape| Linear::load_conv1d(weights, name, shape, has_biases, device);
        let block = |layer: usize| -> Result<Block> {
            let h = format!("h.{layer}");
            Ok(Block {
                ln1: norm(&format!("{h}.ln_1"))?,
                attn: SelfAttention {
                    qkv: linear(&format!("{h}.attn.c_attn"), [d, 3 * d])?,
                    out: linear(&format!("{h}.attn.c_proj"), [d, d])?,
                    heads: Heads {
                        n_heads: config.n_head,
                        n_kv_heads: config.n_head,
                        d_head: config.d_head(),
                        scaling: config.attention_scaling(layer),
                    },
                    qk_norms: None,
                },
                ln2: norm(&format!("{h}.ln_2"))?,
                mlp: Mlp {
                    gate: None,
                    up: linear(&format!("{h}.mlp.c_fc"), [d, config.d_mlp()])?,
                    down: linear(&format!("{h}.mlp.c_proj"), [config.d_mlp(), d])?,
                    function: config.function()?,
                },
            })
        };
        Ok(Self {
            embed,
            pos_embed: weights.tensor("wpe.weight", [config.n_positions, d], device)?,
            blocks: (0..config.n_layer).map(block).collect::<Result<_>>()?,
            unembed: Unembedding {
                norm: norm("ln_f")?,
                head: Linear::new(unembed.transpose(), None),
            },
            config,
        })
    }
}
