//! The step against the gradient.

use super::parameters::{Parameters, Piece};
use crate::kernel;
use std::collections::BTreeMap;

/// How parameters follow their gradients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// How large a step is.
    pub rate: f32,
    /// How strongly numbers are drawn towards zero.
    pub weight_decay: f32,
    /// With steps adapted to each number (`AdamW`, Loshchilov and Hutter 2017), or plain (SGD).
    pub is_adaptive: bool,
}

impl Default for Rule {
    fn default() -> Self {
        Self { rate: 1e-3, weight_decay: 0.0, is_adaptive: true }
    }
}

/// How fast `AdamW` forgets earlier gradients and their squares, and what it adds to a divisor:
/// `PyTorch`'s defaults.
const BETA: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

/// A rule and what it remembers.
#[derive(Debug)]
pub struct Optimizer {
    pub(super) rule: Rule,
    n_steps: i32,
    /// Running means of gradients and of their squares.
    moments: BTreeMap<Piece, [Vec<f32>; 2]>,
}

impl Optimizer {
    /// Before the first step.
    pub fn new(rule: Rule) -> Self {
        Self { rule, n_steps: 0, moments: BTreeMap::new() }
    }

    /// One step. The formulas are those of `torch.optim.AdamW` and `torch.optim.SGD`.
    pub(super) fn step(
        &mut self,
        parameters: &mut Parameters,
        mut gradients: BTreeMap<Piece, Vec<f32>>,
    ) {
        self.n_steps += 1;
        let Rule { rate, weight_decay, is_adaptive } = self.rule;
        let [first, second] = BETA.map(|beta| 1.0 - f64::from(beta).powi(self.n_steps));
        let (rate_now, root) = ((f64::from(rate) / first) as f32, second.sqrt() as f32);
        for (piece, numbers) in parameters.learned_mut() {
            let Some(gradient) = gradients.remove(&piece) else {
                continue;
            };
            if !is_adaptive {
                kernel::update([numbers], &gradient, |[x], g| [x - rate * (g + weight_decay * x)]);
                kernel::memory::done_with(gradient);
                continue;
            }
            let zeros = || [vec![0.0; gradient.len()], vec![0.0; gradient.len()]];
            let [means, squares] = self.moments.entry(piece).or_insert_with(zeros);
            kernel::update([numbers, means, squares], &gradient, |[x, mean, square], g| {
                let x = x - rate * weight_decay * x;
                let mean = mean + (1.0 - BETA[0]) * (g - mean);
                let square = BETA[1] * square + (1.0 - BETA[1]) * g * g;
                [x - rate_now * mean / (square.sqrt() / root + EPSILON), mean, square]
            });
            kernel::memory::done_with(gradient);
        }
    }
}
