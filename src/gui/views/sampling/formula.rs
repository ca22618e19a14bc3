//! One token's way through the filters as a line of arithmetic with its own numbers.

use crate::gui::look::format::{count, number, percent};
use crate::math::sampling::{Bound, Filter, Sampling};
use crate::math::stages::{Measure, Stages, Step};
use crate::text::{tr, trf};

/// From the logit of token `id` to the probability it is drawn with, or to the filter that cuts it.
pub(super) fn formula(stages: &Stages, sampling: &Sampling, id: usize) -> String {
    let Some(&logit) = stages.logits.get(id) else {
        return String::new();
    };
    let mut text = format!("logit {}", number(logit));
    let mut score = logit;
    let mut mass = 1.0;
    for (index, step) in stages.steps.iter().enumerate() {
        if let Some((first, probs)) = &stages.first_cut
            && *first == index
        {
            text += &softmax(score, probs.get(id).copied().unwrap_or(0.0));
        }
        let Some(&value) = step.values.get(id).filter(|value| !value.is_nan()) else {
            break;
        };
        if step.measure == Measure::Score {
            text += &scored(step, sampling, score, value);
            score = value;
            continue;
        }
        text += &compared(step, sampling, value);
        mass *= f64::from(step.kept_mass);
        if stages.cut_by.get(id) == Some(&Some(step.filter)) {
            return text + tr(": cut.");
        }
    }
    text += &ending(stages, id, score, mass as f32);
    text + "."
}

/// The probability a token is drawn with, from that before the cuts, which left `mass`.
fn ending(stages: &Stages, id: usize, score: f32, mass: f32) -> String {
    let prob = stages.probs.get(id).copied().unwrap_or(0.0);
    let Some((_, probs)) = &stages.first_cut else {
        return softmax(score, prob);
    };
    if mass < 1.0 && temperature_is_before_cuts(stages) {
        let before = percent(probs.get(id).copied().unwrap_or(0.0));
        let (left, prob) = (percent(mass), percent(prob));
        return trf(" → {0} / {1} left = {2}", &[&before, &left, &prob]);
    }
    trf(" → renormalised {0}", &[&percent(prob)])
}

/// Only then is what the cuts leave over the number to divide by.
fn temperature_is_before_cuts(stages: &Stages) -> bool {
    let first = stages.first_cut.as_ref().map_or(0, |(first, _)| *first);
    stages.steps.iter().skip(first).all(Step::cuts)
}

fn softmax(score: f32, prob: f32) -> String {
    format!(" → exp({}) / Σ exp = {}", number(score), percent(prob))
}

fn scored(step: &Step, sampling: &Sampling, before: f32, after: f32) -> String {
    if step.filter == Filter::Temperature {
        let t = sampling.temperature;
        return format!(" → {} / {t} = {}", number(before), number(after));
    }
    if before.to_bits() == after.to_bits() {
        return tr(" → not in the text, no penalty").to_owned();
    }
    let penalty = sampling.repetition_penalty.unwrap_or(1.0);
    let sign = if before < 0.0 { "×" } else { "/" };
    trf(" → {0} {1} penalty {2} = {3}", &[&number(before), &sign, &penalty, &number(after)])
}

fn compared(step: &Step, sampling: &Sampling, value: f32) -> String {
    let set = super::filters::value(sampling, step.filter).unwrap_or_default();
    match (step.bound, step.filter) {
        (Bound::Score(_), Filter::TopK) => {
            trf(" → rank {0} of top-k {1}", &[&count(value as usize), &set])
        }
        (Bound::Score(_), _) => trf(" → rank {0}, greedy takes 1", &[&count(value as usize)]),
        (Bound::Tail { .. }, _) => trf(" → running sum {0} of top-p {1}", &[&percent(value), &set]),
        (Bound::Probability(_), _) => {
            trf(" → {0} of the best, min-p {1}", &[&percent(value), &set])
        }
        (Bound::Surprise { entropy, distance }, _) => trf(
            " → |−ln p − {0}| = {1}, typical-p keeps up to {2}",
            &[&number(entropy), &number(value), &number(distance)],
        ),
        (Bound::Nothing, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_row() {
        let logits = [2.0, 1.0, 0.0, -1.0];
        let plain = Sampling::default();
        let stages = Stages::new(&plain, &logits, &[]);
        assert_eq!(formula(&stages, &plain, 0), "logit 2.00 → exp(2.00) / Σ exp = 64.4\u{a0}%.");
        let sampling = Sampling {
            temperature: 0.5,
            top_k: Some(2),
            repetition_penalty: Some(2.0),
            ..Sampling::default()
        };
        let stages = Stages::new(&sampling, &logits, &[3]);
        assert_eq!(
            formula(&stages, &sampling, 0),
            "logit 2.00 → not in the text, no penalty → 2.00 / 0.5 = 4.00 → exp(4.00) / Σ exp = 86.7\u{a0}% \
             → rank 1 of top-k 2 → 86.7\u{a0}% / 98.4\u{a0}% left = 88.1\u{a0}%."
        );
        assert_eq!(
            formula(&stages, &sampling, 3),
            "logit −1.00 → −1.00 × penalty 2 = −2.00 → −2.00 / 0.5 = −4.00 → exp(−4.00) / Σ exp = 0.03\u{a0}% \
             → rank 4 of top-k 2: cut."
        );
        assert_eq!(formula(&stages, &sampling, 99), "");
    }
}
