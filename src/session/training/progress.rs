//! What is known of a run at any moment.

use crate::model::learn::Learned;
use crate::trace::Token;
use std::sync::Arc;

/// What a run has done so far.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Tokens asked for so far.
    pub tokens: usize,
    /// Seconds spent on steps.
    pub seconds: f64,
    /// All numbers of the model, and how many of them are learned.
    pub parameters: [usize; 2],
    /// Different tokens that the model knows.
    pub vocab_size: usize,
    /// How many tokens of a row are asked for.
    pub context: usize,
    /// The mean surprise of a step's tokens before the step, in nats.
    pub losses: Vec<f32>,
    /// What was measured now and then, in the order of the steps.
    pub checks: Vec<Check>,
    /// The row that is looked at closely in every check.
    pub shown: Vec<Token>,
    /// The model as it was after some of the steps, in their order.
    pub(super) snapshots: Vec<Snapshot>,
}

/// A model after a step, by the numbers that were learned.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub step: usize,
    pub learned: Arc<Learned>,
}

/// What a model can do after a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Steps done.
    pub step: usize,
    /// The mean surprise of what is never practised, in nats.
    pub held_out: Option<f32>,
    /// What each head does on it, `[layer][head]`.
    pub heads: Vec<Vec<Roles>>,
    /// The surprise of each token but the first of the row that is shown, in nats.
    pub surprises: Vec<f32>,
    /// What it writes after the beginning of that row.
    pub sample: String,
    /// The length of each part's gradient in the step before.
    pub gradients: Vec<(String, f32)>,
}

/// Attention that goes where a habit says, from 0 to 1; see [`crate::math::heads`]. `None` where the
/// text gives no occasion.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Roles {
    /// To the token before.
    pub previous: Option<f32>,
    /// To what followed the same token earlier.
    pub induction: Option<f32>,
}

/// Memory that snapshots may take together.
const ROOM: usize = 400 << 20;
/// More than this are never kept.
const MOST: usize = 120;
/// Fewer than this are never kept, whatever they take.
const FEWEST: usize = 4;

impl Progress {
    /// The steps at which the model is kept as it was.
    pub fn kept_steps(&self) -> Vec<usize> {
        self.snapshots.iter().map(|snapshot| snapshot.step).collect()
    }

    /// What the kept models take in memory, in bytes.
    pub fn kept_bytes(&self) -> usize {
        self.snapshots.iter().map(|snapshot| snapshot.learned.bytes()).sum()
    }

    /// The last check at or before a step.
    pub fn check_at(&self, step: usize) -> Option<&Check> {
        self.checks.iter().rev().find(|check| check.step <= step).or(self.checks.first())
    }

    /// The highest score of any head for the induction habit, at each check.
    pub fn induction(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.checks.iter().filter_map(|check| {
            let scores = check.heads.iter().flatten().filter_map(|roles| roles.induction);
            scores.max_by(f32::total_cmp).map(|score| (check.step, score))
        })
    }

    /// Keeps a model as it is now. Where there is no room, the one goes whose neighbours in time are
    /// the nearest, on a scale where doubling the steps is always as far.
    pub(super) fn keep(&mut self, snapshot: Snapshot) {
        let most = (ROOM / snapshot.learned.bytes().max(1)).clamp(FEWEST, MOST);
        self.snapshots.push(snapshot);
        while self.snapshots.len() > most {
            let at = |i: usize| (self.snapshots[i].step as f64 + 8.0).ln();
            let inner = 1..self.snapshots.len() - 1;
            let gap = |i: &usize| at(*i + 1) - at(*i - 1);
            let Some(least) = inner.min_by(|a, b| gap(a).total_cmp(&gap(b))) else { break };
            self.snapshots.remove(least);
        }
    }

    /// The model that was kept at a step, or the last before it.
    pub(super) fn snapshot(&self, step: usize) -> Option<&Snapshot> {
        let before = self.snapshots.iter().rev().find(|snapshot| snapshot.step <= step);
        before.or(self.snapshots.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_and_late_steps_are_kept_alike() {
        let mut progress = Progress::default();
        for step in 0..5000 {
            progress.keep(Snapshot { step, learned: Arc::default() });
        }
        let steps = progress.kept_steps();
        assert_eq!((steps.len(), steps[0], steps[MOST - 1]), (MOST, 0, 4999));
        let early = steps.iter().filter(|step| **step < 100).count();
        let late = steps.iter().filter(|step| **step > 2500).count();
        assert!(early > 30 && late > 10, "{steps:?}");
        assert_eq!(progress.snapshot(3).map(|snapshot| snapshot.step), Some(3));
    }
}
