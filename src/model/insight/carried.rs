//! What a head hands over: the length of each value after the output matrix.
//!
//! A weight says which share of a value is read, not how much there is to read: heads rest on the first
//! token, whose value often is next to nothing. Weight times the length of `v W_O` is what is really
//! carried (Kobayashi et al. 2020, "Attention is Not Only a Weight").

use crate::model::pages::network::Network;
use crate::model::parts::linear::Linear;
use crate::trace::{Shape, Trace};
use burn::tensor::{Tensor, TensorData};

impl Network {
    /// The length of what each head would write if it read one position alone, `|v W_O|`, as
    /// `[layer][head][source]`. `None` when the recording lacks the values.
    pub fn value_lengths(&self, trace: &Trace) -> Option<Vec<Vec<Vec<f32>>>> {
        let layers = 0..trace.model.n_layers;
        layers.map(|layer| self.layer_lengths(trace, layer)).collect()
    }

    fn layer_lengths(&self, trace: &Trace, layer: usize) -> Option<Vec<Vec<f32>>> {
        let (out, d_head) = (self.attention_output(trace, layer)?, trace.model.d_head);
        let n_keys = trace.key_tokens().len();
        let lengths = |head: usize| {
            let mut values = Vec::with_capacity(n_keys * d_head);
            for pos in 0..n_keys {
                values.extend_from_slice(trace.value(layer, head, pos)?);
            }
            let values = TensorData::new(values, [n_keys, d_head]);
            let values = Tensor::<2>::from_data(values, &self.device());
            let written = out.part_of_inputs(&values, head * d_head); // [source, d_model]
            let squares: Vec<f32> =
                (written.clone() * written).sum_dim(1).into_data().try_into_vec().ok()?;
            Some(squares.into_iter().map(f32::sqrt).collect())
        };
        (0..trace.model.n_heads).map(lengths).collect()
    }

    /// The output matrix of the attention that a recording shows: of a translator the encoder's, the
    /// decoder's, or that of the decoder's attention to the source.
    fn attention_output(&self, trace: &Trace, layer: usize) -> Option<&Linear> {
        match self {
            Self::Marian(marian) if trace.is_cross() => {
                marian.decoder.blocks.get(layer)?.cross.as_ref().map(|(cross, _)| &cross.out)
            }
            Self::Marian(marian) if trace.model.shape == Shape::Encoder => {
                marian.encoder.blocks.get(layer).map(|block| &block.attn.out)
            }
            _ => self.attention(layer).map(|attention| &attention.out),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};
    use crate::trace::BlockHook;

    /// What one position hands over to itself alone is all that attention adds, less the bias.
    #[test]
    fn a_lone_token_writes_what_its_heads_hand_over() {
        for bundled in BUNDLED {
            let model = Checkpoint::bundled(bundled, DeviceKind::default()).unwrap();
            let trace = model.trace("The cat sat").unwrap();
            let parts = [Some(&trace), trace.encoder.as_deref()];
            for trace in parts.into_iter().flatten() {
                let lengths = model.network.value_lengths(trace).unwrap();
                assert_eq!(lengths.len(), trace.model.n_layers);
                for heads in &lengths {
                    assert_eq!(heads.len(), trace.model.n_heads);
                    assert!(heads.iter().flatten().all(|x| x.is_finite() && *x > 0.0));
                }
                // The triangle inequality: no sum is longer than its parts.
                let out = trace.block(0, BlockHook::AttnOut).unwrap().at(&[0]).unwrap();
                let bias = model.network.attention_output(trace, 0).unwrap().bias.clone();
                let bias: f32 = bias.map_or(0.0, |b| (b.clone() * b).sum().into_scalar::<f32>());
                let length = out.iter().map(|x| x * x).sum::<f32>().sqrt();
                let row = |head| trace.pattern(0, head).unwrap().row(0).to_vec();
                let parts: f32 = (0..trace.model.n_heads)
                    .map(|h| row(h).iter().zip(&lengths[0][h]).map(|(w, l)| w * l).sum::<f32>())
                    .sum();
                assert!(length <= parts + bias.sqrt() + 1e-3, "{}: {length} {parts}", bundled.name);
            }
        }
    }
}
