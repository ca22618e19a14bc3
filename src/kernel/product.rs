//! Products of two matrices that both lie row by row.
//!
//! Where [`matmul`](super::matmul) multiplies rows with rows, these add up rows of the second matrix:
//! what the gradients of a product are, and what attention reads.

use super::{Rows, dispatch, split};
use pulp::{Simd, WithSimd};

/// Numbers of `b` that are copied side by side at a time: they fit into the first-level cache.
const PANEL: usize = 6144;
/// Rows of `a` that are worked on at a time: with a panel's depth they fit into the second level.
const HEIGHT: usize = 96;
/// Columns that one thread takes at least.
const LEAST: usize = 64;

/// `a b`, with `bias` added to each row.
///
/// # Shapes
/// `a [n, depth]`, `b [depth, width]`, `bias [width]` or empty gives `[n, width]`.
pub fn multiply(a: Rows<'_>, b: &[f32], bias: &[f32], width: usize) -> Vec<f32> {
    let n = a.data.len() / a.stride.max(1);
    let mut c = vec![0.0; n * width];
    share::<false>(
        &Multiply { a, depth: a.width, b: Rows::new(b, width), bias, c: Vec::new() },
        &mut c,
    );
    c
}

/// `aᵀ b`, into a list whose numbers may be anything.
///
/// # Shapes
/// `a [depth, n]`, `b [depth, width]` gives `[n, width]`.
pub fn multiply_turned(a: Rows<'_>, b: &[f32], width: usize, c: &mut [f32]) {
    let depth = a.data.len() / a.stride.max(1);
    share::<true>(&Multiply { a, depth, b: Rows::new(b, width), bias: &[], c: Vec::new() }, c);
}

/// Cuts a product into parts for the threads.
fn share<const TURNED: bool>(whole: &Multiply<'_, '_, TURNED>, c: &mut [f32]) {
    let &Multiply { a, depth, b, bias, .. } = whole;
    let width = b.width;
    if c.is_empty() || depth == 0 {
        return c.fill(0.0);
    }
    let n = c.len() / width;
    let parts = split::parts(c.len() * depth);
    if width >= parts * LEAST {
        let step = width.div_ceil(parts).next_multiple_of(LEAST);
        let groups = split::columns(c, width, step).into_iter().enumerate();
        split::each(groups, |(group, c)| {
            let width = c.first().map_or(0, |row| row.len());
            let bias = bias.get(group * step..group * step + width).unwrap_or_default();
            let b = b.columns(group * step, width);
            dispatch(Multiply::<TURNED> { a, depth, b, bias, c });
        });
    } else {
        let step = n.div_ceil(parts);
        split::each(c.chunks_mut(step * width).enumerate(), |(group, c)| {
            let a = rows_from::<TURNED>(a, group * step);
            let c = c.chunks_exact_mut(width).collect();
            dispatch(Multiply::<TURNED> { a, depth, b, bias, c });
        });
    }
}

/// The first factor from a row of the product on.
#[inline(always)]
fn rows_from<const TURNED: bool>(a: Rows<'_>, row: usize) -> Rows<'_> {
    Rows { data: &a.data[if TURNED { row } else { row * a.stride }..], ..a }
}

/// One thread's share of a product, of `a` or of `a` on its side.
struct Multiply<'a, 'c, const TURNED: bool> {
    a: Rows<'a>,
    depth: usize,
    b: Rows<'a>,
    bias: &'a [f32],
    c: Vec<&'c mut [f32]>,
}

impl<const TURNED: bool> WithSimd for Multiply<'_, '_, TURNED> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, 6, 4>(simd);
        } else {
            self.run::<S, 6, 2>(simd);
        }
    }
}

impl<const TURNED: bool> Multiply<'_, '_, TURNED> {
    #[inline(always)]
    fn run<S: Simd, const M: usize, const V: usize>(self, simd: S) {
        let Self { a, depth: whole, b, bias, mut c } = self;
        for row in &mut c {
            row.iter_mut().zip(bias).for_each(|(c, bias)| *c = *bias);
        }
        let panel_width = V * S::F32_LANES;
        let mut panel = vec![0.0; PANEL];
        let most = (PANEL / panel_width).max(1);
        for top in (0..whole).step_by(most) {
            let depth = most.min(whole - top);
            let a = if TURNED {
                Rows { data: &a.data[top * a.stride..], ..a }
            } else {
                a.columns(top, depth)
            };
            for (block, c) in c.chunks_mut(HEIGHT).enumerate() {
                let a = rows_from::<TURNED>(a, block * HEIGHT);
                for left in (0..b.width).step_by(panel_width) {
                    let width = panel_width.min(b.width - left);
                    for (i, row) in panel.chunks_exact_mut(panel_width).take(depth).enumerate() {
                        row[..width].copy_from_slice(&b.row(top + i)[left..left + width]);
                        row[width..].fill(0.0);
                    }
                    let b = Rows::new(&panel, panel_width);
                    let mut rows: Vec<&mut [f32]> =
                        c.iter_mut().map(|row| &mut row[left..left + width]).collect();
                    if top == 0 && bias.is_empty() {
                        tiles::<S, M, V, false, TURNED>(simd, a, b, &mut rows, |_| depth, 1.0);
                    } else {
                        tiles::<S, M, V, true, TURNED>(simd, a, b, &mut rows, |_| depth, 1.0);
                    }
                }
            }
        }
    }
}

/// A matrix on its side.
///
/// # Shapes
/// `x [n, width]` gives `[width, n]`.
pub fn transpose(x: &[f32], width: usize) -> Vec<f32> {
    const BLOCK: usize = 16;
    let n = x.len() / width.max(1);
    let mut turned = vec![0.0; x.len()];
    if n == 0 {
        return turned;
    }
    // A number costs about as much as a few multiplications.
    let step = width.div_ceil(split::parts(x.len() * 4)).next_multiple_of(BLOCK);
    split::each(turned.chunks_mut(step * n).enumerate(), |(group, turned)| {
        let left = group * step;
        let columns = turned.len() / n;
        for top in (0..n).step_by(BLOCK) {
            let bottom = n.min(top + BLOCK);
            for block in (0..columns).step_by(BLOCK) {
                for row in top..bottom {
                    let x = &x[row * width + left..];
                    for column in block..columns.min(block + BLOCK) {
                        turned[column * n + row] = x[column];
                    }
                }
            }
        }
    });
    turned
}

/// `c = factor · a b`, where row `i` of `a` counts up to `depth(i)`, which grows. The width of `b` is
/// a multiple of the lanes; `c` may be narrower.
#[inline(always)]
pub(super) fn product<S: Simd>(
    simd: S,
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [&mut [f32]],
    depth: impl Fn(usize) -> usize + Copy,
    factor: f32,
) {
    if S::REGISTER_COUNT >= 32 {
        tiles::<S, 6, 4, false, false>(simd, a, b, c, depth, factor);
    } else {
        tiles::<S, 4, 2, false, false>(simd, a, b, c, depth, factor);
    }
}

#[inline(always)]
fn tiles<S: Simd, const M: usize, const V: usize, const ADDS: bool, const TURNED: bool>(
    simd: S,
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [&mut [f32]],
    depth: impl Fn(usize) -> usize + Copy,
    factor: f32,
) {
    let n = c.first().map_or(0, |row| row.len());
    let mut col = 0;
    while col < n {
        let is_wide = col + V * S::F32_LANES <= n;
        let mut row = 0;
        while row < c.len() {
            let is_tall = row + M <= c.len();
            let last = if is_tall { row + M - 1 } else { row };
            let b = b.columns(col, if is_wide { V } else { 1 } * S::F32_LANES);
            match (is_tall, is_wide) {
                (true, true) => {
                    tile::<S, M, V, ADDS, TURNED>(simd, a, b, c, [row, col, depth(last)], factor);
                }
                (true, false) => {
                    tile::<S, M, 1, ADDS, TURNED>(simd, a, b, c, [row, col, depth(last)], factor);
                }
                (false, true) => {
                    tile::<S, 1, V, ADDS, TURNED>(simd, a, b, c, [row, col, depth(last)], factor);
                }
                (false, false) => {
                    tile::<S, 1, 1, ADDS, TURNED>(simd, a, b, c, [row, col, depth(last)], factor);
                }
            }
            row = last + 1;
        }
        col += if is_wide { V } else { 1 } * S::F32_LANES;
    }
}

#[inline(always)]
fn tile<S: Simd, const M: usize, const V: usize, const ADDS: bool, const TURNED: bool>(
    simd: S,
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [&mut [f32]],
    [row, col, depth]: [usize; 3],
    factor: f32,
) {
    let mut rows: [&[f32]; M] = [&[]; M];
    for (m, a_row) in rows.iter_mut().enumerate().filter(|_| !TURNED) {
        *a_row = &a.row(row + m)[..depth];
    }
    let mut sums = [[simd.splat_f32s(0.0); V]; M];
    for i in 0..depth {
        let (b, _) = S::as_simd_f32s(&b.data[i * b.stride..][..V * S::F32_LANES]);
        let turned: &[f32] = if TURNED { &a.data[i * a.stride + row..][..M] } else { &[] };
        for m in 0..M {
            let x = simd.splat_f32s(if TURNED { turned[m] } else { rows[m][i] });
            for v in 0..V {
                sums[m][v] = simd.mul_add_e_f32s(x, b[v], sums[m][v]);
            }
        }
    }
    let factor = simd.splat_f32s(factor);
    for m in 0..M {
        let (whole, rest) = S::as_mut_simd_f32s(&mut c[row + m][col..]);
        for v in 0..V {
            let value = simd.mul_f32s(sums[m][v], factor);
            match whole.get_mut(v) {
                Some(place) if ADDS => *place = simd.add_f32s(*place, value),
                Some(place) => *place = value,
                None if ADDS => {
                    let before = simd.partial_load_f32s(rest);
                    simd.partial_store_f32s(rest, simd.add_f32s(before, value));
                }
                None => simd.partial_store_f32s(rest, value),
            }
        }
    }
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
        for (n, depth, width) in [
            (1, 1, 1),
            (3, 7, 5),
            (6, 16, 64),
            (7, 300, 65),
            (130, 33, 20),
            (40, 129, 700),
            (5, 0, 4),
        ] {
            let (a, b) = (numbers(n * depth, 1), numbers(depth * width, 2));
            let bias = numbers(width, 3);
            let c = multiply(Rows::new(&a, depth), &b, &bias, width);
            let plain = multiply(Rows::new(&a, depth), &b, &[], width);
            assert_eq!(c.len(), if depth == 0 { 0 } else { n * width });
            let mut turned = vec![f32::NAN; n * width];
            multiply_turned(Rows::new(&transpose(&a, depth), n), &b, width, &mut turned);
            for (i, got) in c.iter().enumerate() {
                let (row, column) = (i / width, i % width);
                let term =
                    |k: usize| f64::from(a[row * depth + k]) * f64::from(b[k * width + column]);
                let expected: f64 = (0..depth).map(term).sum();
                let is_near = |got: f32, expected: f64| (f64::from(got) - expected).abs() < 1e-4;
                assert!(is_near(plain[i], expected), "{n}x{depth}x{width}");
                assert!(is_near(turned[i], expected), "{n}x{depth}x{width}");
                let expected = expected + f64::from(bias[column]);
                assert!(is_near(*got, expected), "{n}x{depth}x{width}");
            }
        }
    }

    #[test]
    fn a_matrix_turned_twice_is_the_same() {
        for (n, width) in [(1, 1), (3, 50), (64, 17), (400, 300)] {
            let x = numbers(n * width, 3);
            let turned = transpose(&x, width);
            assert_eq!(turned[0], x[0]);
            assert_eq!(turned[(width - 1) * n], x[width - 1]);
            assert_eq!(transpose(&turned, n), x);
        }
    }
}
