//! GPT-NeoX, on one page: the architecture of Pythia.
//!
//! Black et al. 2022; the reference is `modeling_gpt_neox.py` in Hugging Face transformers. Against
//! GPT-2: positions turn the first quarter of each head's queries and keys, and attention and MLP read
//! the same stream, each with its own norm.

use crate::model::files::config::GptNeoXConfig;
use crate::model::files::weights::Weights;
use crate::model::parts::attention::SelfAttention;
use crate::model::parts::block::Block;
use crate::model::parts::decoder::Decoder;
use crate::model::parts::linear::Linear;
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::parts::unembedding::Unembedding;
use crate::problem::Result;
use burn::tensor::Device;

/// How a checkpoint of GPT-NeoX becomes a model.
#[derive(Debug)]
pub struct GptNeoX;

/// Loading: one line per tensor of the checkpoint.
impl GptNeoX {
    /// What checkpoints with a language head put before the names of the bare model's tensors.
    pub(crate) const PREFIX: &str = "gpt_neox.";

    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: &GptNeoXConfig, weights: &Weights, device: &Device) -> Result<Decoder> {
        let (d, d_mlp, heads) = (config.hidden_size, config.intermediate_size, config.heads());
        let names = ["embed_in.weight", "embed_out.weight"];
        let are_tied = config.tie_word_embeddings;
        let [embed, unembed] =
            weights.embeddings(names, are_tied, [config.vocab_size, d], device)?;
        let norm = |name: &str| Norm::load_layer(weights, name, d, config.layer_norm_eps, device);
        let linear =
            |name: &str, shape, has_bias| Linear::load(weights, name, shape, has_bias, device);
        let has_bias = config.attention_bias;
        let block = |layer: usize| -> Result<Block> {
            let at = |name: &str| format!("layers.{layer}.{name}");
            let qkv = linear(&at("attention.query_key_value"), [d, 3 * d], has_bias)?;
            Ok(Block {
                ln1: norm(&at("input_layernorm"))?,
                attn: SelfAttention {
                    qkv: qkv.kinds_together(heads.n_heads, heads.d_head),
                    out: linear(&at("attention.dense"), [d, d], has_bias)?,
                    heads,
                    qk_norms: None,
                },
                ln2: norm(&at("post_attention_layernorm"))?,
                mlp: Mlp {
                    gate: None,
                    up: linear(&at("mlp.dense_h_to_4h"), [d, d_mlp], true)?,
                    down: linear(&at("mlp.dense_4h_to_h"), [d_mlp, d], true)?,
                    function: config.function()?,
                },
                parallel: config.use_parallel_residual,
            })
        };
        Ok(Decoder {
            info: config.info(""),
            ends: config.ends(),
            embed,
            pos_embed: None,
            rotary: Some(config.rotary()),
            blocks: (0..config.num_hidden_layers).map(block).collect::<Result<_>>()?,
            unembed: Unembedding {
                norm: norm("final_layer_norm")?,
                head: Linear::new(unembed.transpose(), None),
            },
        })
    }
}
