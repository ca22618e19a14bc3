//! What is computed from all patterns of a recording together: scores, average and rollout.

use crate::background::Cancel;
use crate::math::heads::{HeadRole, Score, Scores, mean_pattern, rollout};
use crate::session::habits::scorer;
use crate::trace::{Matrix, Trace, TraceId};

/// The scores of all heads of a recording, and all heads together.
#[derive(Debug)]
pub struct Reading {
    /// Whose numbers these are.
    pub id: TraceId,
    n_tokens: usize,
    n_keys: usize,
    n_heads: usize,
    /// `[layer * n_heads + head]`
    scores: Vec<Scores>,
    mean: Vec<f32>,
    rollout: Vec<f32>,
}

impl Reading {
    /// Reads all patterns; gives up, with what it has, when nobody wants the result any more.
    pub fn of(trace: &Trace, cancel: &Cancel) -> Self {
        let n_tokens = trace.tokens.len();
        let n_keys = trace.key_tokens().len();
        let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
        let scorer = scorer(trace);
        let mut scores = Vec::with_capacity(n_layers * n_heads);
        let mut means = Vec::with_capacity(n_layers);
        for layer in 0..n_layers {
            if cancel.is_requested() {
                break;
            }
            let patterns = || (0..n_heads).filter_map(|head| trace.pattern(layer, head));
            scores.extend((0..n_heads).map(|head| {
                let pattern = trace.pattern(layer, head);
                pattern.map_or([None; 5], |pattern| scorer.scores(pattern.data))
            }));
            means.push(mean_pattern(patterns().map(|p| p.data), n_tokens * n_keys));
        }
        Self {
            id: trace.id,
            n_tokens,
            n_keys,
            n_heads,
            scores,
            mean: mean_pattern(means.iter().map(Vec::as_slice), n_tokens * n_keys),
            rollout: if trace.is_cross() {
                Vec::new()
            } else {
                rollout(means.iter().map(Vec::as_slice), n_tokens)
            },
        }
    }

    /// How many numbers a reading looks at: what it costs.
    pub fn cost(trace: &Trace) -> usize {
        trace.tokens.len()
            * trace.key_tokens().len()
            * trace.model.n_layers
            * (trace.model.n_heads + trace.tokens.len())
    }

    /// How strongly a head has a habit.
    pub fn score(&self, layer: usize, head: usize, role: HeadRole) -> Option<Score> {
        let scores = (head < self.n_heads).then(|| self.scores.get(layer * self.n_heads + head));
        scores.flatten()?[role.index()]
    }

    /// The badges of a head with the scores that earned them, the strongest first.
    pub fn badges(&self, layer: usize, head: usize) -> Vec<(HeadRole, Score)> {
        let score = |role| Some((role, self.score(layer, head, role)?));
        let mut earned: Vec<(HeadRole, Score)> = HeadRole::ALL
            .into_iter()
            .filter_map(score)
            .filter(|(role, score)| role.is_earned(*score))
            .collect();
        earned.sort_by(|(_, a), (_, b)| b.value.total_cmp(&a.value));
        earned
    }

    /// How many heads have this badge.
    pub fn count(&self, role: HeadRole) -> usize {
        let earned = |scores: &&Scores| scores[role.index()].is_some_and(|s| role.is_earned(s));
        self.scores.iter().filter(earned).count()
    }

    /// All heads as layer and head, those with the highest score first.
    pub fn ranking(&self, role: HeadRole) -> Vec<(usize, usize)> {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        let value = |i: usize| self.scores[i][role.index()].map_or(-1.0, |score| score.value);
        order.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
        let place = |i| (i / self.n_heads, i % self.n_heads);
        order.into_iter().map(place).collect()
    }

    /// The mean of all heads of all layers, `[query, key]`.
    pub fn mean(&self) -> Matrix<'_> {
        self.matrix(&self.mean)
    }

    /// Attention rollout, `[query, key]`.
    pub fn rollout(&self) -> Matrix<'_> {
        self.matrix(&self.rollout)
    }

    fn matrix<'a>(&self, data: &'a [f32]) -> Matrix<'a> {
        let (rows, cols) = (self.n_tokens, self.n_keys);
        Matrix { rows, cols, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn a_reading_is_what_the_trace_holds() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("The cat sat on the mat and the cat").unwrap();
        let reading = Reading::of(&trace, &Cancel::default());
        let n = trace.tokens.len();
        let pattern = trace.pattern(0, 1).unwrap();
        let own: f32 = (1..n).map(|q| pattern.get(q, q).unwrap()).sum();
        let score = reading.score(0, 1, HeadRole::Own).unwrap();
        assert!((score.value - own / (n - 1) as f32).abs() < 1e-6);
        for matrix in [reading.mean(), reading.rollout()] {
            for query in 0..n {
                let sum: f32 = matrix.row(query).iter().sum();
                assert!((sum - 1.0).abs() < 1e-4, "rows of attention sum to 1, not {sum}");
                assert!(matrix.row(query)[query + 1..].iter().all(|w| *w == 0.0));
            }
        }
        let ranking = reading.ranking(HeadRole::PreviousToken);
        assert_eq!(ranking.len(), trace.model.n_layers * trace.model.n_heads);
        let values: Vec<f32> = ranking
            .iter()
            .map(|&(l, h)| reading.score(l, h, HeadRole::PreviousToken).unwrap().value)
            .collect();
        assert!(values.is_sorted_by(|a, b| a >= b));
        assert_eq!(reading.score(0, 99, HeadRole::Own), None);
    }

    #[test]
    fn one_token_has_no_badges() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("a").unwrap();
        let reading = Reading::of(&trace, &Cancel::default());
        assert!(HeadRole::ALL.iter().all(|&role| reading.count(role) == 0));
        assert_eq!(reading.rollout().data, [1.0]);
    }
}
