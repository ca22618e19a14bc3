//! Attention in three steps: products of queries and keys, softmax, values mixed by the pattern.
//!
//! Queries, keys and values stay as the matrix products before left them, `[pos, head * d_head]`: a
//! head is a group of columns, and no copy cuts heads apart or puts them together again.

use super::elementwise::exp;
use super::matmul::dot;
use super::product::product;
use super::{Rows, dispatch, split};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// How vectors are cut into heads.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Texts of one length, one behind the other: none sees another.
    pub n_texts: usize,
    /// Heads that look.
    pub n_heads: usize,
    /// Keys and values for them to look at: neighbouring heads share one.
    pub n_kv_heads: usize,
    /// Width of a query, a key and a value.
    pub d_head: usize,
}

/// Which keys a query may look at: those up to its own place, and no further back than the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Keys that come before the first query.
    pub past: usize,
    /// How many keys a query sees at most, itself included.
    pub window: Option<usize>,
}

impl Sight {
    /// The keys that a query sees of `n_keys`; all of them when there is nothing to hide.
    fn visible(sight: Option<Self>, query: usize, n_keys: usize) -> Range<usize> {
        let Some(Self { past, window }) = sight else {
            return 0..n_keys;
        };
        let end = (past + query + 1).min(n_keys);
        let start = window.map_or(0, |window| (past + query + 1).saturating_sub(window));
        start.min(end)..end
    }
}

impl Heads {
    /// The columns of a head's queries, and of what it reads. Heads are counted through all texts.
    fn of_head<'a>(&self, x: &'a [f32], head: usize) -> Rows<'a> {
        let (text, head) = (head / self.n_heads.max(1), head % self.n_heads.max(1));
        self.columns(x, text, [self.n_heads, head])
    }

    /// The columns of the keys or values that a head looks at.
    fn of_kv_head<'a>(&self, x: &'a [f32], head: usize) -> Rows<'a> {
        let (text, head) = (head / self.n_heads.max(1), head % self.n_heads.max(1));
        let kv_head = head * self.n_kv_heads / self.n_heads.max(1);
        self.columns(x, text, [self.n_kv_heads, kv_head])
    }

    fn columns<'a>(&self, x: &'a [f32], text: usize, [n_heads, head]: [usize; 2]) -> Rows<'a> {
        let len = x.len() / self.n_texts.max(1);
        let text = &x[text * len..(text + 1) * len];
        Rows::new(text, n_heads * self.d_head).columns(head * self.d_head, self.d_head)
    }

    /// How many positions of each text there are in vectors of so many heads.
    fn positions(&self, x: &[f32], n_heads: usize) -> usize {
        x.len() / (self.n_texts * n_heads * self.d_head).max(1)
    }
}

/// Scalar products of every query with every key, times `scaling`.
///
/// # Shapes
/// `q [text, query, head * d_head]`, `k [text, key, kv_head * d_head]` gives
/// `[text, head, query, key]`.
pub fn scores(q: &[f32], k: &[f32], heads: Heads, scaling: f32) -> Vec<f32> {
    let n_queries = heads.positions(q, heads.n_heads);
    let n_keys = heads.positions(k, heads.n_kv_heads);
    let mut scores = vec![0.0; heads.n_texts * heads.n_heads * n_queries * n_keys];
    let jobs = scores.chunks_mut((n_queries * n_keys).max(1)).enumerate();
    each_head(jobs, n_queries * n_keys * heads.d_head, |(head, scores)| {
        let (q, k) = (heads.of_head(q, head), heads.of_kv_head(k, head));
        dispatch(Scores { q, k, n_keys, scaling, out: scores });
    });
    scores
}

/// Who looks at whom: the softmax of what each query sees of its row of `scores`. The rest is exactly
/// 0. Without a `sight`, every query sees every key.
///
/// # Shapes
/// `scores [head, query, key]` gives the same.
pub fn softmax(scores: &[f32], n_queries: usize, n_keys: usize, sight: Option<Sight>) -> Vec<f32> {
    let mut pattern = vec![0.0; scores.len()];
    let n = (n_queries * n_keys).max(1);
    let jobs = scores.chunks(n).zip(pattern.chunks_mut(n));
    each_head(jobs, 16 * n, |(scores, pattern)| {
        dispatch(
            #[inline(always)]
            || {
                let rows = scores.chunks(n_keys).zip(pattern.chunks_mut(n_keys));
                for (query, (scores, pattern)) in rows.enumerate() {
                    let visible = Sight::visible(sight, query, n_keys);
                    softmax_row(&scores[visible.clone()], &mut pattern[visible]);
                }
            },
        );
    });
    pattern
}

#[inline(always)]
fn softmax_row(scores: &[f32], pattern: &mut [f32]) {
    const LANES: usize = 16;
    let mut max = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = scores.as_chunks::<LANES>();
    for chunk in chunks {
        for (max, &x) in max.iter_mut().zip(chunk) {
            *max = if x > *max { x } else { *max };
        }
    }
    let max = max.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    for (weight, &score) in pattern.iter_mut().zip(scores) {
        let x = score - max;
        // Below that, e^x is no number that f32 holds in full; what is hidden (−∞) must be exactly 0.
        *weight = if x < -87.0 { 0.0 } else { exp(x) };
    }
    let mut sums = [0.0; LANES];
    let (chunks, rest) = pattern.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    let sum = sums.iter().sum::<f32>() + rest.iter().sum::<f32>();
    for weight in pattern {
        *weight /= sum;
    }
}

/// Values, mixed by who looks at whom. What a query does not see counts as 0 and need not be read.
///
/// # Shapes
/// `pattern [text, head, query, key]`, `v [text, key, kv_head * d_head]` gives
/// `[text, query, head * d_head]`.
pub fn mix(pattern: &[f32], v: &[f32], heads: Heads, sight: Option<Sight>) -> Vec<f32> {
    let n_keys = heads.positions(v, heads.n_kv_heads);
    let n_queries = pattern.len() / (heads.n_texts * heads.n_heads * n_keys).max(1);
    let width = heads.n_heads * heads.d_head;
    let mut z = vec![0.0; heads.n_texts * n_queries * width];
    let texts = z.chunks_mut((n_queries * width).max(1));
    let jobs = texts.flat_map(|text| split::columns(text, width, heads.d_head)).enumerate();
    each_head(jobs, n_queries * n_keys * heads.d_head, |(head, mut z)| {
        let pattern = Rows::new(&pattern[head * n_queries * n_keys..], n_keys);
        let v = heads.of_kv_head(v, head);
        dispatch(Mix { pattern, v, sight, z: &mut z });
    });
    z
}

/// Does the heads' work, on several threads if one head's many multiplications are worth it.
fn each_head<J: Send>(jobs: impl Iterator<Item = J>, work: usize, f: impl Fn(J) + Sync) {
    let jobs: Vec<J> = jobs.collect();
    if work * jobs.len() < split::WORTH_SHARING {
        jobs.into_iter().for_each(f);
    } else {
        split::each(jobs, f);
    }
}

/// The scores of one head.
struct Scores<'a> {
    q: Rows<'a>,
    k: Rows<'a>,
    n_keys: usize,
    scaling: f32,
    out: &'a mut [f32],
}

impl WithSimd for Scores<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { q, k, n_keys, scaling, out: scores } = self;
        if n_keys == 0 {
            return;
        }
        let n_queries = scores.len() / n_keys;
        if n_queries < 4 {
            // Turning the keys on their side pays off only for many queries.
            for (query, row) in scores.chunks_exact_mut(n_keys).enumerate() {
                for (key, score) in row.iter_mut().enumerate() {
                    let [[product]] = dot::<S, 1, 1>(simd, &[q.row(query)], &[k.row(key)]);
                    *score = product * scaling;
                }
            }
            return;
        }
        let turned = turn(k, n_keys, n_keys.next_multiple_of(S::F32_LANES));
        let mut rows: Vec<&mut [f32]> = scores.chunks_exact_mut(n_keys).collect();
        product(
            simd,
            q,
            Rows::new(&turned, n_keys.next_multiple_of(S::F32_LANES)),
            &mut rows,
            |_| q.width,
            scaling,
        );
    }
}

/// Keys as columns, `[d_head, key]`, with zeros up to `width`.
fn turn(k: Rows<'_>, n_keys: usize, width: usize) -> Vec<f32> {
    const BLOCK: usize = 16;
    let mut turned = vec![0.0; k.width * width];
    for block in (0..n_keys).step_by(BLOCK) {
        for key in block..n_keys.min(block + BLOCK) {
            for (d, &x) in k.row(key).iter().enumerate() {
                turned[d * width + key] = x;
            }
        }
    }
    turned
}

/// What one head reads.
struct Mix<'a, 'z> {
    pattern: Rows<'a>,
    v: Rows<'a>,
    sight: Option<Sight>,
    z: &'a mut [&'z mut [f32]],
}

impl WithSimd for Mix<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { pattern, v, sight, z } = self;
        let n_keys = pattern.width;
        let visible = |query: usize| Sight::visible(sight, query, n_keys).end;
        if v.width.is_multiple_of(S::F32_LANES) {
            return product(simd, pattern, v, z, visible, 1.0);
        }
        let width = v.width.next_multiple_of(S::F32_LANES);
        let mut padded = vec![0.0; n_keys * width];
        for (key, row) in padded.chunks_exact_mut(width).enumerate() {
            row[..v.width].copy_from_slice(v.row(key));
        }
        product(simd, pattern, Rows::new(&padded, width), z, visible, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        let number = |i: usize| ((i * 37 + seed * 101) % 257) as f32 / 128.0 - 1.0;
        (0..n).map(number).collect()
    }

    fn close(got: &[f32], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (i, (&got, expected)) in got.iter().zip(expected).enumerate() {
            assert!((f64::from(got) - expected).abs() < 1e-5, "{i}: {got}, {expected}");
        }
    }

    /// Attention as its formulas say it, one number at a time.
    fn readable(
        [q, k, v]: [&[f32]; 3],
        heads: Heads,
        n_queries: usize,
        n_keys: usize,
        sight: Option<Sight>,
    ) -> [Vec<f64>; 3] {
        let Heads { n_heads, n_kv_heads, d_head, .. } = heads;
        let mut scores = Vec::new();
        let mut pattern = Vec::new();
        let mut z = vec![0.0; n_queries * n_heads * d_head];
        for head in 0..n_heads {
            let kv_head = head / (n_heads / n_kv_heads);
            for query in 0..n_queries {
                let product = |key: usize, d: usize| {
                    f64::from(q[(query * n_heads + head) * d_head + d])
                        * f64::from(k[(key * n_kv_heads + kv_head) * d_head + d])
                };
                let row: Vec<f64> = (0..n_keys)
                    .map(|key| (0..d_head).map(|d| product(key, d)).sum::<f64>() * 0.5)
                    .collect();
                let weight = |key: usize| match sight {
                    Some(sight) if key > sight.past + query => 0.0,
                    Some(Sight { past, window: Some(window) }) if key + window <= past + query => {
                        0.0
                    }
                    _ => row[key].exp(),
                };
                let sum: f64 = (0..n_keys).map(weight).sum();
                for key in 0..n_keys {
                    for d in 0..d_head {
                        z[(query * n_heads + head) * d_head + d] += weight(key) / sum
                            * f64::from(v[(key * n_kv_heads + kv_head) * d_head + d]);
                    }
                }
                pattern.extend((0..n_keys).map(|key| weight(key) / sum));
                scores.extend(row);
            }
        }
        [scores, pattern, z]
    }

    #[test]
    fn each_step_equals_its_formula() {
        let causal = |past| Some(Sight { past, window: None });
        let window = |past, window| Some(Sight { past, window: Some(window) });
        for (n_heads, n_kv_heads, d_head, n_queries, n_keys, sight) in [
            (1, 1, 1, 1, 1, causal(0)),
            (12, 12, 64, 1, 70, causal(69)),
            (2, 2, 64, 70, 70, causal(0)),
            (4, 2, 5, 9, 9, causal(0)),
            (4, 1, 33, 7, 20, causal(13)),
            (4, 1, 33, 7, 20, window(13, 4)),
            (2, 2, 8, 40, 40, window(0, 1)),
            (3, 3, 16, 6, 130, None),
            (2, 1, 24, 13, 5, None),
        ] {
            let heads = Heads { n_texts: 1, n_heads, n_kv_heads, d_head };
            let q = numbers(n_queries * n_heads * d_head, 1);
            let k = numbers(n_keys * n_kv_heads * d_head, 2);
            let v = numbers(n_keys * n_kv_heads * d_head, 3);
            let expected = readable([&q, &k, &v], heads, n_queries, n_keys, sight);
            let scored = scores(&q, &k, heads, 0.5);
            close(&scored, &expected[0]);
            let pattern = softmax(&scored, n_queries, n_keys, sight);
            close(&pattern, &expected[1]);
            close(&mix(&pattern, &v, heads, sight), &expected[2]);
        }
    }

    #[test]
    fn no_text_sees_another() {
        let (n_heads, n_kv_heads, d_head, n) = (4, 2, 8, 7);
        let heads = Heads { n_texts: 3, n_heads, n_kv_heads, d_head };
        let q = numbers(3 * n * n_heads * d_head, 1);
        let k = numbers(3 * n * n_kv_heads * d_head, 2);
        let pattern = softmax(&scores(&q, &k, heads, 0.5), n, n, None);
        let z = mix(&pattern, &k, heads, None);
        let one = Heads { n_texts: 1, ..heads };
        for text in 0..3 {
            let q = &q[text * n * n_heads * d_head..][..n * n_heads * d_head];
            let k = &k[text * n * n_kv_heads * d_head..][..n * n_kv_heads * d_head];
            let alone = softmax(&scores(q, k, one, 0.5), n, n, None);
            assert_eq!(alone, pattern[text * alone.len()..][..alone.len()]);
            let alone = mix(&alone, k, one, None);
            assert_eq!(alone, z[text * alone.len()..][..alone.len()]);
        }
    }

    #[test]
    fn what_is_hidden_is_exactly_0() {
        let pattern = softmax(
            &[1.0, f32::NEG_INFINITY, 3.0, 9.0],
            1,
            4,
            Some(Sight { past: 2, window: None }),
        );
        assert_eq!((pattern[1], pattern[3]), (0.0, 0.0));
        assert!((pattern.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
