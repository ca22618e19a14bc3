//! The logit lens (nostalgebraist 2020): what the model would say after each layer.
//!
//! The residual stream has the same width everywhere, so the last step of the model, final norm and
//! unembedding, can read it early: after the embedding, after layer 0, 1, ... What it says there is a
//! guess in the making. Only the best tokens and the standing of a few others are kept: all logits of
//! all layers of 200 positions would be half a gigabyte in a model with 50,000 tokens.

use crate::math::sampling::rank_of;
use crate::model::Checkpoint;
use crate::problem::{Problem, Result};
use crate::trace::{BlockHook, Hook, Trace};
use burn::tensor::{Tensor, TensorData};
use std::sync::Arc;

/// How many of the best tokens are kept.
pub const KEPT: usize = 10;
/// Logits computed at once, at most: 8 MB.
const LOGITS_AT_ONCE: usize = 1 << 21;

/// One token in one distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The token.
    pub id: u32,
    /// Its probability.
    pub prob: f32,
    /// How many tokens are better.
    pub rank: usize,
}

/// What the lens reads after one layer at one position.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The [`KEPT`] best tokens, best first.
    pub top: Vec<Standing>,
    /// The token the model predicts in the end.
    pub predicted: Standing,
    /// The token that was asked for, if one was.
    pub chosen: Option<Standing>,
    /// The ranks that the best tokens of the next layer have here.
    later: Vec<usize>,
}

/// The readings after every layer at every position: row 0 reads the embedding, row `l + 1` what
/// leaves layer `l`, and the last row is the model's own output.
#[derive(Debug, Clone)]
pub struct Lens {
    /// Whose residual stream is read.
    pub trace: Arc<Trace>,
    /// The token followed besides the predicted ones.
    pub chosen: Option<u32>,
    /// Row by row, the last row first: it says which tokens to follow through the others.
    readings: Vec<Reading>,
}

impl Lens {
    /// A lens that has read nothing yet.
    ///
    /// # Errors
    /// When the recording lacks the residual stream of a layer.
    pub fn new(trace: Arc<Trace>, chosen: Option<u32>) -> Result<Self> {
        let lens = Self { trace, chosen, readings: Vec::new() };
        let missing = (0..lens.n_rows()).find(|&row| stream(&lens.trace, row).is_none());
        match missing {
            Some(row) => Err(Problem::new(
                "The layers cannot be read",
                format!("this recording lacks the residual stream of row {row}"),
            )),
            None => Ok(lens),
        }
    }

    /// One row for the embedding and one for each layer.
    pub fn n_rows(&self) -> usize {
        self.trace.model.n_layers + 1
    }

    /// Number of positions.
    pub fn n_pos(&self) -> usize {
        self.trace.tokens.len()
    }

    /// The reading in a row at a position, once it is there.
    pub fn get(&self, row: usize, pos: usize) -> Option<&Reading> {
        let rows_after = (self.n_rows() - 1).checked_sub(row)?;
        let index = rows_after * self.n_pos() + pos;
        self.readings.get(index).filter(|_| pos < self.n_pos())
    }

    /// The rank, in the row before, of the `i`-th best token of a row.
    pub fn rank_before(&self, row: usize, pos: usize, i: usize) -> Option<usize> {
        let before = self.get(row.checked_sub(1)?, pos)?;
        before.later.get(i).copied()
    }

    /// Has everything been read?
    pub fn is_complete(&self) -> bool {
        self.readings.len() >= self.n_rows() * self.n_pos()
    }

    /// How many rows are finished.
    pub fn n_rows_read(&self) -> usize {
        self.readings.len() / self.n_pos().max(1)
    }

    /// What is left to read, to be handed to another thread.
    pub fn rest(&self) -> Rest {
        let row_before = self.readings.len().saturating_sub(self.n_pos());
        Rest {
            trace: Arc::clone(&self.trace),
            chosen: self.chosen,
            start: self.readings.len(),
            latest: self.readings[row_before..].to_vec(),
        }
    }

    /// Adds what [`Rest::read`] has read.
    pub fn extend(&mut self, readings: Vec<Reading>) {
        self.readings.extend(readings);
    }
}

/// The part of a lens that is still to be read.
#[derive(Debug)]
pub struct Rest {
    trace: Arc<Trace>,
    chosen: Option<u32>,
    start: usize,
    /// The readings before `start`, one row's worth at most.
    latest: Vec<Reading>,
}

impl Rest {
    /// Reads on, a few positions of a row at a time, for as long as `goes_on`; at least once.
    ///
    /// # Errors
    /// When the recording was made by a model of other sizes.
    pub fn read(mut self, model: &Checkpoint, goes_on: impl Fn() -> bool) -> Result<Vec<Reading>> {
        if *self.trace.model != *model.info {
            let why = format!("{} made this recording", self.trace.model.name);
            return Err(Problem::new("The layers cannot be read", why));
        }
        let (n_pos, n_layers) = (self.trace.tokens.len(), self.trace.model.n_layers);
        let total = n_pos * (n_layers + 1);
        let skip = self.latest.len();
        let at_once = (LOGITS_AT_ONCE / model.info.vocab_size.max(1)).max(1);
        let mut at = self.start;
        while at < total {
            let (row, pos) = (n_layers - at / n_pos, at % n_pos);
            let end = n_pos.min(pos + at_once);
            let logits = logits(model, &self.trace, row, pos..end)?;
            for logits in logits.chunks(model.info.vocab_size.max(1)) {
                let later = self.latest.len().checked_sub(n_pos);
                let later = later.filter(|_| row < n_layers).and_then(|i| self.latest.get(i));
                self.latest.push(reading(logits, later, self.chosen));
            }
            at += end - pos;
            if !goes_on() {
                break;
            }
        }
        Ok(self.latest.split_off(skip))
    }
}

/// The residual stream a row reads, `[pos, d_model]`.
fn stream(trace: &Trace, row: usize) -> Option<&crate::trace::Activation> {
    match row.checked_sub(1) {
        None => trace.block(0, BlockHook::ResidPre),
        Some(layer) => trace.block(layer, trace.model.leaving()),
    }
}

/// The logits that a row gives at some positions, `[pos, vocab]`. The last row's are the recorded
/// ones.
fn logits(
    model: &Checkpoint,
    trace: &Trace,
    row: usize,
    positions: std::ops::Range<usize>,
) -> Result<Vec<f32>> {
    let missing = || Problem::new("The layers cannot be read", "the residual stream is missing");
    if row == trace.model.n_layers && trace.get(Hook::Logits).is_some() {
        let recorded: Option<Vec<&[f32]>> = positions.map(|pos| trace.logits(pos)).collect();
        return Ok(recorded.ok_or_else(missing)?.concat());
    }
    let resid = stream(trace, row).ok_or_else(missing)?;
    let (n, d_model) = (positions.len(), trace.model.d_model);
    let part = resid.data().get(positions.start * d_model..positions.end * d_model);
    let data = TensorData::new(part.ok_or_else(missing)?.to_vec(), [n, d_model]);
    let device = model.network.device();
    let logits = model.network.unembed(Tensor::from_data(data, &device)); // [pos, vocab]
    let nothing = || Problem::new("The layers cannot be read", "this model ends with vectors");
    let logits = logits.ok_or_else(nothing)?;
    let numbers = logits.into_data().try_into_vec();
    numbers.map_err(|e| Problem::new("The layers cannot be read", format!("{e:?}")))
}

/// What one position's logits say; `later` is the reading of the row after it, if there is one.
fn reading(logits: &[f32], later: Option<&Reading>, chosen: Option<u32>) -> Reading {
    let best = leaders(logits, KEPT);
    let max = best.first().map_or(0.0, |&id| logits[id]);
    let exp = |logit: f32| {
        if logit.is_nan() { 0.0 } else { (logit - max).exp() }
    };
    let sum: f64 = logits.iter().map(|&logit| f64::from(exp(logit))).sum();
    let standing = |id: usize, rank: usize| Standing {
        id: id as u32,
        prob: logits.get(id).map_or(0.0, |&logit| (f64::from(exp(logit)) / sum) as f32),
        rank,
    };
    let any = |id: u32| standing(id as usize, rank_of(logits, id as usize));
    let top: Vec<Standing> = (0..).zip(best).map(|(rank, id)| standing(id, rank)).collect();
    let own = top.first().map_or(0, |best| best.id);
    Reading {
        predicted: any(later.map_or(own, |later| later.predicted.id)),
        chosen: chosen.map(any),
        later: later.map_or_else(Vec::new, |later| {
            let ids = later.top.iter().map(|standing| standing.id as usize);
            ids.map(|id| rank_of(logits, id)).collect()
        }),
        top,
    }
}

/// Ids of the `n` best, best first; of equal ones, the lower id. Faster than sorting for small `n`.
fn leaders(values: &[f32], n: usize) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::with_capacity(n + 1);
    let mut least = f32::NEG_INFINITY;
    for (id, &value) in values.iter().enumerate() {
        let is_better = best.len() < n || value > least;
        if value.is_nan() || !is_better {
            continue;
        }
        let at = best.partition_point(|&other| values[other] >= value);
        best.insert(at, id);
        best.truncate(n);
        least = best.last().map_or(least, |&last| values[last]);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::sampling::{softmax, top};
    use crate::model::{BUNDLED, DeviceKind};

    fn storybook() -> Checkpoint {
        Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap()
    }

    /// Reads everything, one piece at a time.
    fn read(model: &Checkpoint, text: &str, chosen: Option<u32>) -> Lens {
        let trace = Arc::new(model.trace(text).unwrap());
        let mut lens = Lens::new(trace, chosen).unwrap();
        while !lens.is_complete() {
            let part = lens.rest().read(model, || false).unwrap();
            assert!(!part.is_empty());
            lens.extend(part);
        }
        lens
    }

    #[test]
    fn the_best_come_first() {
        let values = [1.0, f32::NAN, 3.0, 2.0, 3.0, -1.0];
        assert_eq!(leaders(&values, 3), [2, 4, 3]);
        assert_eq!(leaders(&values, 9), [2, 4, 3, 0, 5]);
        assert_eq!(leaders(&values, 3), top(&values, 3));
    }

    #[test]
    fn a_reading_is_a_softmax() {
        // Shares 4 : 2 : 1 : 1 of 8.
        let logits = [2.0_f32.ln(), 4.0_f32.ln(), 0.0, 0.0];
        let reading = reading(&logits, None, Some(3));
        assert_eq!(reading.predicted.id, 1);
        assert!((reading.top[0].prob - 0.5).abs() < 1e-6);
        let chosen = reading.chosen.unwrap();
        assert!((chosen.prob - 0.125).abs() < 1e-6 && chosen.rank == 3);
    }

    #[test]
    fn reading_the_last_layer_gives_the_logits() {
        let model = storybook();
        let trace = model.trace("The cat sat on the").unwrap();
        let (last, n) = (trace.model.n_layers - 1, trace.tokens.len());
        let resid = trace.block(last, BlockHook::ResidPost).unwrap();
        let data = TensorData::new(resid.data().to_vec(), [n, trace.model.d_model]);
        let device = model.network.device();
        let read = model.network.unembed(Tensor::from_data(data, &device)).unwrap();
        let read: Vec<f32> = read.into_data().try_into_vec().unwrap();
        for (a, b) in read.iter().zip(trace.get(Hook::Logits).unwrap().data()) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn the_last_row_is_the_prediction() {
        let model = storybook();
        let lens = read(&model, "The cat sat on the", Some(7));
        let last = lens.n_rows() - 1;
        for pos in 0..lens.n_pos() {
            let probs = softmax(lens.trace.logits(pos).unwrap());
            let reading = lens.get(last, pos).unwrap();
            assert_eq!(reading.predicted, reading.top[0]);
            for (standing, id) in reading.top.iter().zip(top(&probs, KEPT)) {
                assert_eq!(standing.id as usize, id);
                assert!((standing.prob - probs[id]).abs() < 1e-5);
            }
            assert_eq!(reading.chosen.unwrap().rank, rank_of(&probs, 7));
        }
    }

    #[test]
    fn rows_know_the_ranks_before() {
        let lens = read(&storybook(), "The cat sat on the", None);
        for (row, pos) in (0..lens.n_rows()).flat_map(|r| (0..lens.n_pos()).map(move |p| (r, p))) {
            let reading = lens.get(row, pos).unwrap();
            for (i, standing) in reading.top.iter().enumerate() {
                let before = lens.rank_before(row, pos, i);
                assert_eq!(before.is_some(), row > 0);
                let Some(before) = before.filter(|&rank| rank < KEPT) else {
                    continue;
                };
                assert_eq!(lens.get(row - 1, pos).unwrap().top[before].id, standing.id);
            }
        }
        assert!(lens.get(lens.n_rows(), 0).is_none() && lens.get(0, lens.n_pos()).is_none());
    }
}
