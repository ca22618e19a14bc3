//! GPT-Neo, on one page: the architecture of `TinyStories`.
//!
//! Black et al. 2021; the reference is `modeling_gpt_neo.py` in Hugging Face transformers. Against
//! GPT-2: some layers look no further back than a window, and products of queries and keys are not
//! scaled.

use crate::model::files::config::GptNeoConfig;
use crate::model::files::weights::Weights;
use crate::model::parts::attention::{Heads, SelfAttention};
use crate::model::parts::block::Block;
use crate::model::parts::decoder::Decoder;
use crate::model::parts::linear::Linear;
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::parts::unembedding::Unembedding;
use crate::problem::Result;
use burn::tensor::Device;

/// How a checkpoint of GPT-Neo becomes a model.
#[derive(Debug)]
pub struct GptNeo;

/// Loading: one line per tensor of the checkpoint.
impl GptNeo {
    /// What checkpoints with a language head put before the names of the bare model's tensors.
    pub(crate) const PREFIX: &str = "transformer.";

    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: &GptNeoConfig, weights: &Weights, device: &Device) -> Result<Decoder> {
        let (d, d_mlp, n_heads) = (config.hidden_size, config.d_mlp(), config.num_heads);
        let heads = Heads { n_heads, n_kv_heads: n_heads, d_head: d / n_heads, scaling: 1.0 };
        let names = ["wte.weight", "lm_head.weight"];
        let are_tied = config.tie_word_embeddings;
        let [embed, unembed] =
            weights.embeddings(names, are_tied, [config.vocab_size, d], device)?;
        let norm =
            |name: &str| Norm::load_layer(weights, name, d, config.layer_norm_epsilon, device);
        let linear =
            |name: &str, shape, has_bias| Linear::load(weights, name, shape, has_bias, device);
        let block = |layer: usize| -> Result<Block> {
            let h = format!("h.{layer}");
            let attention = format!("{h}.attn.attention");
            let part = |name: &str| linear(&format!("{attention}.{name}"), [d, d], false);
            Ok(Block {
                ln1: norm(&format!("{h}.ln_1"))?,
                attn: SelfAttention {
                    qkv: Linear::side_by_side([part("q_proj")?, part("k_proj")?, part("v_proj")?]),
                    out: linear(&format!("{attention}.out_proj"), [d, d], true)?,
                    heads,
                    qk_norms: None,
                },
                ln2: norm(&format!("{h}.ln_2"))?,
                mlp: Mlp {
                    gate: None,
                    up: linear(&format!("{h}.mlp.c_fc"), [d, d_mlp], true)?,
                    down: linear(&format!("{h}.mlp.c_proj"), [d_mlp, d], true)?,
                    function: config.function()?,
                },
                parallel: false,
            })
        };
        let pos_embed = [config.max_position_embeddings, d];
        Ok(Decoder {
            info: config.info(""),
            ends: config.ends(),
            embed,
            pos_embed: Some(weights.tensor("wpe.weight", pos_embed, device)?),
            rotary: None,
            blocks: (0..config.num_layers).map(block).collect::<Result<_>>()?,
            unembed: Unembedding {
                norm: norm("ln_f")?,
                head: Linear::new(unembed.transpose(), None),
            },
        })
    }
}
