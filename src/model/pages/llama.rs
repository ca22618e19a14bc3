//! Llama, on one page; with it Mistral, Qwen2 and Qwen3, which differ in small things.
//!
//! Touvron et al. 2023; the reference is `modeling_llama.py` in Hugging Face transformers. Against
//! GPT-2: norms without mean and bias, positions as rotations of queries and keys instead of added
//! vectors, groups of heads that share keys and values, and a gate in the MLP.

use crate::model::files::config::{Family, LlamaConfig};
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

/// How a checkpoint of the Llama family becomes a model.
#[derive(Debug)]
pub struct Llama;

/// Loading: one line per tensor of the checkpoint.
impl Llama {
    /// What checkpoints with a language head put before the names of the bare model's tensors.
    pub(crate) const PREFIX: &str = "model.";

    /// Builds the model from the tensors of a checkpoint.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: &LlamaConfig, weights: &Weights, device: &Device) -> Result<Decoder> {
        let (d, vocab) = (config.hidden_size, config.vocab_size);
        let names = ["embed_tokens.weight", "lm_head.weight"];
        let are_tied = config.tie_word_embeddings;
        let [embed, unembed] = weights.embeddings(names, are_tied, [vocab, d], device)?;
        let blocks = 0..config.num_hidden_layers;
        let blocks = blocks.map(|layer| load_block(config, layer, weights, device));
        Ok(Decoder {
            info: config.info(""),
            ends: config.ends(),
            embed,
            pos_embed: None,
            rotary: Some(config.rotary()),
            blocks: blocks.collect::<Result<_>>()?,
            unembed: Unembedding {
                norm: Norm::load_rms(weights, "norm", d, config.rms_norm_eps, device)?,
                head: Linear::new(unembed.transpose(), None),
            },
        })
    }
}

fn load_block(
    config: &LlamaConfig,
    layer: usize,
    weights: &Weights,
    device: &Device,
) -> Result<Block> {
    let (d, d_mlp, heads) = (config.hidden_size, config.intermediate_size, config.heads());
    let norm = |name: &str, width| {
        let name = format!("layers.{layer}.{name}");
        Norm::load_rms(weights, &name, width, config.rms_norm_eps, device)
    };
    let linear = |name: &str, shape, has_bias| {
        let name = format!("layers.{layer}.{name}");
        Linear::load(weights, &name, shape, has_bias, device)
    };
    let (q_width, kv_width) = (heads.n_heads * heads.d_head, heads.n_kv_heads * heads.d_head);
    let biases = config.attention_biases();
    let is_fused = config.family == Family::Phi3;
    let qkv = if is_fused {
        linear("self_attn.qkv_proj", [d, q_width + 2 * kv_width], biases.qkv)?
    } else {
        Linear::side_by_side([
            linear("self_attn.q_proj", [d, q_width], biases.qkv)?,
            linear("self_attn.k_proj", [d, kv_width], biases.qkv)?,
            linear("self_attn.v_proj", [d, kv_width], biases.qkv)?,
        ])
    };
    let [gate, up] = if is_fused {
        let both = linear("mlp.gate_up_proj", [d, 2 * d_mlp], false)?;
        [both.outputs(0..d_mlp), both.outputs(d_mlp..2 * d_mlp)]
    } else {
        let part = |name| linear(name, [d, d_mlp], config.mlp_biases());
        [part("mlp.gate_proj")?, part("mlp.up_proj")?]
    };
    let qk_norms = if config.has_qk_norms() {
        let [q, k] = ["self_attn.q_norm", "self_attn.k_norm"].map(|name| norm(name, heads.d_head));
        Some([q?, k?])
    } else {
        None
    };
    Ok(Block {
        ln1: norm("input_layernorm", d)?,
        attn: SelfAttention {
            qkv,
            out: linear("self_attn.o_proj", [q_width, d], biases.out)?,
            heads,
            qk_norms,
        },
        ln2: norm("post_attention_layernorm", d)?,
        mlp: Mlp {
            gate: Some(gate),
            up,
            down: linear("mlp.down_proj", [d_mlp, d], config.mlp_biases())?,
            function: config.function()?,
        },
        parallel: false,
    })
}
