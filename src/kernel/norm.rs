//! The two halves of layer normalisation.

use super::dispatch;
use super::split;

/// What one number costs, in multiplications, for the decision how many threads to ask.
const COST: usize = 8;
/// Sums are kept in so many parts: as many as the widest registers hold, twice over.
const LANES: usize = 32;

/// Divides each row by √(variance + ε), after subtracting its mean if it is to be `centred`; the
/// variance is the biased one. Gives what was divided by, one number per row, and the rows.
pub fn normalize(x: &[f32], width: usize, centred: bool, epsilon: f64) -> (Vec<f32>, Vec<f32>) {
    let width = width.max(1);
    let mut scales = vec![0.0; x.len() / width];
    let mut results = vec![0.0; x.len()];
    let rows = scales.len().div_ceil(split::parts(x.len() * COST)).max(1);
    let jobs = x.chunks(rows * width).zip(results.chunks_mut(rows * width));
    split::each(jobs.zip(scales.chunks_mut(rows)), |((x, results), scales)| {
        dispatch(
            #[inline(always)]
            || {
                let rows = x.chunks_exact(width).zip(results.chunks_exact_mut(width));
                for ((x, result), scale) in rows.zip(scales) {
                    *scale = row(x, result, centred, epsilon);
                }
            },
        );
    });
    (scales, results)
}

#[inline(always)]
fn row(x: &[f32], result: &mut [f32], centred: bool, epsilon: f64) -> f32 {
    let n = x.len() as f32;
    let mean = if centred { sum(x, |x| x) / n } else { 0.0 };
    let variance = sum(x, |x| (x - mean) * (x - mean)) / n;
    let scale = (variance + epsilon as f32).sqrt();
    for (result, x) in result.iter_mut().zip(x) {
        *result = (x - mean) / scale;
    }
    scale
}

/// The sum of `f` of every number, added up in lanes.
#[inline(always)]
fn sum(numbers: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x);
        }
    }
    let rest: f32 = rest.iter().map(|&x| f(x)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Multiplies each column by its weight and adds its bias, when there is one.
pub fn scale_and_shift(x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let width = weight.len().max(1);
    let mut results = vec![0.0; x.len()];
    dispatch(
        #[inline(always)]
        || {
            let rows = x.chunks_exact(width).zip(results.chunks_exact_mut(width));
            for (x, result) in rows {
                match bias {
                    Some(bias) => {
                        for (((result, x), w), b) in result.iter_mut().zip(x).zip(weight).zip(bias)
                        {
                            *result = x * w + b;
                        }
                    }
                    None => {
                        for ((result, x), w) in result.iter_mut().zip(x).zip(weight) {
                            *result = x * w;
                        }
                    }
                }
            }
        },
    );
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_mean_0_and_variance_1() {
        for width in [1, 5, 31, 192, 771] {
            let x: Vec<f32> = (0..3 * width).map(|i| (i * 37 % 101) as f32 - 30.0).collect();
            for centred in [true, false] {
                let (scales, normalized) = normalize(&x, width, centred, 1e-5);
                for (pos, x) in x.chunks_exact(width).enumerate() {
                    let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
                    let mean = if centred { x.iter().sum::<f64>() / width as f64 } else { 0.0 };
                    let squares = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                    let scale = (squares / width as f64 + 1e-5).sqrt();
                    assert!((f64::from(scales[pos]) - scale).abs() < 1e-5 * scale);
                    for (got, x) in normalized[pos * width..].iter().zip(x) {
                        assert!((f64::from(*got) - (x - mean) / scale).abs() < 1e-5);
                    }
                }
            }
        }
    }

    #[test]
    fn columns_are_scaled_and_shifted() {
        let x = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(scale_and_shift(&x, &[2.0, 10.0], None), [2.0, 20.0, 6.0, 40.0]);
        let shifted = scale_and_shift(&x, &[2.0, 10.0], Some(&[0.5, -1.0]));
        assert_eq!(shifted, [2.5, 19.0, 6.5, 39.0]);
    }
}
