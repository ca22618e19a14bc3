//! One block of a pre-norm transformer: attention and MLP each read the normalised stream and add to
//! it, one after the other (GPT-2, Llama) or side by side (GPT-NeoX).

use crate::model::parts::attention::{SelfAttention, Sight};
use crate::model::parts::mlp::Mlp;
use crate::model::parts::norm::Norm;
use crate::model::run::cache::Cache;
use crate::model::run::probe::Probe;
#[allow(clippy::enum_glob_use, reason = "the names of the hooks are the words of this page")]
use crate::trace::BlockHook::{self, *};
use crate::trace::Hook;
use burn::tensor::Tensor;

/// Attention and MLP with their norms.
#[derive(Debug)]
pub struct Block {
    /// Before attention.
    pub ln1: Norm,
    /// Moves what is known from position to position.
    pub attn: SelfAttention,
    /// Before the MLP.
    pub ln2: Norm,
    /// Works on each position alone.
    pub mlp: Mlp,
    /// Does the MLP read the stream that enters the block, as attention does, and not what attention
    /// has added to? (Wang and Komatsuzaki 2021, "GPT-J-6B".)
    pub parallel: bool,
}

impl Block {
    /// The stream that enters, with what attention and MLP add to it.
    ///
    /// # Shapes
    /// `resid [pos, d_model]` gives the same.
    pub fn forward(
        &self,
        resid: Tensor<2>,
        sight: &Sight,
        layer: usize,
        cache: &mut Cache,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let at = |hook: BlockHook| Hook::Block(layer, hook);
        let resid_pre = probe.tap(at(ResidPre), resid);
        let ln1 = [Ln1Scale, Ln1Normalized].map(at);
        let x = self.ln1.forward(&resid_pre, ln1, probe);
        let attn_out = self.attn.forward(&x, sight, layer, cache, probe);
        let attn_out = probe.tap(at(AttnOut), attn_out);

        let resid_mid = resid_pre.clone() + attn_out;
        let resid_mid = if self.parallel { resid_mid } else { probe.tap(at(ResidMid), resid_mid) };
        let read_by_mlp = if self.parallel { &resid_pre } else { &resid_mid };
        let ln2 = [Ln2Scale, Ln2Normalized].map(at);
        let x = self.ln2.forward(read_by_mlp, ln2, probe);
        let mlp_out = self.mlp.forward(&x, layer, probe);
        let mlp_out = probe.tap(at(MlpOut), mlp_out);

        probe.tap(at(ResidPost), resid_mid + mlp_out)
    }
}
