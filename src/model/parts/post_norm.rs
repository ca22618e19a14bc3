//! One block of a post-norm transformer, as in the original paper (Vaswani et al. 2017): attention and
//! MLP read the stream as it is, and the stream is normalised after each has added to it.

use crate::model::parts::attention::{Heads, SelfAttention, Sight};
use crate::model::parts::linear::Linear;
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::run::cache::{Cache, Vectors};
use crate::model::run::probe::Probe;
#[allow(clippy::enum_glob_use, reason = "the names of the hooks are the words of this page")]
use crate::trace::BlockHook::{self, *};
use crate::trace::Hook;
use burn::tensor::Tensor;

/// Attention and MLP, each followed by a norm; in a decoder of translations, attention to the source
/// text between them.
#[derive(Debug)]
pub struct PostNormBlock {
    /// Moves what is known from position to position.
    pub attn: SelfAttention,
    /// After attention.
    pub ln1: Norm,
    /// Attention to the source text and the norm after it, in a decoder.
    pub cross: Option<(CrossAttention, Norm)>,
    /// Works on each position alone.
    pub mlp: Mlp,
    /// After the MLP.
    pub ln_last: Norm,
}

/// Attention of one text to another.
#[derive(Debug)]
pub struct CrossAttention {
    /// `[d_model, head * d_head]`, reads the stream.
    pub q: Linear,
    /// `[d_model, head * d_head]`, reads what the encoder made of the source.
    pub k: Linear,
    /// As `k`.
    pub v: Linear,
    /// `[head * d_head, d_model]`
    pub out: Linear,
    /// How the vectors are cut into heads.
    pub heads: Heads,
}

/// What a block's heads may look at in the source text: keys and values, each
/// `[source, head, d_head]`.
pub type SourceKeys = [Vectors; 2];

impl PostNormBlock {
    /// The stream that enters, with what attention and MLP add to it, normalised.
    ///
    /// # Shapes
    /// `resid [pos, d_model]` gives the same.
    pub fn forward(
        &self,
        resid: Tensor<2>,
        sight: &Sight,
        source: Option<&SourceKeys>,
        layer: usize,
        cache: &mut Cache,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let at = |hook: BlockHook| Hook::Block(layer, hook);
        let resid_pre = probe.tap(at(ResidPre), resid);
        let attn_out = self.attn.forward(&resid_pre, sight, layer, cache, probe);
        let attn_out = probe.tap(at(AttnOut), attn_out);
        let resid_mid = probe.tap(at(ResidMid), resid_pre + attn_out);
        let mut x = self.ln1.forward(&resid_mid, [Ln1Scale, Ln1Normalized].map(at), probe);

        let mut last_norm = [Ln2Scale, Ln2Normalized];
        if let Some((cross, norm)) = &self.cross {
            if let Some(source) = source {
                let cross_out = cross.forward(&x, source, layer, probe);
                let cross_out = probe.tap(at(CrossAttnOut), cross_out);
                x = probe.tap(at(ResidMidCross), x + cross_out);
            }
            x = norm.forward(&x, last_norm.map(at), probe);
            last_norm = [Ln3Scale, Ln3Normalized];
        }

        let mlp_out = self.mlp.forward(&x, layer, probe);
        let mlp_out = probe.tap(at(MlpOut), mlp_out);
        let resid_post = probe.tap(at(ResidPost), x + mlp_out);
        let normalized = self.ln_last.forward(&resid_post, last_norm.map(at), probe);
        probe.tap(at(NormalizedResidPost), normalized)
    }
}

impl CrossAttention {
    /// Keys and values of the source text, which stay the same while the target is written.
    ///
    /// # Shapes
    /// `states [source, d_model]`, what the encoder's last block gives.
    pub fn source_keys(&self, states: &Tensor<2>) -> SourceKeys {
        let n = states.dims()[0];
        let Heads { n_heads, d_head, .. } = self.heads;
        [&self.k, &self.v].map(|part| part.forward(states).reshape([n, n_heads, d_head]).into())
    }

    fn forward(
        &self,
        x: &Tensor<2>,
        [k, v]: &SourceKeys,
        layer: usize,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let at = |hook: BlockHook| Hook::Block(layer, hook);
        let Heads { n_heads, d_head, .. } = self.heads;
        let q = self.q.forward(x).reshape([x.dims()[0], n_heads, d_head]);
        let q = probe.tap(at(CrossQ), q); // [pos, head, d_head]
        let k: Vectors = probe.tap(at(CrossK), k.tensor()).into(); // [source, head, d_head]
        let v: Vectors = probe.tap(at(CrossV), v.tensor()).into();
        let hooks = [CrossAttnScores, CrossPattern, CrossZ].map(at);
        let z = self.heads.attend(&q, [&k, &v], &Sight::everything(), hooks, probe);
        self.out.forward(&z)
    }
}
