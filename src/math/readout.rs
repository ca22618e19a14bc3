//! From logits to probabilities with every number on the way kept.
//!
//! A model ends in one score per token of its vocabulary, the logits. `exp(logit - max)` makes each
//! of them positive (taking away the largest changes no share and keeps the numbers small), and
//! dividing by the sum makes them shares of one whole: p = exp(l - max) / sum.

use super::sampling::{effective_choices, entropy_bits, softmax, top};

/// The logits of one prediction and all that follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Readout {
    /// The model's scores, `[vocab]`.
    pub logits: Vec<f32>,
    /// The largest score.
    pub max: f32,
    /// What all `exp(logit - max)` add up to.
    pub sum: f32,
    /// Probability of each token, `[vocab]`.
    pub probs: Vec<f32>,
    /// All tokens, best first; of equal ones, the lower id.
    pub order: Vec<u32>,
    /// Where each token stands in `order`, `[vocab]`; 0 leads.
    ranks: Vec<u32>,
    /// Shannon entropy of the probabilities.
    pub entropy_bits: f32,
    /// Number of equally likely tokens with the same entropy.
    pub effective_choices: f32,
}

impl Readout {
    /// Works everything out; the order of the whole vocabulary is the slow part.
    pub fn new(logits: &[f32]) -> Self {
        let probs = softmax(logits);
        let order: Vec<u32> = top(logits, logits.len()).into_iter().map(|id| id as u32).collect();
        let mut ranks = vec![0; logits.len()];
        for (rank, &id) in (0..).zip(&order) {
            if let Some(slot) = ranks.get_mut(id as usize) {
                *slot = rank;
            }
        }
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exps = logits.iter().map(|&logit| exp_below(logit, max));
        Self {
            sum: exps.map(f64::from).sum::<f64>() as f32,
            entropy_bits: entropy_bits(&probs),
            effective_choices: effective_choices(&probs),
            logits: logits.to_vec(),
            max,
            probs,
            order,
            ranks,
        }
    }

    /// `exp(logit - max)` of a token: 1 for the best one.
    pub fn exp(&self, id: u32) -> f32 {
        exp_below(self.logit(id), self.max)
    }

    /// The score of a token; NaN when there is no such token.
    pub fn logit(&self, id: u32) -> f32 {
        self.logits.get(id as usize).copied().unwrap_or(f32::NAN)
    }

    /// The probability of a token; 0 when there is no such token.
    pub fn prob(&self, id: u32) -> f32 {
        self.probs.get(id as usize).copied().unwrap_or(0.0)
    }

    /// How many tokens come before this one, when it exists.
    pub fn rank(&self, id: u32) -> Option<usize> {
        self.ranks.get(id as usize).map(|&rank| rank as usize)
    }

    /// What the best `n` tokens have together.
    pub fn mass_of_best(&self, n: usize) -> f32 {
        let best = self.order.iter().take(n);
        best.map(|&id| f64::from(self.prob(id))).sum::<f64>() as f32
    }
}

/// `exp(logit - max)`; what is not a number counts as −∞, as in the softmax.
fn exp_below(logit: f32, max: f32) -> f32 {
    if logit.is_nan() || !max.is_finite() { 0.0 } else { (logit - max).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_on_the_way() {
        // exp gives 4, 2, 1, 1 before the largest is taken away.
        let logits = [2.0_f32.ln(), 4.0_f32.ln(), 0.0, 0.0];
        let readout = Readout::new(&logits);
        let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
        close(readout.max, 4.0_f32.ln());
        close(readout.exp(1), 1.0);
        close(readout.exp(0), 0.5);
        close(readout.sum, 2.0);
        close(readout.prob(0), 0.25);
        close(readout.exp(0) / readout.sum, readout.prob(0));
        assert_eq!(readout.order, [1, 0, 2, 3]);
        assert_eq!((readout.rank(1), readout.rank(3), readout.rank(4)), (Some(0), Some(3), None));
        // 1/2 + 1/4 + 1/8 + 1/8 has 1.75 bits.
        close(readout.entropy_bits, 1.75);
        close(readout.mass_of_best(2), 0.75);
    }

    #[test]
    fn nothing_to_read_is_no_trouble() {
        let empty = Readout::new(&[]);
        assert_eq!((empty.rank(0), empty.prob(0)), (None, 0.0));
        let broken = Readout::new(&[f32::NAN, 1.0, f32::NEG_INFINITY]);
        assert_eq!((broken.order[0], broken.prob(1), broken.exp(0)), (1, 1.0, 0.0));
    }
}
