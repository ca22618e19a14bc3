//! GPT-2, on one page.
//!
//! Radford et al. 2019; the reference is `modeling_gpt2.py` in Hugging Face transformers, whose
//! checkpoints this loads. Its forward pass is that of every `Decoder`: position vectors are added to
//! the token's, then come the blocks.

use crate::model::files::config::Gpt2Config;
use crate::model::files::weights::Weights;
use crate::model::parts::attention::{Heads, SelfAttention};
use crate::model::parts::block::Block;
use crate::model::parts::decoder::Decoder;
use crate::model::parts::linear::Linear;
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::parts::unembedding::Unembedding;
use crate::problem::Result;
use crate::trace::NormKind;
use burn::tensor::Device;

/// How a checkpoint of GPT-2 becomes a model.
#[derive(Debug)]
pub struct Gpt2;

/// Loading: one line per tensor of the checkpoint.
impl Gpt2 {
    /// What checkpoints with a language head put before the names of the bare model's tensors.
    pub(crate) const PREFIX: &str = "transformer.";

    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: &Gpt2Config, weights: &Weights, device: &Device) -> Result<Decoder> {
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
                parallel: false,
            })
        };
        Ok(Decoder {
            info: config.info(""),
            ends: config.ends(),
            embed,
            pos_embed: Some(weights.tensor("wpe.weight", [config.n_positions, d], device)?),
            rotary: None,
            blocks: (0..config.n_layer).map(block).collect::<Result<_>>()?,
            unembed: Unembedding {
                norm: norm("ln_f")?,
                head: Linear::new(unembed.transpose(), None),
            },
        })
    }
}
