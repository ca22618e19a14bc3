//! The architectures, and what the rest of the program asks any of them.

use super::attention::SelfAttention;
use super::block::Block;
use super::cache::Cache;
use super::config::Config;
use super::gpt2::Gpt2;
use super::llama::Llama;
use super::probe::Probe;
use super::rotary::Rotary;
use super::unembedding::Unembedding;
use super::weights::Weights;
use crate::problem::Result;
use crate::trace::ModelInfo;
use burn::tensor::{Device, Tensor};

/// A network of one of the supported architectures.
#[derive(Debug)]
pub enum Network {
    /// GPT-2.
    Gpt2(Gpt2),
    /// Llama and its family.
    Llama(Llama),
}

impl Network {
    /// Builds the network that a config describes.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, or holds NaN.
    pub fn load(config: Config, weights: Weights, device: &Device) -> Result<Self> {
        match config {
            Config::Gpt2(config) => {
                let weights = weights.without_prefix(Gpt2::PREFIX);
                Gpt2::load(config, &weights, device).map(Self::Gpt2)
            }
            Config::Llama(config) => {
                let weights = weights.without_prefix(Llama::PREFIX);
                Llama::load(config, &weights, device).map(Self::Llama)
            }
        }
    }

    /// Sizes and kinds of its parts.
    pub fn info(&self, name: &str) -> ModelInfo {
        match self {
            Self::Gpt2(gpt2) => gpt2.config.info(name),
            Self::Llama(llama) => llama.config.info(name),
        }
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> Vec<u32> {
        match self {
            Self::Gpt2(gpt2) => gpt2.config.ends(),
            Self::Llama(llama) => llama.config.ends(),
        }
    }

    /// Does this token end a text?
    pub fn is_end(&self, token: u32) -> bool {
        self.ends().contains(&token)
    }

    /// Reads `tokens`, which follow those already in `cache`, and returns the scores of every
    /// vocabulary entry as the token after each, `[pos, vocab]`.
    ///
    /// The caller sees to it that the token ids are in the vocabulary and that past and new tokens
    /// together fit in the context.
    pub fn forward(&self, tokens: &[u32], cache: &mut Cache, probe: &mut impl Probe) -> Tensor<2> {
        match self {
            Self::Gpt2(gpt2) => gpt2.forward(tokens, cache, probe),
            Self::Llama(llama) => llama.forward(tokens, cache, probe),
        }
    }

    /// Where its tensors are.
    pub fn device(&self) -> Device {
        self.embed().device()
    }

    /// Token embeddings, `[vocab, d_model]`.
    pub fn embed(&self) -> &Tensor<2> {
        match self {
            Self::Gpt2(gpt2) => &gpt2.embed,
            Self::Llama(llama) => &llama.embed,
        }
    }

    /// Position embeddings, `[n_ctx, d_model]`, of a model that has learned them.
    pub fn pos_embed(&self) -> Option<&Tensor<2>> {
        match self {
            Self::Gpt2(gpt2) => Some(&gpt2.pos_embed),
            Self::Llama(_) => None,
        }
    }

    /// How it turns queries and keys, when its positions are rotations.
    pub fn rotary(&self) -> Option<&Rotary> {
        match self {
            Self::Gpt2(_) => None,
            Self::Llama(llama) => Some(&llama.rotary),
        }
    }

    /// What the model would say if `resid` were the residual stream after the last block: the logit
    /// lens.
    ///
    /// # Shapes
    /// `[pos, d_model]` gives `[pos, vocab]`.
    pub fn unembed(&self, resid: Tensor<2>) -> Tensor<2> {
        self.unembedding().silent(resid)
    }

    /// Its final norm and output matrix.
    pub(super) fn unembedding(&self) -> &Unembedding {
        match self {
            Self::Gpt2(gpt2) => &gpt2.unembed,
            Self::Llama(llama) => &llama.unembed,
        }
    }

    /// The attention of block `layer`.
    pub(super) fn attention(&self, layer: usize) -> Option<&SelfAttention> {
        self.blocks().get(layer).map(|block| &block.attn)
    }

    fn blocks(&self) -> &[Block] {
        match self {
            Self::Gpt2(gpt2) => &gpt2.blocks,
            Self::Llama(llama) => &llama.blocks,
        }
    }
}
