//! What every sampling filter looks at, token by token: the rows and columns of the sampling table.
//!
//! A filter decides by one number per token: top-k by its rank, top-p by the probability of it and
//! all better tokens together, min-p by its share of the best token's probability, typical-p by how
//! far its surprise is from the entropy. [`Stages`] holds these numbers for each filter that is on,
//! and the order in which tokens are best read: those that are left, then a line for each filter
//! with the tokens it cut.

use super::sampling::{Bound, Explanation, Filter, Sampling, Stage, softmax, top};

/// What a column of the table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The score after a filter that changes scores.
    Score,
    /// The place among the tokens still there, from 1.
    Rank,
    /// The probability of this token and all better ones together.
    RunningSum,
    /// The probability as a share of the best token's.
    Share,
    /// How far the surprise −ln p is from the entropy, in nats.
    Distance,
}

/// One filter that is on.
#[derive(Clone, Debug)]
pub struct Step {
    /// The filter.
    pub filter: Filter,
    /// What its numbers are.
    pub measure: Measure,
    /// The number it gives each token, `[vocab]`; NaN for a token that was cut before.
    pub values: Vec<f32>,
    /// Tokens left before it.
    pub before: usize,
    /// Tokens left after it.
    pub kept: usize,
    /// The probability that the tokens it keeps had together before it.
    pub kept_mass: f32,
    /// Where it drew its line.
    pub bound: Bound,
}

impl Step {
    /// Does it cut tokens, or only change scores?
    pub fn cuts(&self) -> bool {
        self.measure != Measure::Score
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A token of the vocabulary.
    Token(u32),
    /// The line of the step with this index: what follows was cut by it.
    Cut(usize),
}

/// The whole table.
#[derive(Clone, Debug)]
pub struct Stages {
    /// The model's own scores, `[vocab]`.
    pub logits: Vec<f32>,
    /// The model's own probabilities: softmax of its scores, `[vocab]`.
    pub own: Vec<f32>,
    /// The filters that are on, in the order of application.
    pub steps: Vec<Step>,
    /// The index of the first step that cuts, and the probabilities just before it, `[vocab]`.
    pub first_cut: Option<(usize, Vec<f32>)>,
    /// Every token once, with the cut lines.
    pub rows: Vec<Row>,
    /// The tokens from the best score to the worst, after filters that change scores: the first is
    /// what a greedy choice takes.
    pub order: Vec<usize>,
    /// Which filter cut each token, `[vocab]`.
    pub cut_by: Vec<Option<Filter>>,
    /// The probabilities a token is drawn with, `[vocab]`.
    pub probs: Vec<f32>,
    /// How many tokens are left in the end.
    pub kept: usize,
}

impl Stages {
    /// Applies the filters to `logits` (`[vocab]`); `context` is read by the repetition penalty.
    pub fn new(sampling: &Sampling, logits: &[f32], context: &[u32]) -> Self {
        let Explanation { stages, cut_by, distribution } = sampling.explain(logits, context);
        let mut order = top(logits, logits.len());
        let mut scores = logits;
        let mut steps = Vec::with_capacity(stages.len());
        let mut first_cut = None;
        for stage in &stages {
            if stage.bound == Bound::Nothing {
                steps.push(scoring(stage, scores));
                if stage.filter == Filter::RepetitionPenalty {
                    order = top(&stage.scores, stage.scores.len());
                }
            } else {
                let probs = softmax(scores);
                steps.push(cutting(stage, scores, &probs, &order));
                first_cut.get_or_insert((steps.len() - 1, probs));
            }
            scores = &stage.scores;
        }
        Self {
            own: softmax(logits),
            logits: logits.to_vec(),
            rows: rows(&steps, &order, &cut_by),
            steps,
            first_cut,
            order,
            cut_by,
            probs: distribution.probs,
            kept: distribution.kept,
        }
    }

    /// The token a greedy choice takes, if there is one.
    pub fn greedy(&self) -> Option<usize> {
        self.order.first().copied()
    }
}

fn is_left(score: f32) -> bool {
    score > f32::NEG_INFINITY
}

fn count_left(scores: &[f32]) -> usize {
    scores.iter().filter(|&&score| is_left(score)).count()
}

fn scoring(stage: &Stage, scores: &[f32]) -> Step {
    let after = stage.scores.iter();
    let values = after.map(|&s| if is_left(s) { s } else { f32::NAN });
    Step {
        filter: stage.filter,
        measure: Measure::Score,
        values: values.collect(),
        before: count_left(scores),
        kept: stage.kept,
        kept_mass: 1.0,
        bound: stage.bound,
    }
}

/// `scores` and `probs` are those before the stage; `order` is from the best score to the worst.
fn cutting(stage: &Stage, scores: &[f32], probs: &[f32], order: &[usize]) -> Step {
    let measure = match stage.bound {
        Bound::Nothing => Measure::Score,
        Bound::Score(_) => Measure::Rank,
        Bound::Tail { .. } => Measure::RunningSum,
        Bound::Probability(_) => Measure::Share,
        Bound::Surprise { .. } => Measure::Distance,
    };
    let largest = probs.iter().copied().fold(0.0, f32::max);
    let mut values = vec![f32::NAN; scores.len()];
    let (mut rank, mut sum, mut kept_mass) = (0, 0.0, 0.0);
    for &id in order.iter().filter(|&&id| is_left(scores[id])) {
        rank += 1;
        sum += f64::from(probs[id]);
        if is_left(stage.scores[id]) {
            kept_mass += f64::from(probs[id]);
        }
        values[id] = match stage.bound {
            Bound::Nothing => scores[id],
            Bound::Score(_) => rank as f32,
            Bound::Tail { .. } => sum as f32,
            Bound::Probability(_) => probs[id] / largest,
            Bound::Surprise { entropy, .. } => (-probs[id].ln() - entropy).abs(),
        };
    }
    Step {
        filter: stage.filter,
        measure,
        values,
        before: rank,
        kept: stage.kept,
        kept_mass: kept_mass as f32,
        bound: stage.bound,
    }
}

/// Tokens that are left first, then what the last filter cut, up to what the first one cut: each
/// group beneath a line, and in the order of the scores.
fn rows(steps: &[Step], order: &[usize], cut_by: &[Option<Filter>]) -> Vec<Row> {
    let mut rows = Vec::with_capacity(order.len() + steps.len());
    let group = |filter: Option<Filter>| {
        let members = order.iter().filter(move |&&id| cut_by.get(id) == Some(&filter));
        members.map(|&id| Row::Token(id as u32))
    };
    rows.extend(group(None));
    for (index, step) in steps.iter().enumerate().rev() {
        if step.kept < step.before {
            rows.push(Row::Cut(index));
            rows.extend(group(Some(step.filter)));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities 0.5, 0.25, 0.15, 0.1, in the order 2, 0, 3, 1.
    fn logits() -> Vec<f32> {
        [0.25_f32, 0.1, 0.5, 0.15].map(f32::ln).to_vec()
    }

    fn close(a: f32, b: f32) {
        assert!((a - b).abs() < 1e-5, "{a} is not {b}");
    }

    #[test]
    fn without_filters_the_rows_are_ranked_tokens() {
        let stages = Stages::new(&Sampling::default(), &logits(), &[]);
        assert_eq!(stages.rows, [2, 0, 3, 1].map(Row::Token));
        assert!(stages.steps.is_empty() && stages.first_cut.is_none());
        assert_eq!(stages.greedy(), Some(2));
    }

    #[test]
    fn each_filter_shows_the_number_it_compares() {
        let sampling = Sampling { top_k: Some(3), top_p: Some(0.8), ..Sampling::default() };
        let stages = Stages::new(&sampling, &logits(), &[]);
        let [top_k, top_p] = &stages.steps[..] else {
            panic!("two filters are on");
        };
        assert_eq!(top_k.values, [2.0, 4.0, 1.0, 3.0]);
        assert_eq!((top_k.before, top_k.kept), (4, 3));
        close(top_k.kept_mass, 0.9);
        // After top-k the three tokens share 0.9: 0.5556, 0.2778 and 0.1667.
        close(top_p.values[2], 0.5 / 0.9);
        close(top_p.values[0], 0.75 / 0.9);
        close(top_p.values[3], 1.0);
        assert!(top_p.values[1].is_nan());
        assert_eq!(
            stages.rows,
            [Row::Token(2), Row::Token(0), Row::Cut(1), Row::Token(3), Row::Cut(0), Row::Token(1)]
        );
        close(stages.probs[2], 2.0 / 3.0);
    }

    #[test]
    fn shares_and_distances() {
        let min_p = Sampling { min_p: Some(0.4), ..Sampling::default() };
        let stages = Stages::new(&min_p, &logits(), &[]);
        close(stages.steps[0].values[0], 0.5);
        close(stages.steps[0].values[1], 0.2);
        assert_eq!(stages.kept, 2);
        let typical = Sampling { typical_p: Some(0.5), ..Sampling::default() };
        let stages = Stages::new(&typical, &logits(), &[]);
        // The entropy is 1.208 nats; −ln 0.25 = 1.386 is nearest to it.
        close(stages.steps[0].values[0], 1.386_294 - 1.207_974);
        let Row::Token(first) = stages.rows[0] else {
            panic!("a token comes first");
        };
        assert!(stages.cut_by[first as usize].is_none());
    }

    #[test]
    fn the_penalty_changes_the_order_and_greedy_keeps_one() {
        let greedy =
            Sampling { temperature: 0.0, repetition_penalty: Some(3.0), ..Sampling::default() };
        let stages = Stages::new(&greedy, &logits(), &[2]);
        assert_eq!(stages.greedy(), Some(0));
        assert_eq!(stages.rows[..2], [Row::Token(0), Row::Cut(1)]);
        assert_eq!(stages.rows.len(), 5);
    }

    #[test]
    fn nothing_in_nothing_out() {
        let stages = Stages::new(&Sampling::default(), &[], &[]);
        assert!(stages.rows.is_empty() && stages.greedy().is_none());
        let stages = Stages::new(&Sampling::default(), &[f32::NAN, f32::NEG_INFINITY], &[]);
        assert_eq!(stages.rows.len(), 2);
    }
}
