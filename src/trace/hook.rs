//! The named places in a transformer where a value can be read or changed.
//!
//! The names are those of TransformerLens, so that its users feel at home and its notebooks can
//! read our files. The order of [`Hook::all`] is the order in which a forward pass meets them.

use super::{ModelInfo, Positions, Predicts, Shape};
use std::fmt;
use std::str::FromStr;

/// What an axis of an activation counts. Its name is written into every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Position in the sequence of tokens.
    Pos,
    /// The position that looks (rows of an attention pattern).
    Query,
    /// The position that is looked at (columns of an attention pattern).
    Key,
    /// Attention head.
    Head,
    /// Keys and values that one or several heads look at.
    KvHead,
    /// Dimension of the residual stream.
    DModel,
    /// Dimension of the vector of the whole text.
    DPooled,
    /// Dimension inside one head.
    DHead,
    /// Neuron of an MLP.
    DMlp,
    /// Token of the vocabulary.
    Vocab,
    /// A single number per position.
    One,
    /// Position in the source text that a decoder's cross-attention looks at.
    Source,
}

impl Axis {
    /// The name used in files and labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pos => "pos",
            Self::Query => "query",
            Self::Key => "key",
            Self::Head => "head",
            Self::KvHead => "kv_head",
            Self::DModel => "d_model",
            Self::DPooled => "d_pooled",
            Self::DHead => "d_head",
            Self::DMlp => "d_mlp",
            Self::Vocab => "vocab",
            Self::One => "one",
            Self::Source => "source",
        }
    }
}

/// A named activation of the whole model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Token embeddings, `[pos, d_model]`.
    Embed,
    /// Position embeddings, `[pos, d_model]`, of a model that adds them.
    PosEmbed,
    /// Embeddings of the first or second sentence, `[pos, d_model]`, of a model that has them.
    TokenTypeEmbed,
    /// What the norm of the summed embeddings divides by, `[pos, 1]`, of a model that has one.
    EmbedLnScale,
    /// That norm before weight and bias, `[pos, d_model]`.
    EmbedLnNormalized,
    /// The summed embeddings after that norm, `[pos, d_model]`: what enters the first block.
    FullEmbed,
    /// An activation inside block `0`, `1`, ...
    Block(usize, BlockHook),
    /// One vector for the whole text, `[d_model]`, of a model that makes one.
    Pooled,
    /// What the norm in a head for masked words divides by, `[pos, 1]`.
    HeadLnScale,
    /// That norm before weight and bias, `[pos, d_model]`.
    HeadLnNormalized,
    /// What the final norm divides by, `[pos, 1]`: the standard deviation, or the root mean square.
    LnFinalScale,
    /// Final norm before weight and bias, `[pos, d_model]`.
    LnFinalNormalized,
    /// Scores of every token of the vocabulary, `[pos, vocab]`.
    Logits,
}

/// A named activation inside one transformer block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockHook {
    /// Residual stream entering the block, `[pos, d_model]`.
    ResidPre,
    /// What the first norm divides by, `[pos, 1]`.
    Ln1Scale,
    /// First norm before weight and bias, `[pos, d_model]`.
    Ln1Normalized,
    /// Queries, `[pos, head, d_head]`.
    Q,
    /// Keys, `[pos, kv_head, d_head]`.
    K,
    /// Values, `[pos, kv_head, d_head]`.
    V,
    /// Queries turned by their position, `[pos, head, d_head]`, when positions are rotations.
    RotQ,
    /// Keys turned by their position, `[pos, kv_head, d_head]`, when positions are rotations.
    RotK,
    /// Query-key products after scaling, `[head, query, key]`. Kept without the causal mask inside
    /// the program (the mask is a step worth showing); exported with -inf above the diagonal.
    AttnScores,
    /// Softmax of the masked scores: who looks at whom, `[head, query, key]`, rows sum to 1.
    Pattern,
    /// Values weighted by the pattern, `[pos, head, d_head]`.
    Z,
    /// What attention adds to the stream, `[pos, d_model]`.
    AttnOut,
    /// Residual stream between attention and MLP, `[pos, d_model]`; not where both read the same.
    ResidMid,
    /// What the second norm divides by, `[pos, 1]`.
    Ln2Scale,
    /// Second norm before weight and bias, `[pos, d_model]`.
    Ln2Normalized,
    /// Neurons before the activation function, `[pos, d_mlp]`.
    MlpPre,
    /// What each neuron of a gated MLP is multiplied by after the activation function,
    /// `[pos, d_mlp]`.
    MlpPreLinear,
    /// Neurons after the activation function, multiplied if the MLP is gated, `[pos, d_mlp]`.
    MlpPost,
    /// What the MLP adds to the stream, `[pos, d_model]`.
    MlpOut,
    /// Residual stream leaving the block, `[pos, d_model]`; in a post-norm model what the last norm of
    /// the block reads.
    ResidPost,
    /// Queries of attention to the source text, `[pos, head, d_head]`.
    CrossQ,
    /// Keys of the source text, `[source, head, d_head]`.
    CrossK,
    /// Values of the source text, `[source, head, d_head]`.
    CrossV,
    /// Query-key products after scaling, `[head, query, source]`.
    CrossAttnScores,
    /// Their softmax: who looks at which source token, `[head, query, source]`.
    CrossPattern,
    /// Values of the source weighted by the pattern, `[pos, head, d_head]`.
    CrossZ,
    /// What attention to the source adds to the stream, `[pos, d_model]`.
    CrossAttnOut,
    /// Residual stream between attention to the source and the norm after it, `[pos, d_model]`.
    ResidMidCross,
    /// What the third norm divides by, `[pos, 1]`.
    Ln3Scale,
    /// Third norm before weight and bias, `[pos, d_model]`.
    Ln3Normalized,
    /// Residual stream leaving a post-norm block, normalised, `[pos, d_model]`.
    NormalizedResidPost,
}

impl BlockHook {
    /// Every hook that any block has.
    pub const ALL: [Self; 31] = [
        Self::ResidPre,
        Self::Ln1Scale,
        Self::Ln1Normalized,
        Self::Q,
        Self::K,
        Self::V,
        Self::RotQ,
        Self::RotK,
        Self::AttnScores,
        Self::Pattern,
        Self::Z,
        Self::AttnOut,
        Self::ResidMid,
        Self::Ln2Scale,
        Self::Ln2Normalized,
        Self::MlpPre,
        Self::MlpPreLinear,
        Self::MlpPost,
        Self::MlpOut,
        Self::ResidPost,
        Self::CrossQ,
        Self::CrossK,
        Self::CrossV,
        Self::CrossAttnScores,
        Self::CrossPattern,
        Self::CrossZ,
        Self::CrossAttnOut,
        Self::ResidMidCross,
        Self::Ln3Scale,
        Self::Ln3Normalized,
        Self::NormalizedResidPost,
    ];

    /// The hooks of cross-attention with those of self-attention that mean the same.
    pub const CROSS: [(Self, Self); 7] = [
        (Self::CrossQ, Self::Q),
        (Self::CrossK, Self::K),
        (Self::CrossV, Self::V),
        (Self::CrossAttnScores, Self::AttnScores),
        (Self::CrossPattern, Self::Pattern),
        (Self::CrossZ, Self::Z),
        (Self::CrossAttnOut, Self::AttnOut),
    ];

    /// The part of the name after `blocks.{layer}.`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResidPre => "hook_resid_pre",
            Self::Ln1Scale => "ln1.hook_scale",
            Self::Ln1Normalized => "ln1.hook_normalized",
            Self::Q => "attn.hook_q",
            Self::K => "attn.hook_k",
            Self::V => "attn.hook_v",
            Self::RotQ => "attn.hook_rot_q",
            Self::RotK => "attn.hook_rot_k",
            Self::AttnScores => "attn.hook_attn_scores",
            Self::Pattern => "attn.hook_pattern",
            Self::Z => "attn.hook_z",
            Self::AttnOut => "hook_attn_out",
            Self::ResidMid => "hook_resid_mid",
            Self::Ln2Scale => "ln2.hook_scale",
            Self::Ln2Normalized => "ln2.hook_normalized",
            Self::MlpPre => "mlp.hook_pre",
            Self::MlpPreLinear => "mlp.hook_pre_linear",
            Self::MlpPost => "mlp.hook_post",
            Self::MlpOut => "hook_mlp_out",
            Self::ResidPost => "hook_resid_post",
            Self::CrossQ => "cross_attn.hook_q",
            Self::CrossK => "cross_attn.hook_k",
            Self::CrossV => "cross_attn.hook_v",
            Self::CrossAttnScores => "cross_attn.hook_attn_scores",
            Self::CrossPattern => "cross_attn.hook_pattern",
            Self::CrossZ => "cross_attn.hook_z",
            Self::CrossAttnOut => "hook_cross_attn_out",
            Self::ResidMidCross => "hook_resid_mid_cross",
            Self::Ln3Scale => "ln3.hook_scale",
            Self::Ln3Normalized => "ln3.hook_normalized",
            Self::NormalizedResidPost => "hook_normalized_resid_post",
        }
    }

    /// Does a block of such a model have it?
    fn is_in(self, model: &ModelInfo) -> bool {
        match self {
            Self::RotQ | Self::RotK => model.positions == Positions::Rotary,
            Self::ResidMid => !model.parallel,
            Self::MlpPreLinear => model.gated_mlp,
            Self::NormalizedResidPost => model.post_norm,
            Self::CrossQ
            | Self::CrossK
            | Self::CrossV
            | Self::CrossAttnScores
            | Self::CrossPattern
            | Self::CrossZ
            | Self::CrossAttnOut
            | Self::ResidMidCross
            | Self::Ln3Scale
            | Self::Ln3Normalized => model.shape == Shape::EncoderDecoder,
            _ => true,
        }
    }

    /// The hooks of a block of such a model, in the order of the forward pass.
    fn of(model: &ModelInfo) -> Vec<Self> {
        let mut hooks = Self::ALL.to_vec();
        if model.post_norm {
            // Norms come after what is added: the first after attention, the second after attention
            // to the source or else after the MLP.
            let of_stage =
                |at: &Self| match at {
                    Self::Ln1Scale | Self::Ln1Normalized => 1,
                    Self::Ln2Scale | Self::Ln2Normalized => {
                        if model.shape == Shape::EncoderDecoder { 3 } else { 5 }
                    }
                    Self::Ln3Scale | Self::Ln3Normalized | Self::NormalizedResidPost => 5,
                    at if Self::CROSS.iter().any(|(cross, _)| cross == at) => 2,
                    Self::ResidMidCross => 2,
                    at if *at > Self::ResidMid => 4,
                    _ => 0,
                };
            hooks.sort_by_key(of_stage);
        }
        hooks.retain(|at| at.is_in(model));
        hooks
    }

    /// The meaning of each axis, outermost first.
    pub fn axes(self) -> &'static [Axis] {
        match self {
            Self::Ln1Scale | Self::Ln2Scale | Self::Ln3Scale => &[Axis::Pos, Axis::One],
            Self::Q | Self::RotQ | Self::Z | Self::CrossQ | Self::CrossZ => {
                &[Axis::Pos, Axis::Head, Axis::DHead]
            }
            Self::CrossK | Self::CrossV => &[Axis::Source, Axis::Head, Axis::DHead],
            Self::CrossAttnScores | Self::CrossPattern => &[Axis::Head, Axis::Query, Axis::Source],
            Self::K | Self::V | Self::RotK => &[Axis::Pos, Axis::KvHead, Axis::DHead],
            Self::AttnScores | Self::Pattern => &[Axis::Head, Axis::Query, Axis::Key],
            Self::MlpPre | Self::MlpPreLinear | Self::MlpPost => &[Axis::Pos, Axis::DMlp],
            _ => &[Axis::Pos, Axis::DModel],
        }
    }
}

impl Hook {
    /// Every hook of a model, in the order of the forward pass.
    pub fn all(model: &ModelInfo) -> Vec<Self> {
        let block = BlockHook::of(model);
        let blocks =
            (0..model.n_layers).flat_map(|l| block.iter().map(move |&at| Self::Block(l, at)));
        let mut hooks = vec![Self::Embed];
        hooks.extend(model.positions.are_added().then_some(Self::PosEmbed));
        hooks.extend(model.segments.then_some(Self::TokenTypeEmbed));
        if model.embed_norm {
            hooks.extend([Self::EmbedLnScale, Self::EmbedLnNormalized, Self::FullEmbed]);
        }
        hooks.extend(blocks);
        hooks.extend(model.pooling.is_some().then_some(Self::Pooled));
        match model.predicts {
            Predicts::Next if !model.post_norm => {
                hooks.extend([Self::LnFinalScale, Self::LnFinalNormalized]);
            }
            Predicts::Masked => hooks.extend([Self::HeadLnScale, Self::HeadLnNormalized]),
            _ => {}
        }
        hooks.extend((model.predicts != Predicts::Nothing).then_some(Self::Logits));
        hooks
    }

    /// The meaning of each axis, outermost first.
    pub fn axes(self) -> &'static [Axis] {
        match self {
            Self::Embed
            | Self::PosEmbed
            | Self::TokenTypeEmbed
            | Self::EmbedLnNormalized
            | Self::FullEmbed
            | Self::LnFinalNormalized
            | Self::HeadLnNormalized => &[Axis::Pos, Axis::DModel],
            Self::Block(_, at) => at.axes(),
            Self::LnFinalScale | Self::EmbedLnScale | Self::HeadLnScale => &[Axis::Pos, Axis::One],
            Self::Pooled => &[Axis::DPooled],
            Self::Logits => &[Axis::Pos, Axis::Vocab],
        }
    }

    /// Does the name match a pattern in which `*` stands for any text, as in
    /// `blocks.*.attn.hook_pattern`?
    pub fn matches(self, pattern: &str) -> bool {
        matches(&self.to_string(), pattern)
    }
}

/// Does a name match a pattern in which `*` stands for any text?
pub fn matches(name: &str, pattern: &str) -> bool {
    glob(pattern.as_bytes(), name.as_bytes())
}

/// `*` matches any run of bytes. Linear in practice: only the last star is ever revisited.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((star_p, star_n)) = star {
            star = Some((star_p, star_n + 1));
            (p, n) = (star_p + 1, star_n + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Block(layer, at) = self {
            write!(f, "blocks.{layer}.{}", at.name())
        } else {
            let known = OF_MODEL.into_iter().find(|(hook, _)| hook == self);
            f.write_str(known.map_or("", |(_, name)| name))
        }
    }
}

/// The names of what is not in a block.
const OF_MODEL: [(Hook, &str); 12] = [
    (Hook::Embed, "hook_embed"),
    (Hook::PosEmbed, "hook_pos_embed"),
    (Hook::TokenTypeEmbed, "hook_token_type_embed"),
    (Hook::EmbedLnScale, "embed.ln.hook_scale"),
    (Hook::EmbedLnNormalized, "embed.ln.hook_normalized"),
    (Hook::FullEmbed, "hook_full_embed"),
    (Hook::Pooled, "pooled"),
    (Hook::HeadLnScale, "mlm_head.ln.hook_scale"),
    (Hook::HeadLnNormalized, "mlm_head.ln.hook_normalized"),
    (Hook::LnFinalScale, "ln_final.hook_scale"),
    (Hook::LnFinalNormalized, "ln_final.hook_normalized"),
    (Hook::Logits, "logits"),
];

/// The text is not the name of an activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHook(pub String);

impl fmt::Display for UnknownHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no activation is called {:?}", self.0)
    }
}

impl FromStr for Hook {
    type Err = UnknownHook;

    fn from_str(name: &str) -> Result<Self, UnknownHook> {
        let unknown = || UnknownHook(name.to_owned());
        if let Some(rest) = name.strip_prefix("blocks.") {
            let (layer, at) = rest.split_once('.').ok_or_else(unknown)?;
            let layer = layer.parse().ok().ok_or_else(unknown)?;
            let at = BlockHook::ALL.into_iter().find(|hook| hook.name() == at);
            return Ok(Self::Block(layer, at.ok_or_else(unknown)?));
        }
        let known = OF_MODEL.into_iter().find(|(_, known)| *known == name);
        known.map(|(hook, _)| hook).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpt2(n_layers: usize) -> ModelInfo {
        ModelInfo { n_layers, ..ModelInfo::default() }
    }

    fn llama(n_layers: usize) -> ModelInfo {
        ModelInfo { positions: Positions::Rotary, gated_mlp: true, ..gpt2(n_layers) }
    }

    #[test]
    fn names_round_trip_and_are_unique() {
        assert_eq!(Hook::all(&gpt2(12)).len(), 2 + 12 * 17 + 3);
        assert_eq!(Hook::all(&llama(12)).len(), 1 + 12 * 20 + 3);
        for all in [Hook::all(&gpt2(12)), Hook::all(&llama(12))] {
            for hook in &all {
                assert_eq!(hook.to_string().parse(), Ok(*hook));
            }
            let names: std::collections::BTreeSet<_> = all.iter().map(Hook::to_string).collect();
            assert_eq!(names.len(), all.len());
        }
    }

    #[test]
    fn nothing_lies_between_parts_that_work_side_by_side() {
        let parallel = ModelInfo { parallel: true, ..gpt2(2) };
        let hooks = Hook::all(&parallel);
        assert_eq!(hooks.len(), Hook::all(&gpt2(2)).len() - 2);
        assert!(!hooks.contains(&Hook::Block(0, BlockHook::ResidMid)));
    }

    #[test]
    fn forward_order_is_sort_order() {
        for all in [Hook::all(&gpt2(3)), Hook::all(&llama(3))] {
            assert!(all.is_sorted());
        }
    }

    #[test]
    fn patterns_select_hooks() {
        let hook = Hook::Block(11, BlockHook::Pattern);
        assert!(hook.matches("blocks.*.attn.hook_pattern"));
        assert!(hook.matches("*"));
        assert!(hook.matches("blocks.11.*pattern"));
        assert!(!hook.matches("blocks.1.*"));
        assert!(!hook.matches(""));
        assert!(!Hook::Logits.matches("logit"));
    }

    #[test]
    fn strangers_are_refused() {
        for name in ["", "blocks", "blocks.x.hook_resid_pre", "blocks.1.hook", "Logits"] {
            assert_eq!(name.parse::<Hook>(), Err(UnknownHook(name.to_owned())));
        }
    }
}
