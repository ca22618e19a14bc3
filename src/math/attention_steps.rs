//! What one query of one head computes, one step after the other, on plain vectors.
//!
//! A query q is compared with every key k by their dot product; the products are scaled so that
//! their spread does not grow with the width of the head; the future is hidden; the softmax turns
//! what is left into weights that sum to 1; and the weights mix the values into z. The functions
//! below repeat these steps on recorded vectors, so that each can be shown and checked against what
//! the model recorded.

/// How far a score may be from `scaling * dot`, relative to the largest score, before the scores
/// count as something else than scaled dot products.
const TOLERANCE: f32 = 1e-3;

/// `q[d] * k[d]` for every dimension; their sum is the dot product.
pub fn products(q: &[f32], k: &[f32]) -> Vec<f32> {
    q.iter().zip(k).map(|(q, k)| q * k).collect()
}

/// The dot product: how well a key answers a query.
pub fn dot(q: &[f32], k: &[f32]) -> f32 {
    q.iter().zip(k).map(|(q, k)| q * k).sum()
}

/// The one factor that turns `dots` into `scores`, found by least squares. `None` when there is
/// none: all dots are zero, or the scores are not proportional to them. Infinite scores, which an
/// exported mask leaves behind, do not count.
pub fn scaling(scores: &[f32], dots: &[f32]) -> Option<f32> {
    let finite = || {
        let pairs = scores.iter().zip(dots);
        pairs.filter(|(score, dot)| score.is_finite() && dot.is_finite())
    };
    let square: f32 = finite().map(|(_, dot)| dot * dot).sum();
    let mixed: f32 = finite().map(|(score, dot)| score * dot).sum();
    let factor = (square > 0.0).then(|| mixed / square)?;
    let largest = finite().fold(0.0_f32, |most, (score, _)| most.max(score.abs()));
    let fits =
        finite().all(|(score, dot)| (score - factor * dot).abs() <= TOLERANCE * largest.max(1e-6));
    fits.then_some(factor)
}

/// Is the factor `1/√d_head`, up to rounding?
pub fn is_inverse_root(factor: f32, d_head: usize) -> bool {
    (factor * (d_head as f32).sqrt() - 1.0).abs() < TOLERANCE
}

/// The scores with -∞ where `is_hidden` says that a key may not be seen.
pub fn masked(scores: &[f32], is_hidden: impl Fn(usize) -> bool) -> Vec<f32> {
    let mask = |(key, &score)| {
        if is_hidden(key) { f32::NEG_INFINITY } else { score }
    };
    scores.iter().enumerate().map(mask).collect()
}

/// The numerators of the softmax, e to the power of each score less the largest score. Taking the
/// largest away leaves every ratio as it is and keeps the powers from overflowing.
pub fn exponentials(masked_scores: &[f32]) -> Vec<f32> {
    let largest = largest(masked_scores);
    let power = |&score: &f32| {
        if score == f32::NEG_INFINITY { 0.0 } else { (score - largest).exp() }
    };
    masked_scores.iter().map(power).collect()
}

/// The largest finite number; 0 when there is none.
pub fn largest(values: &[f32]) -> f32 {
    let finite = values.iter().copied().filter(|x| x.is_finite());
    finite.reduce(f32::max).unwrap_or(0.0)
}

/// Where the largest number is; NaN is never the largest.
pub fn position_of_largest(values: &[f32]) -> Option<usize> {
    let numbers = (0..values.len()).filter(|&i| !values[i].is_nan());
    numbers.max_by(|&a, &b| values[a].total_cmp(&values[b]))
}

/// Each value vector times its weight, one after the other, `[key, d_head]`.
pub fn weighted_values(weights: &[f32], values: &[&[f32]]) -> Vec<f32> {
    let weighted = |(&weight, value): (&f32, &&[f32])| -> Vec<f32> {
        value.iter().map(|v| weight * v).collect()
    };
    weights.iter().zip(values).flat_map(weighted).collect()
}

/// z: the values mixed in the proportions of the weights, `[d_head]`.
pub fn weighted_sum(weights: &[f32], values: &[&[f32]]) -> Vec<f32> {
    let d_head = values.first().map_or(0, |value| value.len());
    let mut z = vec![0.0; d_head];
    for (weight, value) in weights.iter().zip(values) {
        for (z, v) in z.iter_mut().zip(value.iter()) {
            *z += weight * v;
        }
    }
    z
}

/// The largest distance between numbers in the same place; infinite when one list is longer.
pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::INFINITY;
    }
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

/// How much each key receives from all queries together: the sums of the columns of a pattern.
pub fn received<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut totals = Vec::new();
    for row in rows {
        totals.resize(row.len().max(totals.len()), 0.0);
        for (total, weight) in totals.iter_mut().zip(row) {
            *total += weight;
        }
    }
    totals
}

/// How many keys a query effectively looks at: 2 to the entropy of its weights. 1 when one key gets
/// everything, n when n keys get the same.
pub fn effective_keys(weights: &[f32]) -> f32 {
    let positive = weights.iter().filter(|&&weight| weight > 0.0);
    let entropy_bits: f32 = positive.map(|weight| -weight * weight.log2()).sum();
    entropy_bits.exp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Checkpoint, DeviceKind};
    use crate::trace::{BlockHook, Trace};

    fn close(a: &[f32], b: &[f32]) {
        let difference = largest_difference(a, b);
        assert!(difference <= 1e-4, "{difference}: {a:?} and {b:?}");
    }

    #[test]
    fn a_head_of_two_dimensions_by_hand() {
        let (q, keys) = ([2.0, 1.0], [[1.0, 0.0], [0.0, 3.0], [5.0, 5.0]]);
        let values: [&[f32]; 3] = [&[1.0, 0.0], &[0.0, 1.0], &[9.0, 9.0]];
        assert_eq!(products(&q, &keys[1]), [0.0, 3.0]);
        let dots: Vec<f32> = keys.iter().map(|k| dot(&q, k)).collect();
        assert_eq!(dots, [2.0, 3.0, 15.0]);
        let scores: Vec<f32> = dots.iter().map(|d| d * std::f32::consts::LN_2).collect();
        let masked_scores = masked(&scores, |key| key > 1);
        assert_eq!(masked_scores[2], f32::NEG_INFINITY);
        let powers = exponentials(&masked_scores);
        close(&powers, &[0.5, 1.0, 0.0]);
        let weights: Vec<f32> = powers.iter().map(|p| p / 1.5).collect();
        close(&weighted_sum(&weights, &values), &[1.0 / 3.0, 2.0 / 3.0]);
        close(&weighted_values(&weights, &values), &[1.0 / 3.0, 0.0, 0.0, 2.0 / 3.0, 0.0, 0.0]);
    }

    #[test]
    fn the_scaling_is_found_or_refused() {
        let inverse_root = 1.0 / 32.0_f32.sqrt();
        let scores = [3.0 * inverse_root, -8.0 * inverse_root, f32::NEG_INFINITY];
        let factor = scaling(&scores, &[3.0, -8.0, 5.0]).unwrap();
        assert!((factor - inverse_root).abs() < 1e-6);
        assert!(is_inverse_root(factor, 32) && !is_inverse_root(factor, 64));
        assert_eq!(scaling(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(scaling(&[0.0], &[0.0]), None);
        assert_eq!(scaling(&[], &[]), None);
    }

    #[test]
    fn nothing_overflows_and_nothing_is_lost() {
        close(&exponentials(&[1e30, 1e30]), &[1.0, 1.0]);
        assert_eq!(exponentials(&[f32::NEG_INFINITY; 2]), [0.0, 0.0]);
        assert_eq!(position_of_largest(&[f32::NAN, 1.0, 2.0]), Some(2));
        assert_eq!(position_of_largest(&[]), None);
        assert!(largest_difference(&[1.0], &[]).is_infinite());
        assert!(weighted_sum(&[], &[]).is_empty());
    }

    #[test]
    fn margins_of_a_pattern() {
        let pattern: [&[f32]; 2] = [&[1.0, 0.0], &[0.25, 0.75]];
        assert_eq!(received(pattern.into_iter()), [1.25, 0.75]);
        assert!((effective_keys(&[1.0, 0.0]) - 1.0).abs() < 1e-6);
        assert!((effective_keys(&[0.25; 4]) - 4.0).abs() < 1e-5);
    }

    /// Every step of every head and query, repeated on the recorded q, k and v, gives what the
    /// model recorded for the next step.
    #[test]
    fn the_steps_repeat_what_models_did() {
        let llama = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny-llama");
        for name in ["storybook", llama] {
            let model = Checkpoint::open(name, DeviceKind::default()).unwrap();
            let trace = model.trace("The cat chased the mouse").unwrap();
            let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
            for (layer, head) in (0..n_layers).flat_map(|l| (0..n_heads).map(move |h| (l, h))) {
                for query in 0..trace.tokens.len() {
                    check_query(&trace, layer, head, query);
                }
            }
        }
    }

    fn check_query(trace: &Trace, layer: usize, head: usize, query: usize) {
        let n = trace.tokens.len();
        let row = |hook| trace.block(layer, hook).unwrap().at(&[head, query]).unwrap();
        let q = trace.query(layer, head, query).unwrap();
        let dots: Vec<f32> =
            (0..n).map(|key| dot(q, trace.key(layer, head, key).unwrap())).collect();
        let factor = scaling(row(BlockHook::AttnScores), &dots).unwrap();
        assert!(is_inverse_root(factor, trace.model.d_head), "{factor}");
        let scores: Vec<f32> = dots.iter().map(|dot| dot * factor).collect();
        close(&scores, row(BlockHook::AttnScores));

        let powers = exponentials(&masked(&scores, |key| key > query));
        let sum: f32 = powers.iter().sum();
        let weights: Vec<f32> = powers.iter().map(|power| power / sum).collect();
        close(&weights, row(BlockHook::Pattern));

        let value = |key| trace.value(layer, head, key).unwrap();
        let values: Vec<&[f32]> = (0..n).map(value).collect();
        close(
            &weighted_sum(row(BlockHook::Pattern), &values),
            trace.block(layer, BlockHook::Z).unwrap().at(&[query, head]).unwrap(),
        );
    }
}
