//! Colours as people see them: the `OKLab` space (Ottosson 2020, "A perceptual color space for image
//! processing"), in which equal steps look equal.

/// Red, green and blue as a screen takes them, 0 to 255.
pub type Rgb = [u8; 3];

/// A colour in `OKLab`: lightness 0..1, and two opponent axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oklab {
    /// Lightness, 0 is black, 1 is white.
    pub l: f32,
    /// Green to red.
    pub a: f32,
    /// Blue to yellow.
    pub b: f32,
}

impl Oklab {
    /// From a screen colour.
    pub fn from_rgb(rgb: Rgb) -> Self {
        let [r, g, b] = rgb.map(linear);
        let l = (0.412_221_47 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
        let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
        Self {
            l: 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
            a: 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
            b: 0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
        }
    }

    /// A colour by lightness, colourfulness and hue (a turn is 1).
    pub fn from_lch(lightness: f32, chroma: f32, hue: f32) -> Self {
        let (sin, cos) = (hue * std::f32::consts::TAU).sin_cos();
        Self { l: lightness, a: chroma * cos, b: chroma * sin }
    }

    /// To the nearest screen colour.
    pub fn to_rgb(self) -> Rgb {
        let l = (self.l + 0.396_337_78 * self.a + 0.215_803_76 * self.b).powi(3);
        let m = (self.l - 0.105_561_346 * self.a - 0.063_854_17 * self.b).powi(3);
        let s = (self.l - 0.089_484_18 * self.a - 1.291_485_5 * self.b).powi(3);
        [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
            -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ]
        .map(encoded)
    }

    /// The colour a fraction `t` of the way to `other`.
    pub fn mix(self, other: Self, t: f32) -> Self {
        let lerp = |from: f32, to: f32| from + (to - from) * t;
        Self { l: lerp(self.l, other.l), a: lerp(self.a, other.a), b: lerp(self.b, other.b) }
    }
}

/// A colour scale: `n` colours evenly spaced through the stops.
pub fn ramp(stops: &[Rgb], n: usize) -> Vec<Rgb> {
    let stops: Vec<Oklab> = stops.iter().map(|&rgb| Oklab::from_rgb(rgb)).collect();
    let spans = stops.len().saturating_sub(1);
    let color = |i: usize| {
        let at = i as f32 / n.saturating_sub(1).max(1) as f32 * spans as f32;
        let span = (at as usize).min(spans.saturating_sub(1));
        let from = stops.get(span)?;
        let to = stops.get(span + 1).unwrap_or(from);
        Some(from.mix(*to, at - span as f32).to_rgb())
    };
    (0..n).filter_map(color).collect()
}

fn linear(channel: u8) -> f32 {
    let c = f32::from(channel) / 255.0;
    if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

fn encoded(linear: f32) -> u8 {
    let c =
        if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (c * 255.0).round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_survive_the_round_trip() {
        for rgb in [[0, 0, 0], [255, 255, 255], [255, 0, 0], [12, 200, 99], [13, 17, 23]] {
            assert_eq!(Oklab::from_rgb(rgb).to_rgb(), rgb);
        }
    }

    #[test]
    fn a_ramp_starts_and_ends_at_its_stops() {
        let ramp = ramp(&[[0, 0, 0], [255, 0, 0], [255, 255, 255]], 256);
        assert_eq!((ramp.len(), ramp[0], ramp[255]), (256, [0, 0, 0], [255, 255, 255]));
        assert!(super::ramp(&[], 4).is_empty());
        assert_eq!(super::ramp(&[[1, 2, 3]], 2), [[1, 2, 3]; 2]);
    }
}
