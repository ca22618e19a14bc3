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
    /// The same by the position the head read from, `[layer][head][source]`. A value's bias belongs to
    /// the position of the value.
    pub sources: Vec<Vec<Vec<f32>>>,
    /// What the bias of each layer's attention output contributes, `[layer]`.
    pub attention_biases: Vec<f32>,
    /// What each MLP contributes, `[layer]`.
    pub mlps: Vec<f32>,
    /// What the biases of the final norm and of the output matrix contribute.
    pub bias: f32,
}

/// A part of a score that is split no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The embedding of the token at the position itself.
    Embed,
    /// The embedding of the position.
    PosEmbed,
    /// What a head brought from one position.
    Head {
        /// Block.
        layer: usize,
        /// Head.
        head: usize,
        /// The position it read from.
        source: usize,
    },
    /// The bias of a layer's attention output.
    AttnBias {
        /// Block.
        layer: usize,
    },
    /// An MLP.
    Mlp {
        /// Block.
        layer: usize,
    },
    /// The biases of the final norm and of the output matrix.
    Bias,
}

impl Part {
    /// Its kind, as files and the command line write it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Embed => "embed",
            Self::PosEmbed => "pos_embed",
            Self::Head { .. } => "head",
            Self::AttnBias { .. } => "attn_bias",
            Self::Mlp { .. } => "mlp",
            Self::Bias => "bias",
        }
    }

    /// The block it belongs to.
    pub fn layer(self) -> Option<usize> {
        match self {
            Self::Head { layer, .. } | Self::AttnBias { layer } | Self::Mlp { layer } => {
                Some(layer)
            }
            Self::Embed | Self::PosEmbed | Self::Bias => None,
        }
    }
}

impl Attribution {
    /// Every part with its share, in the order of the forward pass.
    pub fn parts(&self) -> Vec<(Part, f32)> {
        let mut parts = vec![(Part::Embed, self.embed), (Part::PosEmbed, self.pos_embed)];
        for (layer, heads) in self.sources.iter().enumerate() {
            for (head, sources) in heads.iter().enumerate() {
                let part = |(source, &value)| (Part::Head { layer, head, source }, value);
                parts.extend(sources.iter().enumerate().map(part));
            }
            parts.push((Part::AttnBias { layer }, self.attention_biases[layer]));
            parts.push((Part::Mlp { layer }, self.mlps[layer]));
        }
        parts.push((Part::Bias, self.bias));
        parts
    }

    /// The sum of all contributions: the token's score.
    pub fn total(&self) -> f32 {
        self.parts().iter().map(|&(_, value)| f64::from(value)).sum::<f64>() as f32
    }
}

impl Network {
    /// Splits the score of `token` as the one after position `pos` of a recording of this model, or
    /// its lead over the score of `against`. The final norm's scale is taken as recorded. `None` when
    /// the recording lacks what is needed, or when norms after each block leave no sum to split.
    pub fn attribute(
        &self,
        trace: &Trace,
        pos: usize,
        token: usize,
        against: Option<usize>,
    ) -> Option<Attribution> {
        let scale = *trace.get(Hook::LnFinalScale)?.at(&[pos])?.first()?;
        let (mut direction, mut bias) = self.unembedding()?.read_out(token)?;
        if let Some(against) = against {
            let (other, other_bias) = self.unembedding()?.read_out(against)?;
            direction.iter_mut().zip(&other).for_each(|(x, y)| *x -= y);
            bias -= other_bias;
        }
        for x in &mut direction {
            *x /= scale;
        }
        let part = |hook| Some(dot(trace.get(hook)?.at(&[pos])?, &direction));
        let layers = || 0..trace.model.n_layers;
        let mut attribution = Attribution {
            embed: part(Hook::Embed)?,
            pos_embed: if trace.model.positions.are_added() { part(Hook::PosEmbed)? } else { 0.0 },
            heads: Vec::new(),
            sources: Vec::new(),
            attention_biases: Vec::new(),
            mlps: layers()
                .map(|layer| part(Hook::Block(layer, BlockHook::MlpOut)))
                .collect::<Option<_>>()?,
            bias,
        };
        for layer in layers() {
            let (through, bias) = self.attention(layer)?.out.back(&direction)?;
            let through: Vec<&[f32]> = through.chunks_exact(trace.model.d_head).collect();
            let z = trace.block(layer, BlockHook::Z)?.at(&[pos])?;
            let z = z.chunks_exact(trace.model.d_head);
            let heads: Vec<f32> = z.zip(&through).map(|(z, through)| dot(z, through)).collect();
            let sources =
                heads.iter().zip(&through).enumerate().map(|(head, (&whole, through))| {
                    by_source(trace, (layer, head), pos, through, whole)
                });
            attribution.sources.push(sources.collect::<Option<_>>()?);
            attribution.heads.push(heads);
            attribution.attention_biases.push(bias);
        }
        Some(attribution)
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

/// What a head brought from each position it could see, `[source]`: its weight times the value there,
/// along `through`. They sum to `whole`, also when an experiment scaled what the head read.
fn by_source(
    trace: &Trace,
    (layer, head): (usize, usize),
    pos: usize,
    through: &[f32],
    whole: f32,
) -> Option<Vec<f32>> {
    let weights = trace.block(layer, BlockHook::Pattern)?.at(&[head, pos])?;
    let brought = |(source, &weight): (usize, &f32)| {
        Some(if weight == 0.0 {
            0.0
        } else {
            weight * dot(trace.value(layer, head, source)?, through)
        })
    };
    // A causal head has weight on the position itself and on those before it.
    let n = if trace.is_causal() { pos + 1 } else { weights.len() };
    let mut sources: Vec<f32> =
        weights.iter().take(n).enumerate().map(brought).collect::<Option<_>>()?;
    let sum: f32 = sources.iter().sum();
    let is_scaled = (sum - whole).abs() > 1e-3 * sum.abs().max(1e-3);
    if is_scaled && sum != 0.0 {
        for source in &mut sources {
            *source *= whole / sum;
        }
    }
    Some(sources)
}

/// The scalar product, summed in 64 bits: a score is the sum of hundreds of these.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() as f32
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
                let split = model.network.attribute(&trace, pos, token, None).unwrap();
                let score = trace.logits(pos).unwrap()[token];
                let is_near = |a: f32, b: f32| (a - b).abs() < 1e-4 * b.abs().max(1.0);
                assert!(is_near(split.total(), score), "{score}: {split:?}");
                for (heads, sources) in split.heads.iter().zip(&split.sources) {
                    for (&head, sources) in heads.iter().zip(sources) {
                        assert_eq!(sources.len(), pos + 1);
                        assert!(is_near(sources.iter().sum(), head), "{head}: {sources:?}");
                    }
                }
                let lead = model.network.attribute(&trace, pos, token, Some(3)).unwrap();
                assert!(is_near(lead.total(), score - trace.logits(pos).unwrap()[3]));
            }
            assert!(model.network.attribute(&trace, 99, 0, None).is_none());
            assert!(model.network.attribute(&trace, 0, usize::MAX, None).is_none());
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
