//! From logits to the probabilities a token is drawn with, and the draw itself.
//!
//! What you learn here: a model only scores its vocabulary. Which token comes next is decided by a
//! few filters over these scores, a softmax, and one random number. The filters are those of Hugging
//! Face transformers (`transformers/generation/logits_process.py`), in the order in which its
//! `generate()` applies them, and they keep exactly the same tokens: `torch.rs` repeats the rounding
//! of torch's float32 sums, because one token at the border of top-p is decided by the last bit.
//!
//! [`Sampling::apply`] computes the result only, [`Sampling::explain`] keeps every stage on the way;
//! both run the same code. [`pick`] takes the random number as an argument, so a draw can be shown.

mod draw;
mod filters;
mod measure;
mod order;
mod torch;

#[cfg(test)]
mod tests;

use filters::Scores;
use serde::{Deserialize, Serialize};

pub use draw::{Coins, draw_many, pick};
pub use measure::{effective_choices, entropy_bits, js_bits, kl_bits, rank_of, top};
pub use torch::{log_softmax, softmax};

/// One step between the logits and the final probabilities; each is a class of Hugging Face transformers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// `RepetitionPenaltyLogitsProcessor` (arXiv 1909.05858): tokens of the context get a lower score.
    RepetitionPenalty,
    /// `TemperatureLogitsWarper`: every score is divided by the temperature.
    Temperature,
    /// `TopKLogitsWarper` (arXiv 1805.04833): the k best scores stay, and whatever ties with the k-th.
    TopK,
    /// `TopPLogitsWarper` (nucleus, arXiv 1904.09751): the most likely tokens that together reach p stay.
    TopP,
    /// `MinPLogitsWarper` (arXiv 2407.01082): tokens at least `min_p` times as likely as the best one stay.
    MinP,
    /// `TypicalLogitsWarper` (arXiv 2202.00666): tokens whose surprise is nearest to the entropy stay.
    TypicalP,
}

impl Filter {
    /// Every filter in the order of transformers' `generate()` (`GenerationMixin._get_logits_processor`).
    pub const ALL: [Self; 6] = [
        Self::RepetitionPenalty,
        Self::Temperature,
        Self::TopK,
        Self::TopP,
        Self::MinP,
        Self::TypicalP,
    ];

    /// The name to show, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::RepetitionPenalty => "repetition penalty",
            Self::Temperature => "temperature",
            Self::TopK => "top-k",
            Self::TopP => "top-p",
            Self::MinP => "min-p",
            Self::TypicalP => "typical-p",
        }
    }
}

/// The settings of one draw; a setting that is `None` is off, as is one whose value changes nothing.
///
/// A value transformers refuses does the nearest sensible thing instead of failing, because a slider
/// passes through it: see [`Sampling::is_on`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Divides every score. 0 is greedy: the first of the best tokens, and no filter but the penalty.
    pub temperature: f32,
    /// How many of the best tokens stay (1 or more).
    pub top_k: Option<usize>,
    /// The probability the most likely tokens must reach together, 0 to 1.
    pub top_p: Option<f32>,
    /// The least probability, as a share of that of the most likely token, 0 to 1.
    pub min_p: Option<f32>,
    /// The probability the most typical tokens must reach together, 0 to 1.
    pub typical_p: Option<f32>,
    /// Divides positive scores of tokens in the context and multiplies negative ones; above 1 discourages.
    pub repetition_penalty: Option<f32>,
    /// The filters from first to last; one that is missing comes after these, a repeated one counts once.
    pub order: Vec<Filter>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: None,
            top_p: None,
            min_p: None,
            typical_p: None,
            repetition_penalty: None,
            order: Filter::ALL.to_vec(),
        }
    }
}

/// What a token is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Probability of each token, `[vocab]`; they sum to 1, and a token that was cut has exactly 0.
    ///
    /// All are 0 when there is nothing to draw: no logit was above −∞.
    pub probs: Vec<f32>,
    /// Number of tokens that were not cut.
    pub kept: usize,
}

/// The number a filter compared the tokens with: what stands at the cut line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The filter changes scores and cuts nothing.
    Nothing,
    /// Tokens with a score below this one were cut (top-k: the k-th best; greedy: the best).
    Score(f32),
    /// Top-p: from the least likely token upwards, tokens were cut while their sum was at most `allowed`.
    Tail {
        /// 1 − p.
        allowed: f32,
        /// The probability all tokens cut here had together.
        cut: f32,
    },
    /// Min-p: tokens with a probability below this one were cut.
    Probability(f32),
    /// Typical-p: tokens whose surprise −ln p is farther than `distance` from the entropy were cut.
    Surprise {
        /// Entropy before the cut, in nats.
        entropy: f32,
        /// The greatest distance kept, in nats.
        distance: f32,
    },
}

/// The scores of all tokens after one filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The filter that was applied.
    pub filter: Filter,
    /// Score of each token after it, `[vocab]`; −∞ is cut.
    pub scores: Vec<f32>,
    /// Number of tokens still above −∞.
    pub kept: usize,
    /// Where the filter drew its line.
    pub bound: Bound,
}

impl Stage {
    /// The probabilities if this were the last stage, `[vocab]`.
    pub fn probs(&self) -> Vec<f32> {
        softmax(&self.scores)
    }
}

/// A distribution with everything that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// One entry for each filter that is on, in the order of application.
    pub stages: Vec<Stage>,
    /// Which filter cut each token, `[vocab]`; `None` if it was kept, or its logit was −∞ from the start.
    pub cut_by: Vec<Option<Filter>>,
    /// The result, the same as [`Sampling::apply`] gives.
    pub distribution: Distribution,
}

impl Explanation {
    /// The stage of `filter`, if it is on.
    pub fn stage(&self, filter: Filter) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.filter == filter)
    }
}

impl Sampling {
    /// The distribution of the next token.
    ///
    /// `logits` is `[vocab]` (NaN counts as −∞); `context` is the ids so far, only read by the penalty.
    pub fn apply(&self, logits: &[f32], context: &[u32]) -> Distribution {
        self.run(logits, context, |_, _, _| {})
    }

    /// The same distribution together with every stage on the way to it.
    pub fn explain(&self, logits: &[f32], context: &[u32]) -> Explanation {
        let mut stages = Vec::new();
        let mut cut_by = vec![None; logits.len()];
        let mut alive: Vec<bool> = logits.iter().map(|&logit| logit > f32::NEG_INFINITY).collect();
        let distribution = self.run(logits, context, |filter, scores, bound| {
            for ((&score, alive), cut) in scores.iter().zip(&mut alive).zip(&mut cut_by) {
                if *alive && score == f32::NEG_INFINITY {
                    *alive = false;
                    *cut = Some(filter);
                }
            }
            stages.push(Stage { filter, scores: scores.to_vec(), kept: kept(scores), bound });
        });
        Explanation { stages, cut_by, distribution }
    }

    /// Whether `filter` takes part, by the conditions under which `generate()` adds its processor.
    ///
    /// A penalty of 0 or less is off. `typical_p` of 0 keeps the most typical token only: transformers
    /// refuses both. At temperature 0 the penalty is the only other filter, as with `do_sample=False`.
    pub fn is_on(&self, filter: Filter) -> bool {
        let changes = |factor: f32| factor.to_bits() != 1.0_f32.to_bits();
        let below_1 = |p: Option<f32>| p.is_some_and(|p| p < 1.0);
        match filter {
            Filter::RepetitionPenalty => changes(self.penalty()),
            Filter::Temperature => self.is_greedy() || changes(self.temperature),
            _ if self.is_greedy() => false,
            Filter::TopK => self.top_k.is_some_and(|k| k > 0),
            Filter::TopP => below_1(self.top_p),
            Filter::MinP => self.min_p.is_some_and(|p| !p.is_nan()),
            Filter::TypicalP => below_1(self.typical_p),
        }
    }

    /// Whether the best token is taken instead of drawing one: the temperature is not above 0.
    pub fn is_greedy(&self) -> bool {
        self.temperature.is_nan() || self.temperature <= 0.0
    }

    /// The filters that are on, in the order of application; a greedy choice comes after the penalty.
    pub fn filters(&self) -> Vec<Filter> {
        let order: &[Filter] = if self.is_greedy() { &[] } else { &self.order };
        let mut filters = Vec::with_capacity(Filter::ALL.len());
        for &filter in order.iter().chain(&Filter::ALL) {
            if self.is_on(filter) && !filters.contains(&filter) {
                filters.push(filter);
            }
        }
        filters
    }

    /// The scores after the repetition penalty alone: what transformers does to the log-probabilities
    /// that beam search adds up. `scores` is `[vocab]`.
    pub fn penalise(&self, scores: &[f32], context: &[u32]) -> Vec<f32> {
        if !self.is_on(Filter::RepetitionPenalty) {
            return scores.to_vec();
        }
        let mut scores = Scores::new(scores);
        scores.repetition_penalty(context, self.penalty());
        scores.values().to_vec()
    }

    /// Applies the filters in turn and shows the scores after each to `watch`.
    fn run(
        &self,
        logits: &[f32],
        context: &[u32],
        mut watch: impl FnMut(Filter, &[f32], Bound),
    ) -> Distribution {
        let mut scores = Scores::new(logits);
        for filter in self.filters() {
            let bound = self.apply_one(filter, &mut scores, context);
            watch(filter, scores.values(), bound);
        }
        Distribution { kept: kept(scores.values()), probs: scores.into_probs() }
    }

    fn apply_one(&self, filter: Filter, scores: &mut Scores, context: &[u32]) -> Bound {
        match filter {
            Filter::RepetitionPenalty => scores.repetition_penalty(context, self.penalty()),
            Filter::Temperature if self.is_greedy() => scores.greedy(),
            Filter::Temperature => scores.temperature(self.temperature),
            Filter::TopK => scores.top_k(self.top_k.unwrap_or(usize::MAX)),
            Filter::TopP => scores.top_p(self.top_p.unwrap_or(1.0)),
            Filter::MinP => scores.min_p(self.min_p.unwrap_or(0.0)),
            Filter::TypicalP => scores.typical_p(self.typical_p.unwrap_or(1.0)),
        }
    }

    fn penalty(&self) -> f32 {
        self.repetition_penalty.filter(|&penalty| penalty > 0.0).unwrap_or(1.0)
    }
}

fn kept(scores: &[f32]) -> usize {
    scores.iter().filter(|&&score| score > f32::NEG_INFINITY).count()
}
