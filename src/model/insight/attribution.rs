//! Who contributed to a score: direct logit attribution.
//!
//! The residual stream is a sum, and once the final norm's scale is known, a token's score is linear
//! in that sum. So it can be split, exactly, into what the embeddings, each head, each MLP and the
//! biases contributed directly (Elhage et al. 2021, "A Mathematical Framework for Transformer
//! Circuits").

use crate::model::pages::network::Network;
use crate::trace::{BlockHook, Hook, Trace};
use burn::tensor::{Tensor, TensorData};

/// A token's score at one position, split into its direct contributions. They sum to the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// What the token's own embedding contributes.
    pub embed: f32,
    /// What the position's embedding contributes; 0 when the model adds none.
    pub pos_embed: f32,
    /// What each head contributes, `[layer][head]`.
    pub heads: Vec<Vec<f32>>,
    /// What the bias of each layer's attention output contributes, `[layer]`.
    pub attention_biases: Vec<f32>,
    /// What each MLP contributes, `[layer]`.
    pub mlps: Vec<f32>,
    /// What the final norm's bias contributes.
    pub bias: f32,
}

impl Attribution {
    /// The sum of all contributions: the token's score.
    pub fn total(&self) -> f32 {
        let heads: f32 = self.heads.iter().flatten().sum();
        let layers: f32 = self.attention_biases.iter().chain(&self.mlps).sum();
        self.embed + self.pos_embed + heads + layers + self.bias
    }
}

impl Network {
    /// Splits the score of `token` as the one after position `pos` of a recording of this model.
    /// `None` when the recording lacks what is needed.
    pub fn attribute(&self, trace: &Trace, pos: usize, token: usize) -> Option<Attribution> {
        let scale = *trace.get(Hook::LnFinalScale)?.at(&[pos])?.first()?;
        let (direction, bias) = self.unembedding()?.read_out(token)?;
        let direction: Vec<f32> = direction.iter().map(|x| x / scale).collect();
        let part = |hook| Some(dot(trace.get(hook)?.at(&[pos])?, &direction));
        let mut heads = Vec::new();
        let mut attention_biases = Vec::new();
        let mut mlps = Vec::new();
        for layer in 0..trace.model.n_layers {
            let (through, bias) = self.attention(layer)?.out.back(&direction)?;
            let z = trace.block(layer, BlockHook::Z)?.at(&[pos])?;
            let d_head = trace.model.d_head;
            heads.push(
                z.chunks(d_head).zip(through.chunks(d_head)).map(|(z, d)| dot(z, d)).collect(),
            );
            attention_biases.push(bias);
            mlps.push(part(Hook::Block(layer, BlockHook::MlpOut))?);
        }
        Some(Attribution {
            embed: part(Hook::Embed)?,
            pos_embed: if trace.model.positions.are_added() { part(Hook::PosEmbed)? } else { 0.0 },
            heads,
            attention_biases,
            mlps,
            bias,
        })
    }

    /// What the model would say at position `pos` if it ended early: the logit lens on the stream
    /// that enters block 0 and on what leaves each block, one `[vocab]` after another. `None` when
    /// the recording lacks the stream.
    pub fn early_logits(&self, trace: &Trace, pos: usize) -> Option<Vec<Vec<f32>>> {
        let n_layers = trace.model.n_layers;
        let entering = std::iter::once(Hook::Block(0, BlockHook::ResidPre));
        let leaving = (0..n_layers).map(|layer| Hook::Block(layer, trace.model.leaving()));
        let mut streams = Vec::new();
        for hook in entering.chain(leaving) {
            streams.extend_from_slice(trace.get(hook)?.at(&[pos])?);
        }
        let shape = [n_layers + 1, self.embed().dims()[1]];
        if streams.len() != shape.iter().product::<usize>() {
            return None;
        }
        let streams = Tensor::from_data(TensorData::new(streams, shape), &self.device());
        let logits: Vec<f32> = self.unembed(streams)?.into_data().try_into_vec().ok()?;
        let rows = logits.chunks_exact((logits.len() / (n_layers + 1)).max(1));
        Some(rows.map(<[f32]>::to_vec).collect())
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn contributions_sum_to_the_score() {
        let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny");
        let llama = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny-llama");
        for name in [BUNDLED[0].name, tiny, llama] {
            let model = Checkpoint::open(name, DeviceKind::default()).unwrap();
            let trace = model.trace("The cat sat on the").unwrap();
            for (pos, token) in [(0, 7), (2, 270), (4, 11)] {
                let split = model.network.attribute(&trace, pos, token).unwrap();
                let score = trace.logits(pos).unwrap()[token];
                assert!(
                    (split.total() - score).abs() < 2e-4 * score.abs().max(1.0),
                    "{score}: {split:?}"
                );
            }
            assert!(model.network.attribute(&trace, 99, 0).is_none());
        }
    }

    #[test]
    fn the_last_early_answer_is_the_models_own() {
        let model = Checkpoint::open(BUNDLED[0].name, DeviceKind::default()).unwrap();
        let trace = model.trace("The cat sat on the").unwrap();
        let early = model.network.early_logits(&trace, 4).unwrap();
        assert_eq!(early.len(), model.info.n_layers + 1);
        let logits = trace.next_logits().unwrap();
        let last = early.last().unwrap();
        assert!(logits.iter().zip(last).all(|(a, b)| (a - b).abs() < 1e-4));
        assert!(model.network.early_logits(&trace, 5).is_none());
    }
}
