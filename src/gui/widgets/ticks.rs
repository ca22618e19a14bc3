//! Round numbers along an axis.

use egui::emath::Rangef;

/// Round numbers within a range, about `most` of them, evenly spaced: 1, 2 or 5 times a power of
/// ten apart. All are written with the same decimals.
pub fn ticks(range: Rangef, most: usize) -> Vec<(f32, String)> {
    let most = most.clamp(1, 10);
    let rough = range.span() / most as f32;
    if !(rough.is_finite() && rough > 0.0) {
        return Vec::new();
    }
    let power = 10_f32.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|times| times * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    let decimals = (-(step * 1.001).log10().floor()).clamp(0.0, 6.0) as usize;
    let first = (range.min / step - 1e-3).ceil() as i64;
    let last = (range.max / step + 1e-3).floor() as i64;
    let tick = |i: i64| {
        let value = i as f32 * step;
        (value, format!("{value:.decimals$}").replace('-', "−"))
    };
    (first..=last).take(2 * most + 2).map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let labels = |range, most| -> Vec<String> {
            ticks(range, most).into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(labels(Rangef::new(0.0, 1.0), 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Rangef::new(-7.2, 7.1), 4), ["−5", "0", "5"]);
        assert_eq!(labels(Rangef::new(-0.05, 0.06), 3), ["−0.05", "0.00", "0.05"]);
        assert!(labels(Rangef::new(1.0, 1.0), 4).is_empty());
        assert!(labels(Rangef::new(f32::NAN, 1.0), 4).is_empty());
        assert_eq!(labels(Rangef::new(-1.0, 1.0), 4), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(Rangef::new(0.0, 255.0), 5), ["0", "100", "200"]);
    }
}
