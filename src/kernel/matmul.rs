//! Activations times a matrix of weights.
//!
//! A matrix is kept as `[out, in]`: each output's weights lie side by side, as `torch.nn.Linear` and
//! the embedding table keep them. A product is then a scalar product of two rows, both read from
//! front to back, which is what memory is fast at, and the table needs no transposed copy to be read
//! as the unembedding.

use super::{Rows, dispatch, split};
use pulp::{Simd, WithSimd};

/// How much of a row is worked on at a time: what several rows of both sides take has to fit into
/// the first-level cache.
const DEPTH: usize = 768;
/// How many positions are worked on at a time: what they take has to fit into the second level.
const HEIGHT: usize = 256;

/// `y = x Wᵀ + b`.
///
/// # Shapes
/// `x [pos, in]`, `w [out, in]`, `b [out]` or empty; `y [pos, out]` is overwritten.
pub fn matmul(x: Rows<'_>, w: &[f32], bias: &[f32], y: &mut [f32]) {
    let n_in = x.width;
    let n_out = w.len() / n_in.max(1);
    if n_out == 0 || y.is_empty() {
        return;
    }
    let parts = split::parts(y.len() * n_in);
    let step = n_out.div_ceil(parts).next_multiple_of(6);
    let groups = split::columns(y, n_out, step).into_iter().enumerate();
    split::each(groups, |(group, mut y)| {
        let start = group * step;
        let n = y.first().map_or(0, |row| row.len());
        dispatch(Product {
            x,
            w: Rows::new(&w[start * n_in..][..n * n_in], n_in),
            bias: bias.get(start..start + n).unwrap_or_default(),
            y: &mut y,
        });
    });
}

/// One thread's share of a product: some outputs of all positions.
struct Product<'a, 'y> {
    x: Rows<'a>,
    w: Rows<'a>,
    bias: &'a [f32],
    y: &'a mut [&'y mut [f32]],
}

impl WithSimd for Product<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // As many sums at a time as there are registers for, with some left for the factors.
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, 4, 6>(simd);
        } else {
            self.run::<S, 2, 4>(simd);
        }
    }
}

impl Product<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const M: usize, const N: usize>(&mut self, simd: S) {
        let n_in = self.w.width;
        for top in (0..self.y.len()).step_by(HEIGHT) {
            let bottom = self.y.len().min(top + HEIGHT);
            for left in (0..n_in.max(1)).step_by(DEPTH) {
                let right = n_in.min(left + DEPTH);
                let n_out = self.y[top].len();
                let mut out = 0;
                while out + N <= n_out {
                    self.strip::<S, M, N>(simd, [top, bottom], [left, right], out);
                    out += N;
                }
                while out < n_out {
                    self.strip::<S, M, 1>(simd, [top, bottom], [left, right], out);
                    out += 1;
                }
            }
        }
    }

    /// Some outputs of some positions, over part of their length.
    #[inline(always)]
    fn strip<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        [top, bottom]: [usize; 2],
        [left, right]: [usize; 2],
        out: usize,
    ) {
        let mut w: [&[f32]; N] = [&[]; N];
        for (n, row) in w.iter_mut().enumerate() {
            *row = &self.w.row(out + n)[left..right];
        }
        let mut pos = top;
        while pos + M <= bottom {
            self.tile::<S, M, N>(simd, &w, pos, [left, right], out);
            pos += M;
        }
        while pos < bottom {
            self.tile::<S, 1, N>(simd, &w, pos, [left, right], out);
            pos += 1;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        w: &[&[f32]; N],
        pos: usize,
        [left, right]: [usize; 2],
        out: usize,
    ) {
        let mut x: [&[f32]; M] = [&[]; M];
        for (m, row) in x.iter_mut().enumerate() {
            *row = &self.x.row(pos + m)[left..right];
        }
        let sums = dot::<S, M, N>(simd, &x, w);
        for (m, sums) in sums.iter().enumerate() {
            let y = &mut self.y[pos + m][out..out + N];
            for (n, sum) in sums.iter().enumerate() {
                let before = match left {
                    0 => self.bias.get(out + n).copied().unwrap_or(0.0),
                    _ => y[n],
                };
                y[n] = before + sum;
            }
        }
    }
}

/// Scalar products of `M` rows with `N` rows of equal length.
#[inline(always)]
pub(super) fn dot<S: Simd, const M: usize, const N: usize>(
    simd: S,
    x: &[&[f32]; M],
    w: &[&[f32]; N],
) -> [[f32; N]; M] {
    let len = x[0].len();
    let steps = len / S::F32_LANES;
    let mut xs: [&[S::f32s]; M] = [&[]; M];
    let mut ws: [&[S::f32s]; N] = [&[]; N];
    for m in 0..M {
        xs[m] = &S::as_simd_f32s(x[m]).0[..steps];
    }
    for n in 0..N {
        ws[n] = &S::as_simd_f32s(w[n]).0[..steps];
    }
    let mut sums = [[simd.splat_f32s(0.0); N]; M];
    for step in 0..steps {
        let mut x = [simd.splat_f32s(0.0); M];
        for m in 0..M {
            x[m] = xs[m][step];
        }
        for n in 0..N {
            let w = ws[n][step];
            for m in 0..M {
                sums[m][n] = simd.mul_add_e_f32s(x[m], w, sums[m][n]);
            }
        }
    }
    let mut totals = [[0.0; N]; M];
    for m in 0..M {
        for n in 0..N {
            let mut total = simd.reduce_sum_f32s(sums[m][n]);
            for i in steps * S::F32_LANES..len {
                total += x[m][i] * w[n][i];
            }
            totals[m][n] = total;
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        let number = |i: usize| ((i * 37 + seed * 101) % 257) as f32 / 128.0 - 1.0;
        (0..n).map(number).collect()
    }

    #[test]
    fn products_equal_the_definition() {
        for (n_pos, n_in, n_out) in [
            (1, 1, 1),
            (1, 768, 50),
            (2, 17, 6),
            (3, 16, 13),
            (5, 33, 7),
            (9, 100, 31),
            (64, 40, 29),
            (4, 1600, 12),
            (300, 770, 9),
            (6, 5, 0),
        ] {
            for bias in [vec![], numbers(n_out, 3)] {
                let (x, w) = (numbers(n_pos * n_in, 1), numbers(n_out * n_in, 2));
                let mut y = vec![f32::NAN; n_pos * n_out];
                matmul(Rows::new(&x, n_in), &w, &bias, &mut y);
                for pos in 0..n_pos {
                    for out in 0..n_out {
                        let product =
                            |i: usize| f64::from(x[pos * n_in + i]) * f64::from(w[out * n_in + i]);
                        let sum: f64 = (0..n_in).map(product).sum();
                        let expected = sum + f64::from(bias.get(out).copied().unwrap_or(0.0));
                        let got = f64::from(y[pos * n_out + out]);
                        assert!(
                            (got - expected).abs() < 1e-4,
                            "{n_pos}x{n_in}x{n_out} at {pos}, {out}: {got}, {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_position_does_not_depend_on_the_others() {
        let (n_in, n_out) = (770, 20);
        let (x, w) = (numbers(11 * n_in, 1), numbers(n_out * n_in, 2));
        let product = |x: &[f32]| {
            let mut y = vec![0.0; x.len() / n_in * n_out];
            matmul(Rows::new(x, n_in), &w, &[], &mut y);
            y
        };
        let together = product(&x);
        for (pos, x) in x.chunks_exact(n_in).enumerate() {
            assert_eq!(product(x), together[pos * n_out..][..n_out]);
        }
    }
}
