//! The architectures, and what the rest of the program asks any of them.

use crate::kernel::as_one_of_them;
use crate::model::files::config::Config;
use crate::model::files::leftovers;
use crate::model::files::weights::Weights;
use crate::model::pages::bert::Bert;
use crate::model::pages::gpt_neo::GptNeo;
use crate::model::pages::gpt_neox::GptNeoX;
use crate::model::pages::gpt2::Gpt2;
use crate::model::pages::llama::Llama;
use crate::model::pages::marian::Marian;
use crate::model::parts::attention::SelfAttention;
use crate::model::parts::decoder::Decoder;
use crate::model::parts::rotary::Rotary;
use crate::model::parts::unembedding::Unembedding;
use crate::model::run::cache::Cache;
use crate::model::run::probe::Probe;
use crate::problem::Result;
use crate::trace::ModelInfo;
use burn::tensor::{Device, Tensor};

/// A network of one of the supported architectures.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one network, and its weights are elsewhere"
)]
pub enum Network {
    /// GPT-2, the Llama family, GPT-NeoX, GPT-Neo.
    Decoder(Decoder),
    /// BERT and its relatives.
    Bert(Bert),
    /// A Marian translator.
    Marian(Marian),
}

impl Network {
    /// Builds the network that a config describes.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape than the config says, holds NaN, or is not used.
    /// The notes say what was left out on purpose.
    pub fn load(config: Config, weights: Weights, device: &Device) -> Result<(Self, Vec<String>)> {
        let prefix = config.prefix();
        let weights = weights.without_prefix(prefix);
        let network = Self::build(config, &weights, device)?;
        Ok((network, leftovers::check(&weights, prefix)?))
    }

    fn build(config: Config, weights: &Weights, device: &Device) -> Result<Self> {
        match config {
            Config::Gpt2(config) => Gpt2::load(&config, weights, device).map(Self::Decoder),
            Config::Llama(config) => Llama::load(&config, weights, device).map(Self::Decoder),
            Config::GptNeoX(config) => GptNeoX::load(&config, weights, device).map(Self::Decoder),
            Config::GptNeo(config) => GptNeo::load(&config, weights, device).map(Self::Decoder),
            Config::Bert(config) => Bert::load(config, weights, device).map(Self::Bert),
            Config::Marian(config) => Marian::load(config, weights, device).map(Self::Marian),
        }
    }

    /// The names of the tensors that such a network does not read.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub(crate) fn unread(config: Config, weights: Weights, device: &Device) -> Result<Vec<String>> {
        let prefix = config.prefix();
        let weights = weights.without_prefix(prefix);
        Self::build(config, &weights, device)?;
        leftovers::check(&weights, prefix)?;
        Ok(weights.unread().into_iter().map(|(name, ..)| name).collect())
    }

    /// Sizes and kinds of its parts.
    pub fn info(&self, name: &str) -> ModelInfo {
        match self {
            Self::Decoder(decoder) => ModelInfo { name: name.to_owned(), ..decoder.info.clone() },
            Self::Bert(bert) => bert.info(name),
            Self::Marian(marian) => marian.info(name),
        }
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> Vec<u32> {
        match self {
            Self::Decoder(decoder) => decoder.ends.clone(),
            Self::Bert(_) => Vec::new(),
            Self::Marian(marian) => marian.config.ends(),
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
    /// together fit in the context. A translator's decoder looks at the source text in the cache's
    /// memory. An encoder reads its tokens alone; without a head for masked words what it gives are its
    /// last vectors, `[pos, d_model]`.
    pub fn forward(&self, tokens: &[u32], cache: &mut Cache, probe: &mut impl Probe) -> Tensor<2> {
        as_one_of_them(|| match self {
            Self::Decoder(decoder) => decoder.forward(tokens, cache, probe),
            Self::Bert(bert) => bert.forward(tokens, probe),
            Self::Marian(marian) => marian.decode(tokens, cache, probe),
        })
    }

    /// How many tokens are known of the text that is read first.
    pub fn source_vocab_size(&self) -> usize {
        match self {
            Self::Marian(marian) => marian.config.vocab_size,
            _ => self.embed().dims()[0],
        }
    }

    /// Where its tensors are.
    pub fn device(&self) -> Device {
        self.embed().device()
    }

    /// Token embeddings, `[vocab, d_model]`.
    pub fn embed(&self) -> &Tensor<2> {
        match self {
            Self::Decoder(decoder) => &decoder.embed,
            Self::Bert(bert) => &bert.embed,
            Self::Marian(marian) => &marian.decoder.embed,
        }
    }

    /// Position embeddings, `[n_ctx, d_model]`, of a model that adds them.
    pub fn pos_embed(&self) -> Option<&Tensor<2>> {
        match self {
            Self::Decoder(decoder) => decoder.pos_embed.as_ref(),
            Self::Bert(bert) => Some(&bert.pos_embed),
            Self::Marian(marian) => Some(&marian.decoder.pos_embed),
        }
    }

    /// How it turns queries and keys, when its positions are rotations.
    pub fn rotary(&self) -> Option<&Rotary> {
        match self {
            Self::Decoder(decoder) => decoder.rotary.as_ref(),
            Self::Bert(_) | Self::Marian(_) => None,
        }
    }

    /// What the model would say if `resid` were the residual stream after the last block: the logit
    /// lens. `None` when the model ends with vectors.
    ///
    /// # Shapes
    /// `[pos, d_model]` gives `[pos, vocab]`.
    pub fn unembed(&self, resid: Tensor<2>) -> Option<Tensor<2>> {
        match self {
            Self::Decoder(decoder) => Some(decoder.unembed.silent(resid)),
            Self::Bert(bert) => bert.unembed(&resid),
            Self::Marian(marian) => Some(marian.unembed(&resid)),
        }
    }

    /// Its final norm and output matrix, when these alone come after the sum of all blocks.
    pub(crate) fn unembedding(&self) -> Option<&Unembedding> {
        match self {
            Self::Decoder(decoder) => Some(&decoder.unembed),
            Self::Bert(_) | Self::Marian(_) => None,
        }
    }

    /// What the products of queries and keys in block `layer` are multiplied by.
    pub fn attention_scaling(&self, layer: usize) -> f64 {
        self.attention(layer).map_or(1.0, |attention| attention.heads.scaling)
    }

    /// The attention of block `layer`.
    pub(crate) fn attention(&self, layer: usize) -> Option<&SelfAttention> {
        match self {
            Self::Decoder(decoder) => decoder.blocks.get(layer).map(|block| &block.attn),
            Self::Bert(bert) => bert.blocks.get(layer).map(|block| &block.attn),
            Self::Marian(marian) => marian.decoder.blocks.get(layer).map(|block| &block.attn),
        }
    }
}
