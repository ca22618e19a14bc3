//! Numbers about a distribution: how many choices it leaves, how far it is from another, who leads.

use super::order;

/// Shannon entropy −Σ p log₂ p of `probs` (`[vocab]`, sum 1), in bits.
pub fn entropy_bits(probs: &[f32]) -> f32 {
    let sum: f64 = probs.iter().filter(|&&p| p > 0.0).map(|&p| f64::from(p * p.log2())).sum();
    (-sum).max(0.0) as f32
}

/// Number of equally likely tokens with the same entropy: 2^entropy, from 1 to the vocabulary size.
pub fn effective_choices(probs: &[f32]) -> f32 {
    entropy_bits(probs).exp2()
}

/// Kullback–Leibler divergence Σ p log₂(p/q) in bits: what it costs to expect `q` when `p` holds.
///
/// Infinite if `p` has a token that `q` excludes. Both are `[vocab]` with sum 1.
pub fn kl_bits(p: &[f32], q: &[f32]) -> f32 {
    let term = |(&p, &q): (&f32, &f32)| relative_bits(f64::from(p), f64::from(q));
    p.iter().zip(q).map(term).sum::<f64>().max(0.0) as f32
}

/// Jensen–Shannon divergence in bits: the mean of the divergences of `p` and `q` from their average.
///
/// 0 if they are equal, 1 if they have no token in common. Both are `[vocab]` with sum 1.
pub fn js_bits(p: &[f32], q: &[f32]) -> f32 {
    let term = |(&p, &q): (&f32, &f32)| {
        let (p, q) = (f64::from(p), f64::from(q));
        let mean = f64::midpoint(p, q);
        f64::midpoint(relative_bits(p, mean), relative_bits(q, mean))
    };
    p.iter().zip(q).map(term).sum::<f64>().clamp(0.0, 1.0) as f32
}

/// One term p log₂(p/q); 0 log 0 is 0.
fn relative_bits(p: f64, q: f64) -> f64 {
    if p > 0.0 { p * (p / q).log2() } else { 0.0 }
}

/// Ids of the `n` most probable tokens, most probable first; of equal ones, the lower id.
pub fn top(probs: &[f32], n: usize) -> Vec<usize> {
    let mut entries: Vec<u64> = (0..).zip(probs).map(|(id, &prob)| entry(prob, id)).collect();
    if n < entries.len() {
        entries.select_nth_unstable(n);
        entries.truncate(n);
    }
    entries.sort_unstable();
    entries.into_iter().map(|entry| entry as u32 as usize).collect()
}

/// Probability and id in one number that is the lower, the better the token; NaN is last.
fn entry(prob: f32, id: u64) -> u64 {
    let prob = if prob.is_nan() { f32::NEG_INFINITY } else { prob };
    u64::from(!order::key(prob)) << 32 | id
}

/// How many tokens come before `id` when `values` (`[vocab]`) are put in the order of [`top`]: 0 leads.
///
/// The number of values if `id` is none of them.
pub fn rank_of(values: &[f32], id: usize) -> usize {
    let Some(&value) = values.get(id) else {
        return values.len();
    };
    let own = entry(value, id as u64);
    (0..).zip(values).filter(|&(other, &value)| entry(value, other) < own).count()
}
