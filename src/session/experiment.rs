//! Experiments on a model: what changes when something is switched off, and what mattered.

use super::must_predict_next;
use crate::math::sampling::{kl_bits, softmax, top};
use crate::model::{Cache, Checkpoint, Edit, Edited, Memory, Silent};
use crate::problem::{Problem, Result};
use crate::trace::{Token, Trace};
use std::sync::Arc;

/// The next token before and after a change.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Probabilities of the unchanged model, `[vocab]`.
    pub before: Vec<f32>,
    /// Probabilities of the changed one, `[vocab]`.
    pub after: Vec<f32>,
    /// Kullback-Leibler divergence of `after` from `before`, in bits: how surprised one would be who
    /// trusts the changed model and meets the unchanged one.
    pub kl_bits: f32,
}

impl Comparison {
    /// Compares the next tokens of two recordings.
    pub fn of(before: &Trace, after: &Trace) -> Self {
        let probs = |trace: &Trace| trace.next_logits().map(softmax).unwrap_or_default();
        let (before, after) = (probs(before), probs(after));
        let kl_bits = kl_bits(&before, &after);
        Self { before, after, kl_bits }
    }

    /// The tokens whose probability changed most, largest change first.
    pub fn movers(&self, n: usize) -> Vec<usize> {
        let changes = self.before.iter().zip(&self.after);
        let changes: Vec<f32> = changes.map(|(before, after)| (after - before).abs()).collect();
        top(&changes, n)
    }
}

/// The log-probability of `token` as the next one, in nats, as each layer would already have it: by
/// the logit lens on the stream entering block 0 and on what leaves each block.
pub fn early_log_probs(model: &Checkpoint, trace: &Trace, token: u32) -> Option<Vec<f32>> {
    let pos = trace.tokens.len().checked_sub(1)?;
    let early = model.network.early_logits(trace, pos)?;
    let log_prob = |logits: &Vec<f32>| log_softmax_at(logits, token as usize);
    early.iter().map(log_prob).collect()
}

/// How far each head's attention moved between two recordings of one text, `[layer][head]`: the
/// share of a token's attention that went elsewhere, averaged over tokens. 0 is nowhere, 1 all of it.
pub fn moved_attention(before: &Trace, after: &Trace) -> Vec<Vec<f32>> {
    let n_tokens = before.tokens.len().max(1) as f32;
    let moved = |layer, head| -> f32 {
        let (before, after) = (before.pattern(layer, head), after.pattern(layer, head));
        let Some((before, after)) = before.zip(after) else {
            return 0.0;
        };
        let changes = before.data.iter().zip(after.data);
        changes.map(|(a, b)| (a - b).abs()).sum::<f32>() / (2.0 * n_tokens)
    };
    let heads = |layer| (0..before.model.n_heads).map(|head| moved(layer, head)).collect();
    (0..before.model.n_layers).map(heads).collect()
}

/// How a token's log-probability changes when each head is switched off.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The token asked about.
    pub token: u32,
    /// Its log-probability in the unchanged model, in nats.
    pub log_prob: f32,
    /// What switching each head off adds to it, `[layer][head]`; negative where the head helped.
    pub changes: Vec<Vec<f32>>,
    /// The direct contribution of each head to its score, `[layer][head]`.
    pub attribution: Vec<Vec<f32>>,
}

/// A sweep on its way, one head at a time, so that a large model can be used for something else, or
/// the sweep given up, between two heads.
#[derive(Debug)]
pub struct Sweeper {
    trace: Trace,
    /// What an encoder made of the source, if the model has one.
    memory: Option<Arc<Memory>>,
    sweep: Sweep,
    done: usize,
}

impl Sweeper {
    /// Reads the text; `token` is what is asked about, by default the most probable next one.
    ///
    /// # Errors
    /// When the text cannot be read or the token is unknown.
    pub fn new(model: &Checkpoint, text: &str, token: Option<u32>) -> Result<Self> {
        must_predict_next(model)?;
        let trace = model.trace(text)?;
        let pos = trace.tokens.len() - 1;
        let logits = trace.next_logits().unwrap_or_default();
        let token = token.unwrap_or_else(|| top(logits, 1).first().map_or(0, |&id| id as u32));
        let Some(log_prob) = log_softmax_at(logits, token as usize) else {
            let n = logits.len();
            let why = format!("token {token} exceeds the model's vocabulary of {n}");
            return Err(Problem::new("Could not try the heads", why)
                .cure("`headlight tokenize` shows the ids of a text"));
        };
        let attribution = model.network.attribute(&trace, pos, token as usize, None);
        let sweep = Sweep {
            token,
            log_prob,
            changes: vec![vec![f32::NAN; model.info.n_heads]; model.info.n_layers],
            attribution: attribution.map(|a| a.heads).unwrap_or_default(),
        };
        Ok(Self { memory: model.memory(text)?, trace, sweep, done: 0 })
    }

    /// How many heads were tried.
    pub fn done(&self) -> usize {
        self.done
    }

    /// How many heads there are.
    pub fn total(&self) -> usize {
        self.sweep.changes.iter().map(Vec::len).sum()
    }

    /// Switches the next head off; does nothing when all were tried.
    pub fn step(&mut self, model: &Checkpoint) {
        let n_heads = model.info.n_heads.max(1);
        let (layer, head) = (self.done / n_heads, self.done % n_heads);
        let row = self.sweep.changes.get_mut(layer);
        let Some(change) = row.and_then(|row| row.get_mut(head)) else {
            return;
        };
        let off = Edit::Head { layer, head, factor: 0.0 };
        let read = (&self.trace.tokens[..], self.memory.clone());
        let after = next_logits(model, read, &[off]);
        let after = log_softmax_at(&after, self.sweep.token as usize);
        *change = after.map_or(f32::NAN, |after| after - self.sweep.log_prob);
        self.done += 1;
    }

    /// What was found so far; heads that were not tried are NaN.
    pub fn found(&self) -> &Sweep {
        &self.sweep
    }
}

/// Switches every head off, one by one, and notes what becomes of `token` (by default the most
/// probable one) after the text.
///
/// # Errors
/// When the text cannot be read or the token is unknown.
pub fn sweep(model: &Checkpoint, text: &str, token: Option<u32>) -> Result<Sweep> {
    let mut sweeper = Sweeper::new(model, text, token)?;
    while sweeper.done() < sweeper.total() {
        sweeper.step(model);
    }
    Ok(sweeper.sweep)
}

/// The scores after the last token of a changed forward pass, `[vocab]`.
fn next_logits(
    model: &Checkpoint,
    (tokens, memory): (&[Token], Option<Arc<Memory>>),
    edits: &[Edit],
) -> Vec<f32> {
    let mut probe = Edited { model: &model.info, edits, inner: Silent };
    let logits = model.run(tokens, &mut Cache::after(memory), &mut probe);
    logits.narrow(0, tokens.len() - 1, 1).into_data().try_into_vec().unwrap_or_default()
}

/// The logarithm of one probability, in nats, without losing small ones.
fn log_softmax_at(logits: &[f32], index: usize) -> Option<f32> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&x| f64::from(x - max).exp()).sum();
    Some((f64::from(*logits.get(index)? - max) - sum.ln()) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    #[test]
    fn log_probabilities() {
        let logits = [0.0, 0.0, f32::NEG_INFINITY];
        assert!((log_softmax_at(&logits, 0).unwrap() + std::f32::consts::LN_2).abs() < 1e-6);
        assert_eq!(log_softmax_at(&logits, 2), Some(f32::NEG_INFINITY));
        assert_eq!(log_softmax_at(&logits, 3), None);
    }

    #[test]
    fn what_a_missing_head_changes_comes_after_it() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let text = "The cat sat on the";
        let off = Edit::Head { layer: 2, head: 1, factor: 0.0 };
        let before = model.trace(text).unwrap();
        let after = model.trace_edited(text, &[off]).unwrap();
        let moved = moved_attention(&before, &after);
        assert!(moved[..=2].iter().flatten().all(|&m| m == 0.0));
        assert!(moved[3..].iter().flatten().any(|&m| m > 0.0));
        assert!(moved.iter().flatten().all(|&m| m <= 1.0));

        let early = |trace| early_log_probs(&model, trace, 7).unwrap();
        let (before_logs, after_logs) = (early(&before), early(&after));
        assert_eq!(before_logs[..=2], after_logs[..=2]);
        assert!((before_logs[3] - after_logs[3]).abs() > 1e-6);
        let comparison = Comparison::of(&before, &after);
        let last = after_logs.last().unwrap();
        assert!((comparison.after[7].ln() - last).abs() < 1e-3);
    }

    #[test]
    fn a_sweep_is_every_ablation() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let text = "The cat sat on the";
        let swept = sweep(&model, text, None).unwrap();
        assert!(swept.changes.iter().flatten().all(|change| change.is_finite()));
        let before = model.trace(text).unwrap();
        let after =
            model.trace_edited(text, &[Edit::Head { layer: 4, head: 2, factor: 0.0 }]).unwrap();
        let comparison = Comparison::of(&before, &after);
        let id = swept.token as usize;
        let change = (comparison.after[id] / comparison.before[id]).ln();
        assert!((change - swept.changes[4][2]).abs() < 1e-4);
        assert!(comparison.kl_bits > 0.0);
        assert!(sweep(&model, text, Some(9999)).is_err());
        let mut sweeper = Sweeper::new(&model, text, None).unwrap();
        sweeper.step(&model);
        assert_eq!(
            (sweeper.done(), sweeper.total()),
            (1, model.info.n_layers * model.info.n_heads)
        );
        let tried = sweeper.found().changes.iter().flatten().filter(|c| c.is_finite());
        assert_eq!(tried.count(), 1);
    }
}
