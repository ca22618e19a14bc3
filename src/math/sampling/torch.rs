//! Softmax and sums with the float32 rounding of PyTorch on a CPU with AVX-512.
//!
//! Why so exact: over 50,257 tokens the sums of a softmax differ in the sixth digit with the order of
//! addition, and the tokens at the border of top-p weigh as little as that. To keep the same tokens as
//! transformers we add in the same order. The results were compared bit by bit with torch 2.15.

/// Lanes of the vectors torch adds a softmax in (AVX-512). With AVX2 it has 8 and other last digits.
const LANES: usize = 16;

/// Lanes of `torch.nansum`, for which torch has no AVX-512 version.
const SUM_LANES: usize = 8;

/// `at::internal::GRAIN_SIZE`: a longer sum is shared by two threads.
const GRAIN: usize = 32_768;

/// Softmax of `logits`, `[vocab]`: exp(xᵢ − max x) / Σ exp(xⱼ − max x). NaN counts as −∞.
///
/// All 0 when no logit is above −∞ (torch gives NaN).
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let scores: Vec<f32> = logits.iter().map(|&logit| finite_or_cut(logit)).collect();
    normalised(exps(&scores))
}

/// Logarithms of the probabilities, `[vocab]`: xᵢ − max x − ln Σ exp(xⱼ − max x). NaN counts as −∞.
pub fn log_softmax(logits: &[f32]) -> Vec<f32> {
    let scores: Vec<f32> = logits.iter().map(|&logit| finite_or_cut(logit)).collect();
    log_normalised(&scores, &exps(&scores))
}

/// Log-probabilities of `scores` whose exp(score − max) are `exps`.
pub(super) fn log_normalised(scores: &[f32], exps: &[f32]) -> Vec<f32> {
    let max = max(scores);
    let log_sum = f64::from(lane_sum(exps, 0, exps.len())).ln() as f32;
    scores.iter().map(|score| (score - max) - log_sum).collect()
}

/// A logit that arithmetic can go on with: NaN becomes −∞, +∞ the greatest number.
pub(super) fn finite_or_cut(logit: f32) -> f32 {
    if logit.is_nan() { f32::NEG_INFINITY } else { logit.min(f32::MAX) }
}

/// `exps` as shares of their sum.
pub(super) fn normalised(mut exps: Vec<f32>) -> Vec<f32> {
    let factor = factor(lane_sum(&exps, 0, exps.len()));
    for exp in &mut exps {
        *exp *= factor;
    }
    exps
}

/// What torch multiplies by instead of dividing by `sum`; 0 when there is nothing to share out.
pub(super) fn factor(sum: f32) -> f32 {
    if sum > 0.0 { 1.0 / sum } else { 0.0 }
}

/// The greatest score, −∞ of none.
pub(super) fn max(scores: &[f32]) -> f32 {
    // In lanes, since one maximum after the other would wait for the one before.
    let greater = |max: f32, score: f32| if score > max { score } else { max };
    let (vectors, rest) = scores.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for vector in vectors {
        for (lane, &score) in lanes.iter_mut().zip(vector) {
            *lane = greater(*lane, score);
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |max, &score| greater(max, score))
}

/// exp(score − max) of each score; 0 for −∞.
pub(super) fn exps(scores: &[f32]) -> Vec<f32> {
    let max = max(scores);
    let mut exps = vec![0.0; scores.len()];
    for (exps, scores) in exps.chunks_mut(LANES).zip(scores.chunks(LANES)) {
        // After top-k nearly all scores are −∞, and 0 is there already.
        if scores.iter().any(|&score| score > f32::NEG_INFINITY) {
            for (result, &score) in exps.iter_mut().zip(scores) {
                *result = exp(score - max);
            }
        }
    }
    exps
}

/// exp(x) for x ≤ 0 with the rounding of `Sleef_expf_u10`, which torch calls in a softmax.
///
/// 2^q times a polynomial of degree 6 in s = x − q ln 2, with q the integer nearest to x / ln 2.
fn exp(x: f32) -> f32 {
    // Adding and taking off 1.5 × 2^23 rounds to an integer, and leaves that integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const TERMS: [f32; 5] = [0.001_393_043_6, 0.008_333_361, 0.041_666_485, 0.166_666_67, 0.5];
    // Below, the result is 0. Most scores may be −∞; numbers too small to be normal would be slow.
    let is_zero = x < -104.0;
    let x = if is_zero { 0.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let q = shifted - ROUND;
    let s = multiply_add(q, -1.428_606_8e-6, multiply_add(q, -0.693_145_75, x));
    let polynomial = TERMS.iter().fold(0.000_198_527_62, |sum, &term| multiply_add(sum, s, term));
    let mantissa = 1.0 + multiply_add(s * s, polynomial, s);
    // In two halves, because 2^q alone may be too small for a normal number.
    let q = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let half = q >> 1;
    let result = mantissa * power_of_2(half) * power_of_2(q - half);
    if is_zero { 0.0 } else { result }
}

fn power_of_2(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) << 23) as u32)
}

/// a × b + c rounded once, as the processor's fused instruction does; `f32::mul_add` would be a slow
/// call where the compiler may not assume that instruction. The product is exact in f64.
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    (f64::from(a) * f64::from(b) + f64::from(c)) as f32
}

/// Sum of an array of `len` numbers that is 0 outside `values`, which start at `offset`.
///
/// Number i goes to lane i mod 16; then the lanes are added in halves. Short arrays go one by one.
pub(super) fn lane_sum(values: &[f32], offset: usize, len: usize) -> f32 {
    if len < LANES {
        return values.iter().sum();
    }
    let mut lanes = [0.0_f32; LANES];
    let first_lane = offset % LANES;
    let (head, rest) = values.split_at(values.len().min((LANES - first_lane) % LANES));
    for (lane, value) in lanes[first_lane..].iter_mut().zip(head) {
        *lane += value;
    }
    for chunk in rest.chunks(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Sum of `values` as `torch.sum` and `torch.nansum` do it on two threads or more.
pub(super) fn cascade_sum(values: &[f32]) -> f32 {
    if values.len() <= GRAIN {
        return cascade_sum_serial(values);
    }
    values.chunks(values.len().div_ceil(2)).map(cascade_sum_serial).sum()
}

fn cascade_sum_serial(values: &[f32]) -> f32 {
    let (vectors, rest) = values.as_chunks::<SUM_LANES>();
    if vectors.is_empty() {
        let singles: Vec<[f32; 1]> = rest.iter().map(|&value| [value]).collect();
        return sum_vectors(&singles)[0];
    }
    let sum: f32 = rest.iter().sum();
    sum_vectors(vectors).iter().fold(sum, |sum, lane| sum + lane)
}

/// Every fourth vector together, then the four sums.
fn sum_vectors<const N: usize>(vectors: &[[f32; N]]) -> [f32; N] {
    let (rows, rest) = vectors.as_chunks::<4>();
    let mut sums = sum_rows(rows);
    for vector in rest {
        add(&mut sums[0], vector);
    }
    let [mut sum, others @ ..] = sums;
    for other in &others {
        add(&mut sum, other);
    }
    sum
}

/// Sums of sums of sums: of 2^n rows, then of 2^n of those, and so on over four levels, so that only
/// numbers of similar size are added.
fn sum_rows<const N: usize>(rows: &[[[f32; N]; 4]]) -> [[f32; N]; 4] {
    let bits = (rows.len().max(1).next_power_of_two().trailing_zeros() / 4).max(4);
    let mut levels = [[[0.0_f32; N]; 4]; 4];
    for (i, row) in rows.iter().enumerate() {
        add_row(&mut levels[0], row);
        for level in 1..4 {
            // A level is full, and moves up, when the count so far is a multiple of its size.
            if (i + 1) & ((1 << (level as u32 * bits)) - 1) != 0 {
                break;
            }
            let full = std::mem::replace(&mut levels[level - 1], [[0.0; N]; 4]);
            add_row(&mut levels[level], &full);
        }
    }
    let [mut sum, others @ ..] = levels;
    for other in &others {
        add_row(&mut sum, other);
    }
    sum
}

fn add_row<const N: usize>(sum: &mut [[f32; N]; 4], row: &[[f32; N]; 4]) {
    for (sum, vector) in sum.iter_mut().zip(row) {
        add(sum, vector);
    }
}

fn add<const N: usize>(sum: &mut [f32; N], vector: &[f32; N]) {
    for (sum, value) in sum.iter_mut().zip(vector) {
        *sum += value;
    }
}
