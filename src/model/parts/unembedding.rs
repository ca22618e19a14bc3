//! The last step of a decoder: final norm, then a score for every token of the vocabulary.

use crate::model::parts::linear::Linear;
use crate::model::parts::norm::Norm;
use crate::model::run::probe::Probe;
use crate::trace::{Hook, NormKind};
use burn::tensor::Tensor;

/// Final norm and output matrix.
#[derive(Debug)]
pub struct Unembedding {
    /// The final norm.
    pub norm: Norm,
    /// `[d_model, vocab]`; when tied, a transposed view of the token embeddings.
    pub head: Linear,
}

impl Unembedding {
    /// The scores of every token, `[pos, vocab]`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a tensor is a handle; what is read last is given away"
    )]
    pub fn forward(&self, resid: Tensor<2>, probe: &mut impl Probe) -> Tensor<2> {
        let hooks = [Hook::LnFinalScale, Hook::LnFinalNormalized];
        let x = self.norm.forward(&resid, hooks, probe);
        probe.tap(Hook::Logits, self.head.forward(&x))
    }

    /// The same, unobserved: what the model would say if `resid` were the residual stream after the
    /// last block. Applied to inner layers this is the logit lens (nostalgebraist 2020).
    ///
    /// # Shapes
    /// `[pos, d_model]` gives `[pos, vocab]`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a tensor is a handle; what is read last is given away"
    )]
    pub fn silent(&self, resid: Tensor<2>) -> Tensor<2> {
        self.head.forward(&self.norm.silent(&resid))
    }

    /// The direction in the stream divided by the norm's scale along which `token`'s score grows,
    /// `[d_model]`, and what biases add to the score.
    pub fn read_out(&self, token: usize) -> Option<(Vec<f32>, f32)> {
        if token >= self.head.n_out() {
            return None;
        }
        let column = self.head.output(token); // [d_model]
        let norm_bias = self.norm.bias.as_ref();
        let norm_bias = norm_bias.map(|bias| (bias.clone() * column.clone()).sum());
        let head_bias = self.head.bias.as_ref();
        let head_bias = head_bias.map(|bias| bias.clone().narrow(0, token, 1));
        let biases = [norm_bias, head_bias].into_iter().flatten();
        let bias = biases.map(|bias| bias.into_scalar::<f32>()).sum();

        let direction = self.norm.weight.clone() * column;
        let mut direction: Vec<f32> = direction.into_data().try_into_vec().ok()?;
        if self.norm.kind == NormKind::Layer {
            // The norm also subtracts the mean; it is symmetric, so it can act on the direction.
            let mean = direction.iter().sum::<f32>() / direction.len() as f32;
            for x in &mut direction {
                *x -= mean;
            }
        }
        Some((direction, bias))
    }
}
