//! What there is to say about a model besides its weights.

use super::BlockHook;
use serde::{Deserialize, Serialize};

/// Sizes of a model, and which kinds of parts it has. Fields that old recordings lack read as what
/// GPT-2 has.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one part whether an architecture has it"
)]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Name to show: the folder's name.
    pub name: String,
    /// Family of the architecture as in `config.json`: `gpt2`, `llama`.
    pub architecture: String,
    /// Number of blocks.
    pub n_layers: usize,
    /// Attention heads per block.
    pub n_heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of one head's queries, keys and values.
    pub d_head: usize,
    /// Hidden width of the MLP.
    pub d_mlp: usize,
    /// Longest sequence the model can read, in tokens.
    pub n_ctx: usize,
    /// Number of tokens the model knows.
    pub vocab_size: usize,
    /// Number of trained parameters.
    pub n_params: usize,
    /// Activation function of the MLP, as named in `config.json`.
    pub activation_function: String,
    /// Added to the variance by every norm.
    pub layer_norm_epsilon: f64,
    /// Which of the three kinds of transformer it is.
    #[serde(default)]
    pub shape: Shape,
    /// How it knows where a token is.
    #[serde(default)]
    pub positions: Positions,
    /// How it normalises.
    #[serde(default)]
    pub norm: NormKind,
    /// Keys and values per block when groups of heads share them; `None` when every head has its
    /// own. A divisor of `n_heads`.
    #[serde(default)]
    pub n_kv_heads: Option<usize>,
    /// Does the MLP multiply each neuron by a gate?
    #[serde(default)]
    pub gated_mlp: bool,
    /// How many tokens a token looks at most, itself included and counted backwards; `None` when it
    /// looks as far as the text goes.
    #[serde(default)]
    pub window: Option<usize>,
    /// The blocks that look as far as the text goes although others have a window.
    #[serde(default)]
    pub global_layers: Vec<usize>,
    /// Do attention and MLP of a block read the same stream, so that there is none between them?
    #[serde(default)]
    pub parallel: bool,
    /// Is the stream normalised after attention and MLP have added to it, not before they read it?
    #[serde(default)]
    pub post_norm: bool,
    /// Are the summed embeddings normalised before the first block?
    #[serde(default)]
    pub embed_norm: bool,
    /// Is there an embedding for the first and the second sentence of a pair?
    #[serde(default)]
    pub segments: bool,
    /// What its scores are scores of.
    #[serde(default)]
    pub predicts: Predicts,
    /// How the vectors of all tokens become one for the text, in words; `None` where they do not.
    #[serde(default)]
    pub pooling: Option<String>,
    /// How many numbers that vector has, when they are not as many as `d_model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d_pooled: Option<usize>,
}

/// What the scores are of that a model ends with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicts {
    /// The token after each position.
    #[default]
    Next,
    /// The token at each position, if it was masked.
    Masked,
    /// There are none: the model ends with vectors.
    Nothing,
}

/// The three kinds of transformer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Predicts the next token from those before it.
    #[default]
    Decoder,
    /// Every token looks at every other; there is no next token.
    Encoder,
    /// A decoder that also looks at what an encoder made of another text.
    EncoderDecoder,
}

/// How a model knows where a token is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// A learned vector per position is added to the token's.
    #[default]
    Learned,
    /// A vector of sines and cosines is added.
    Sinusoidal,
    /// Queries and keys are turned by angles that grow with the position.
    Rotary,
}

impl Positions {
    /// Is there a vector per position that is added to the token's?
    pub fn are_added(self) -> bool {
        self != Self::Rotary
    }
}

/// How a model normalises the vectors its parts read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// Mean 0, variance 1 (Ba et al. 2016, "Layer Normalization").
    #[default]
    Layer,
    /// Mean square 1 (Zhang and Sennrich 2019, "Root Mean Square Layer Normalization").
    Rms,
}

impl ModelInfo {
    /// How many keys and values a block has per position.
    pub fn kv_heads(&self) -> usize {
        self.n_kv_heads.unwrap_or(self.n_heads)
    }

    /// How many tokens a token looks at most in block `layer`; `None` when as far as the text goes.
    pub fn window_of(&self, layer: usize) -> Option<usize> {
        self.window.filter(|_| !self.global_layers.contains(&layer))
    }

    /// May a token see another in block `layer`?
    pub fn sees(&self, layer: usize, query: usize, key: usize) -> bool {
        let is_past = key <= query || self.shape == Shape::Encoder;
        is_past && self.window_of(layer).is_none_or(|window| key + window > query)
    }

    /// The stream that the second norm reads: the one between attention and MLP, or the one that enters
    /// a block in which both read the same.
    pub fn read_by_mlp(&self) -> BlockHook {
        if self.parallel { BlockHook::ResidPre } else { BlockHook::ResidMid }
    }

    /// What leaves a block and enters the next.
    pub fn leaving(&self) -> BlockHook {
        if self.post_norm { BlockHook::NormalizedResidPost } else { BlockHook::ResidPost }
    }

    /// The heads that share their keys and values with `head`, itself among them.
    pub fn group_of(&self, head: usize) -> std::ops::Range<usize> {
        let size = (self.n_heads / self.kv_heads().max(1)).max(1);
        let first = self.kv_head_of(head) * size;
        first..first + size
    }

    /// Which of a block's keys and values a head looks at.
    pub fn kv_head_of(&self, head: usize) -> usize {
        let group = self.n_heads / self.kv_heads().max(1);
        head / group.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_heads_share_keys() {
        let kv_heads = |n_kv_heads| -> Vec<usize> {
            let info = ModelInfo { n_heads: 6, n_kv_heads, ..ModelInfo::default() };
            (0..6).map(|head| info.kv_head_of(head)).collect()
        };
        assert_eq!(kv_heads(None), [0, 1, 2, 3, 4, 5]);
        assert_eq!(kv_heads(Some(2)), [0, 0, 0, 1, 1, 1]);
        assert_eq!(kv_heads(Some(0)), [0; 6]);
        let info = ModelInfo { n_heads: 6, n_kv_heads: Some(2), ..ModelInfo::default() };
        assert_eq!((info.group_of(1), info.group_of(3)), (0..3, 3..6));
    }

    #[test]
    fn a_window_hides_what_is_far_back() {
        let info = ModelInfo { window: Some(2), global_layers: vec![0], ..ModelInfo::default() };
        let seen = |layer| -> Vec<bool> { (0..5).map(|key| info.sees(layer, 3, key)).collect() };
        assert_eq!(seen(0), [true, true, true, true, false]);
        assert_eq!(seen(1), [false, false, true, true, false]);
    }

    #[test]
    fn old_recordings_describe_gpt2() {
        let mut json = serde_json::to_value(ModelInfo::default()).unwrap();
        for new in ["shape", "positions", "norm", "n_kv_heads", "gated_mlp", "window"] {
            json.as_object_mut().unwrap().remove(new).unwrap();
        }
        let read: ModelInfo = serde_json::from_value(json).unwrap();
        assert_eq!(read, ModelInfo::default());
    }
}
