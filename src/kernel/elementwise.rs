//! The same function of every number.

use super::dispatch;
use super::split;

/// What one number costs, in multiplications, for the decision how many threads to ask.
const COST: usize = 16;

/// `f` of every number.
pub fn map(numbers: &[f32], f: impl Fn(f32) -> f32 + Copy + Sync) -> Vec<f32> {
    let mut results = vec![0.0; numbers.len()];
    let parts = split::parts(numbers.len() * COST);
    let len = numbers.len().div_ceil(parts).max(1);
    let jobs = numbers.chunks(len).zip(results.chunks_mut(len));
    split::each(jobs, |(numbers, results)| {
        dispatch(
            #[inline(always)]
            || {
                for (result, &number) in results.iter_mut().zip(numbers) {
                    *result = f(number);
                }
            },
        );
    });
    results
}

/// Changes the numbers of several lists together, by one more list: `f` of each place.
pub fn update<const N: usize>(
    lists: [&mut Vec<f32>; N],
    by: &[f32],
    f: impl Fn([f32; N], f32) -> [f32; N] + Copy + Sync,
) {
    let parts = split::parts(by.len() * COST);
    let len = by.len().div_ceil(parts).max(1);
    let mut chunks = lists.map(|list| list.chunks_mut(len));
    let jobs = by.chunks(len).map_while(|by| {
        let mut complete = true;
        let lists = chunks.each_mut().map(|chunks| {
            chunks.next().unwrap_or_else(|| {
                complete = false;
                &mut []
            })
        });
        complete.then_some((lists, by))
    });
    split::each(jobs, |(mut lists, by)| {
        dispatch(
            #[inline(always)]
            || {
                let n = lists.iter().map(|list| list.len()).fold(by.len(), usize::min);
                let lists = lists.each_mut().map(|list| &mut list[..n]);
                for i in 0..n {
                    let changed = f(std::array::from_fn(|k| lists[k][i]), by[i]);
                    for k in 0..N {
                        lists[k][i] = changed[k];
                    }
                }
            },
        );
    });
}

/// e^x without a call and without a branch, so that loops over it are vectorised; relative error
/// below 2e-7. Range reduction and polynomial as in Cephes' `expf` (Moshier).
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the constants as published")]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2²³ rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * 0.693_359_375 + n * 2.121_944_40e-4;
    let mut p = 1.987_569_15e-4_f32;
    p = p * r + 1.398_199_950_7e-3;
    p = p * r + 8.333_451_907_3e-3;
    p = p * r + 4.166_579_589_4e-2;
    p = p * r + 1.666_666_545_9e-1;
    p = p * r + 5.000_000_120_1e-1;
    let e_r = p * r * r + r + 1.0;
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits());
    e_r * f32::from_bits(exponent.wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for i in -8600..8800 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp();
            assert!((f64::from(exp(x)) / expected - 1.0).abs() < 3e-7, "at {x}");
        }
        assert!(exp(-1000.0) < 1e-37);
    }

    #[test]
    fn lists_change_together() {
        for n in [0, 1, 100_001] {
            let (mut a, mut b) = (vec![1.0; n], vec![2.0; n]);
            let by: Vec<f32> = (0..n).map(|i| i as f32).collect();
            update([&mut a, &mut b], &by, |[a, b], by| [a + by, b * by]);
            assert!((0..n).all(|i| a[i] == 1.0 + i as f32 && b[i] == 2.0 * i as f32));
        }
    }

    #[test]
    fn every_number_is_mapped() {
        for n in [0, 1, 15, 1000, 100_001] {
            let numbers: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let expected: Vec<f32> = numbers.iter().map(|x| x * 2.0 + 1.0).collect();
            assert_eq!(map(&numbers, |x| x * 2.0 + 1.0), expected);
        }
    }
}
