//! The way back: how a loss grows with what an operation was given, from how it grows with what the
//! operation gave. The letter `d` before a name means "how the loss grows with".

use super::attention::{Heads, Sight, mix, scores, softmax};
use super::product::{multiply, multiply_turned, transpose};
use super::{Rows, dispatch, memory, split};

/// What one number costs, in multiplications, for the decision how many threads to ask.
const COST: usize = 8;

/// Of `y = x Wᵀ + b` with respect to `x`.
///
/// # Shapes
/// `dy [pos, out]`, `w [out, in]` gives `[pos, in]`.
pub fn linear_input(dy: &[f32], w: &[f32], [n_in, n_out]: [usize; 2]) -> Vec<f32> {
    multiply(Rows::new(dy, n_out), w, &[], n_in)
}

/// Of `y = x Wᵀ + b` with respect to `W`.
///
/// # Shapes
/// `dy [pos, out]`, `x [pos, in]` gives `[out, in]`.
pub fn linear_weight(dy: &[f32], x: &[f32], [n_in, n_out]: [usize; 2]) -> Vec<f32> {
    let mut dw = memory::list(n_in * n_out);
    multiply_turned(Rows::new(dy, n_out), x, n_in, &mut dw);
    dw
}

/// Of `y = x W + b` with respect to `W`.
///
/// # Shapes
/// `dy [pos, out]`, `x [pos, in]` gives `[in, out]`.
pub fn turned_weight(dy: &[f32], x: &[f32], [n_in, n_out]: [usize; 2]) -> Vec<f32> {
    linear_weight(x, dy, [n_out, n_in])
}

/// The sum of each column of a matrix.
pub fn column_sums(x: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    dispatch(
        #[inline(always)]
        || {
            for row in x.chunks_exact(width.max(1)) {
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += x;
                }
            }
        },
    );
    sums
}

/// The sum of the products of two matrices, column by column.
pub fn column_products(x: &[f32], y: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    dispatch(
        #[inline(always)]
        || {
            for (x, y) in x.chunks_exact(width.max(1)).zip(y.chunks_exact(width.max(1))) {
                for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                    *sum += x * y;
                }
            }
        },
    );
    sums
}

/// Of [`normalize`](super::normalize), which gave `scales` and `normalized`.
pub fn normalize(
    dy: &[f32],
    normalized: &[f32],
    scales: &[f32],
    width: usize,
    centred: bool,
) -> Vec<f32> {
    let mut dx = vec![0.0; dy.len()];
    let width = width.max(1);
    let n = split::parts(dy.len() * COST);
    let rows = scales.len().div_ceil(n).max(1);
    let step = rows * width;
    let jobs = dx.chunks_mut(step).zip(dy.chunks(step)).zip(normalized.chunks(step));
    split::each(jobs.zip(scales.chunks(rows)), |(((dx, dy), normalized), scales)| {
        dispatch(
            #[inline(always)]
            || {
                let rows = dx.chunks_exact_mut(width).zip(dy.chunks_exact(width));
                let rows = rows.zip(normalized.chunks_exact(width)).zip(scales);
                for (((dx, dy), normalized), scale) in rows {
                    let along = dot(dy, normalized) / width as f32;
                    let mean = if centred { sum(dy) / width as f32 } else { 0.0 };
                    for ((dx, dy), normalized) in dx.iter_mut().zip(dy).zip(normalized) {
                        *dx = (dy - mean - normalized * along) / scale;
                    }
                }
            },
        );
    });
    dx
}

/// Of a softmax over rows of `width` numbers, which gave `pattern`.
pub fn softmax_rows(dy: &[f32], pattern: &[f32], width: usize) -> Vec<f32> {
    let mut dx = vec![0.0; dy.len()];
    let width = width.max(1);
    let n_rows = dy.len() / width;
    let step = n_rows.div_ceil(split::parts(dy.len() * COST)).max(1) * width;
    let jobs = dx.chunks_mut(step).zip(dy.chunks(step)).zip(pattern.chunks(step));
    split::each(jobs, |((dx, dy), pattern)| {
        dispatch(
            #[inline(always)]
            || {
                let rows = dx.chunks_exact_mut(width).zip(dy.chunks_exact(width));
                for ((dx, dy), pattern) in rows.zip(pattern.chunks_exact(width)) {
                    let mean = dot(dy, pattern);
                    for ((dx, dy), p) in dx.iter_mut().zip(dy).zip(pattern) {
                        *dx = p * (dy - mean);
                    }
                }
            },
        );
    });
    dx
}

/// Of [`scores`] with respect to queries and keys.
///
/// # Shapes
/// `dy [text, head, query, key]` gives `[text, query, head * d_head]` and
/// `[text, key, kv_head * d_head]`.
pub fn of_scores(dy: &[f32], q: &[f32], k: &[f32], heads: Heads, scaling: f32) -> [Vec<f32>; 2] {
    let mut dq = mix(dy, k, heads, None);
    let mut dk = read_back(dy, q, k.len(), heads);
    for x in dq.iter_mut().chain(&mut dk) {
        *x *= scaling;
    }
    [dq, dk]
}

/// Of [`mix`] with respect to pattern and values.
///
/// # Shapes
/// `dz [text, query, head * d_head]` gives `[text, head, query, key]` and
/// `[text, key, kv_head * d_head]`.
pub fn of_mix(dz: &[f32], pattern: &[f32], v: &[f32], heads: Heads) -> [Vec<f32>; 2] {
    [scores(dz, v, heads, 1.0), read_back(pattern, dz, v.len(), heads)]
}

/// What each key gets back from the queries that looked at it: of several heads that share it, the sum.
fn read_back(weights: &[f32], queries: &[f32], len: usize, heads: Heads) -> Vec<f32> {
    let Heads { n_texts, n_heads, n_kv_heads, d_head } = heads;
    let n_keys = len / (n_texts * n_kv_heads * d_head).max(1);
    let n_queries = queries.len() / (n_texts * n_heads * d_head).max(1);
    let size = (n_queries * n_keys).max(1);
    let mut turned = Vec::with_capacity(weights.len());
    for head in weights.chunks_exact(size) {
        turned.extend_from_slice(&transpose(head, n_keys));
    }
    let each = mix(&turned, queries, Heads { n_kv_heads: n_heads, ..heads }, None);
    if n_heads == n_kv_heads {
        return each;
    }
    let group = n_heads / n_kv_heads.max(1) * d_head;
    let mut sums = vec![0.0; len];
    for (sums, group) in sums.chunks_exact_mut(d_head).zip(each.chunks_exact(group)) {
        for each in group.chunks_exact(d_head) {
            sums.iter_mut().zip(each).for_each(|(sum, x)| *sum += x);
        }
    }
    sums
}

/// The mean surprise at each row's answer, and how it grows with the scores.
///
/// # Shapes
/// `scores [row, vocab]`, `answers [row]` gives `[row, vocab]`.
pub fn cross_entropy(scores: &[f32], answers: &[u32], vocab: usize) -> (f32, Vec<f32>) {
    let n = answers.len().max(1);
    let mut slope = softmax(scores, n, vocab, None::<Sight>);
    let mut loss = 0.0_f64;
    let rows = scores.chunks_exact(vocab.max(1)).zip(slope.chunks_exact_mut(vocab.max(1)));
    for ((scores, slope), &answer) in rows.zip(answers) {
        let answer = answer as usize;
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // The best score's share of the whole is 1 / Σ exp(score − most).
        let best = slope.iter().copied().fold(0.0, f32::max);
        loss += f64::from(most - scores[answer]) - f64::from(best).ln();
        slope[answer] -= 1.0;
    }
    for x in &mut slope {
        *x /= n as f32;
    }
    ((loss / n as f64) as f32, slope)
}

/// Numbers that are summed side by side.
const LANES: usize = 16;

#[inline(always)]
fn dot(x: &[f32], y: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

#[inline(always)]
fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (x, rest) = x.as_chunks::<LANES>();
    for x in x {
        for lane in 0..LANES {
            lanes[lane] += x[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}
