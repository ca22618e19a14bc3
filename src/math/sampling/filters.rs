//! The six filters. Each changes the scores in place and sets what it cuts to −∞; each names the class
//! of transformers' `logits_process.py` whose formula it is.

use super::{Bound, order, torch};

const CUT: f32 = f32::NEG_INFINITY;

/// By how much a running sum may depend on the order of equal numbers: a few roundings of a sum near 1.
const TOO_CLOSE: f32 = 2e-7;

/// The scores of a vocabulary on their way through the filters.
pub(super) struct Scores {
    /// `[vocab]`, below +∞ and not NaN; −∞ is cut.
    values: Vec<f32>,
    /// exp(score − max), `[vocab]`, or empty. Several filters need it, and cutting only makes it 0.
    exps: Vec<f32>,
}

impl Scores {
    pub(super) fn new(logits: &[f32]) -> Self {
        let values = logits.iter().map(|&logit| torch::finite_or_cut(logit)).collect();
        Self { values, exps: Vec::new() }
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Softmax.
    pub(super) fn into_probs(mut self) -> Vec<f32> {
        self.fill_exps();
        torch::normalised(self.exps)
    }

    /// `RepetitionPenaltyLogitsProcessor`: the score of every token in `context` is divided by `penalty`
    /// if positive, multiplied if negative; once, however often the token occurs.
    pub(super) fn repetition_penalty(&mut self, context: &[u32], penalty: f32) -> Bound {
        self.exps.clear();
        let mut seen = vec![false; self.values.len()];
        for &id in context {
            // Ids beyond the vocabulary cannot be generated, so there is nothing to penalise.
            let Some(score) = self.values.get_mut(id as usize) else {
                continue;
            };
            if !std::mem::replace(&mut seen[id as usize], true) {
                let penalised = if *score < 0.0 { *score * penalty } else { *score / penalty };
                *score = torch::finite_or_cut(penalised);
            }
        }
        Bound::Nothing
    }

    /// `TemperatureLogitsWarper`: score / temperature.
    pub(super) fn temperature(&mut self, temperature: f32) -> Bound {
        self.exps.clear();
        for score in &mut self.values {
            *score = torch::finite_or_cut(*score / temperature);
        }
        Bound::Nothing
    }

    /// The limit of temperature → 0: only the first of the greatest scores stays, as in `torch.argmax`.
    pub(super) fn greedy(&mut self) -> Bound {
        let max = torch::max(&self.values);
        let best = self.values.iter().position(|&score| score >= max);
        for id in 0..self.values.len() {
            if Some(id) != best {
                self.cut(id);
            }
        }
        Bound::Score(max)
    }

    /// `TopKLogitsWarper`: scores below the k-th greatest are cut, so that ties with it stay.
    pub(super) fn top_k(&mut self, k: usize) -> Bound {
        if k >= self.values.len() {
            return Bound::Score(CUT);
        }
        let mut keys: Vec<u32> = self.values.iter().map(|&score| order::key(score)).collect();
        let rank = keys.len() - k;
        let (_, &mut kth, _) = keys.select_nth_unstable(rank);
        let bound = order::score(kth);
        for id in 0..self.values.len() {
            if self.values[id] < bound {
                self.cut(id);
            }
        }
        Bound::Score(bound)
    }

    /// `TopPLogitsWarper`: from the least likely token upwards, tokens are cut while the sum of their
    /// probabilities is at most 1 − p; the most likely one stays.
    pub(super) fn top_p(&mut self, p: f32) -> Bound {
        let allowed = (1.0 - as_written(p)) as f32;
        let mut ids = order::ascending(&self.values);
        let already_cut = self.values.len() - ids.len();
        let sums = self.running_sums(&ids, already_cut);
        let n_cut = sums.partition_point(|&sum| sum <= allowed).min(ids.len().saturating_sub(1));
        if n_cut == 0 {
            return Bound::Tail { allowed, cut: 0.0 };
        }
        if self.values[ids[n_cut - 1] as usize] < self.values[ids[n_cut] as usize] {
            ids.truncate(n_cut);
        } else {
            // The border runs through equal scores: torch's own order says which of them are cut.
            let rank = already_cut + n_cut;
            ids = order::introsort(&self.values, &(rank - 1..rank + 1));
            ids.truncate(rank);
        }
        for id in ids {
            self.cut(id as usize);
        }
        Bound::Tail { allowed, cut: sums[n_cut - 1] }
    }

    /// `MinPLogitsWarper`: tokens less than `min_p` times as likely as the most likely one are cut.
    pub(super) fn min_p(&mut self, min_p: f32) -> Bound {
        self.fill_exps();
        let factor = torch::factor(torch::lane_sum(&self.exps, 0, self.exps.len()));
        let most_likely = factor; // its exp(score − max) is 1
        let bound = min_p.clamp(0.0, 1.0) * most_likely;
        for id in 0..self.values.len() {
            if self.exps[id] * factor < bound {
                self.cut(id);
            }
        }
        Bound::Probability(bound)
    }

    /// `TypicalLogitsWarper`: tokens are kept from the one whose surprise −ln p is nearest to the entropy
    /// outwards, until their probabilities sum to `mass`; equal distances stay together.
    pub(super) fn typical_p(&mut self, mass: f32) -> Bound {
        let (entropy, distances) = self.distances_from_entropy();
        let mut ids = order::ascending(&distances);
        let mut sums = self.running_sums(&ids, 0);
        if sums.iter().any(|sum| (sum - mass).abs() < TOO_CLOSE) {
            // Tokens above and below the entropy may be equally far from it, and the order torch leaves
            // them in changes the last digits of the sums. That order takes longer to find.
            ids = order::introsort(&distances, &(0..distances.len()));
            sums = self.running_sums(&ids, 0);
        }
        let rank = sums.partition_point(|&sum| sum < mass);
        // Past the last token torch looks at one that is already cut, which is infinitely far away.
        let last = if ids.len() < distances.len() { None } else { ids.last() };
        let distance = ids.get(rank).or(last).map_or(f32::INFINITY, |&id| distances[id as usize]);
        let max = torch::max(&self.values);
        for (id, &far) in distances.iter().enumerate() {
            if far > distance {
                self.cut(id);
            }
        }
        if torch::max(&self.values) < max {
            self.exps.clear();
        }
        Bound::Surprise { entropy, distance }
    }

    /// The entropy in nats, and for each token |−ln p − entropy|; +∞ where the score is −∞.
    fn distances_from_entropy(&mut self) -> (f32, Vec<f32>) {
        self.fill_exps();
        let mut distances = torch::log_normalised(&self.values, &self.exps);
        let terms: Vec<f32> =
            distances.iter().map(|&log_prob| log_prob_times_prob(log_prob)).collect();
        let entropy = -torch::cascade_sum(&terms);
        for distance in &mut distances {
            *distance = if *distance > CUT { (-*distance - entropy).abs() } else { f32::INFINITY };
        }
        (entropy, distances)
    }

    /// Running sums of the probabilities in the order `ids`, as `softmax().cumsum()` of sorted scores:
    /// float32 probabilities added in float64. Scores not in `ids` are −∞, and `offset` of them come first.
    fn running_sums(&mut self, ids: &[u32], offset: usize) -> Vec<f32> {
        self.fill_exps();
        let mut sums: Vec<f32> = ids.iter().map(|&id| self.exps[id as usize]).collect();
        let factor = torch::factor(torch::lane_sum(&sums, offset, self.exps.len()));
        let mut sum = 0.0_f64;
        for value in &mut sums {
            sum += f64::from(*value * factor);
            *value = sum as f32;
        }
        sums
    }

    fn fill_exps(&mut self) {
        if self.exps.is_empty() {
            self.exps = torch::exps(&self.values);
        }
    }

    fn cut(&mut self, id: usize) {
        self.values[id] = CUT;
        if let Some(exp) = self.exps.get_mut(id) {
            *exp = 0.0;
        }
    }
}

/// p ln p; 0 for a probability of 0.
///
/// The one number here that is not torch's to the last bit: `torch.exp` is the closed code of Intel's
/// MKL where torch was built with it, and one result in a hundred is rounded the other way. It moves
/// the entropy by a last digit, and once in some thousand distributions the token at typical-p's border.
fn log_prob_times_prob(log_prob: f32) -> f32 {
    if log_prob > CUT { log_prob * log_prob.exp() } else { 0.0 }
}

/// The number a person meant: 0.9 and not the float32 nearest to it, 0.899999976. transformers computes
/// 1 − p from the former, and the difference can be a token.
fn as_written(p: f32) -> f64 {
    let p = p.clamp(0.0, 1.0);
    p.to_string().parse().unwrap_or(f64::from(p))
}
