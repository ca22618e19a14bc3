//! The forward pass of a decoder, from tokens to scores: embeddings, blocks, unembedding. What is
//! peculiar to an architecture is in the parts that its page puts together.

use crate::model::parts::attention::Sight;
use crate::model::parts::block::Block;
use crate::model::parts::rotary::Rotary;
use crate::model::parts::unembedding::Unembedding;
use crate::model::run::cache::Cache;
use crate::model::run::ops::lookup;
use crate::model::run::probe::Probe;
use crate::trace::{Hook, ModelInfo};
use burn::tensor::Tensor;

/// The whole model.
#[derive(Debug)]
pub struct Decoder {
    /// Sizes and kinds of its parts; without a name.
    pub info: ModelInfo,
    /// The tokens that end a text.
    pub ends: Vec<u32>,
    /// Token embeddings, `[vocab, d_model]`.
    pub embed: Tensor<2>,
    /// Position embeddings, `[n_ctx, d_model]`, when the model adds them.
    pub pos_embed: Option<Tensor<2>>,
    /// How queries and keys are turned, when positions are rotations.
    pub rotary: Option<Rotary>,
    /// In their order.
    pub blocks: Vec<Block>,
    /// Final norm and output matrix.
    pub unembed: Unembedding,
}

impl Decoder {
    /// Reads `tokens`, which follow those already in `cache`, and returns the scores of every
    /// vocabulary entry as the token after each, `[pos, vocab]`.
    ///
    /// The caller sees to it that the token ids are in the vocabulary and that past and new tokens
    /// together fit in the context.
    pub fn forward(&self, tokens: &[u32], cache: &mut Cache, probe: &mut impl Probe) -> Tensor<2> {
        self.forward_rows(tokens, 1, cache, probe)
    }

    /// The same for several texts of one length, one behind the other, as learning reads them.
    pub fn forward_rows(
        &self,
        tokens: &[u32],
        rows: usize,
        cache: &mut Cache,
        probe: &mut impl Probe,
    ) -> Tensor<2> {
        let (past, new) = (cache.len(), tokens.len() / rows.max(1));
        let mut resid = probe.tap(Hook::Embed, lookup(&self.embed, tokens)); // [pos, d_model]
        if let Some(pos_embed) = &self.pos_embed {
            let pos_embed = pos_embed.clone().narrow(0, past, new).repeat_dim(0, rows); // [pos, d_model]
            resid = resid + probe.tap(Hook::PosEmbed, pos_embed);
        }

        let device = self.embed.device();
        let turn = self.rotary.as_ref().map(|rotary| rotary.turn(past, new, &device));
        let turn = if rows > 1 { turn.map(|turn| turn.repeat(rows)) } else { turn };
        for (layer, block) in self.blocks.iter().enumerate() {
            let sight = Sight::causal(past, self.info.window_of(layer), turn.clone());
            resid = block.forward(resid, &Sight { rows, ..sight }, layer, cache, probe);
        }
        cache.advance(new);
        self.unembed.forward(resid, probe)
    }
}
