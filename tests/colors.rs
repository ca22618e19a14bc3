//! The colours of every theme, measured: contrast of text, order of colour scales, and whether
//! colours that mean different things can be told apart by people who see colours differently.
#![cfg(feature = "gui")]

use egui::Color32;
use headlight::gui::theme::{Scale, Theme};

/// Red, green and blue, linear in light.
type Light = [f32; 3];

/// What the three kinds of colour-blindness leave of a colour: Machado, Oliveira and Fernandes 2009,
/// severity 1, on linear light.
const SEEN_BY: [(&str, [Light; 3]); 4] = [
    ("everyone", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopes",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopes",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopes",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// Below this distance in CIELAB (ΔE*ab) two colours of lines and marks are too alike. About 2.3 is
/// the smallest difference that can be seen side by side.
const LEAST_DISTANCE: f32 = 14.0;

fn light(color: Color32) -> Light {
    [color.r(), color.g(), color.b()].map(|channel| {
        let c = f32::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

fn seen(color: Color32, by: &[Light; 3]) -> Light {
    let light = light(color);
    by.map(|row| {
        let sum: f32 = row.iter().zip(light).map(|(a, b)| a * b).sum();
        sum.clamp(0.0, 1.0)
    })
}

/// Relative luminance.
fn luminance([r, g, b]: Light) -> f32 {
    0.212_672_9 * r + 0.715_152_2 * g + 0.072_175_0 * b
}

/// CIELAB under D65.
fn lab(light: Light) -> [f32; 3] {
    let [r, g, b] = light;
    let x = (0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47;
    let z = (0.019_333_9 * r + 0.119_192 * g + 0.950_304_1 * b) / 1.088_83;
    let [x, y, z] = [x, luminance(light), z].map(|t: f32| {
        if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn distance(a: Light, b: Light) -> f32 {
    let squares = lab(a).into_iter().zip(lab(b)).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f32>().sqrt()
}

fn contrast(a: Color32, b: Color32) -> f32 {
    let [a, b] = [a, b].map(|color| luminance(light(color)) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn the_measures_are_right() {
    assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 1e-3);
    let [l, a, b] = lab(light(Color32::from_rgb(255, 0, 0)));
    assert!((l - 53.24).abs() < 0.05 && (a - 80.09).abs() < 0.05 && (b - 67.2).abs() < 0.05);
    // Red and green of equal lightness: far apart, but not for deuteranopes.
    let [red, green] = [[214, 92, 92], [128, 134, 60]].map(|[r, g, b]| Color32::from_rgb(r, g, b));
    let far = distance(light(red), light(green));
    let near = distance(seen(red, &SEEN_BY[2].1), seen(green, &SEEN_BY[2].1));
    assert!(near < 0.4 * far, "{near} of {far}");
}

/// WCAG 2.2: 4.5 to 1 for text, 7 to 1 for the projector.
#[test]
fn text_can_be_read_on_every_ground() {
    for theme in Theme::all() {
        let least = if theme.name == "projector" { 7.0 } else { 4.5 };
        let inks = [
            ("text", theme.text),
            ("dim", theme.dim),
            ("accent", theme.accent),
            ("error", theme.error),
            ("warning", theme.warning),
            ("query", theme.query),
            ("key", theme.key),
            ("value", theme.value),
            ("residual", theme.residual),
            ("attention", theme.attention),
            ("mlp", theme.mlp),
        ];
        for (name, ink) in inks {
            for ground in [theme.background, theme.panel, theme.raised] {
                let ratio = contrast(*ink, *ground);
                assert!(ratio >= least, "{}: {name} {ratio:.2}", theme.name);
            }
        }
        let ratio = contrast(*theme.on_accent, *theme.accent);
        assert!(ratio >= least, "{}: on accent {ratio:.2}", theme.name);
    }
}

#[test]
fn what_means_different_things_looks_different_to_everyone() {
    for theme in Theme::all() {
        let [low, high] = [-1.0, 1.0].map(|x| theme.color(Scale::Diverging { limit: 1.0 }, x));
        let pairs = [
            ("query and key", *theme.query, *theme.key),
            ("query and value", *theme.query, *theme.value),
            ("key and value", *theme.key, *theme.value),
            ("attention and MLP", *theme.attention, *theme.mlp),
            ("stream and attention", *theme.residual, *theme.attention),
            ("stream and MLP", *theme.residual, *theme.mlp),
            ("least and most", low, high),
        ];
        for (who, matrix) in &SEEN_BY {
            for (what, a, b) in pairs {
                let far = distance(seen(a, matrix), seen(b, matrix));
                let name = &theme.name;
                assert!(far >= LEAST_DISTANCE, "{name}: {what} for {who}: {far:.1}");
            }
        }
    }
}

/// Brighter is always more, or always less, whoever looks.
#[test]
fn the_order_of_a_colour_scale_can_be_seen_by_everyone() {
    /// Rounding to 8 bits makes steps uneven.
    const NOISE: f32 = 0.6;
    for theme in Theme::all() {
        for (who, matrix) in &SEEN_BY {
            let lightness = |scale: Scale| -> Vec<f32> {
                let ramp = theme.ramp(scale).iter();
                ramp.map(|&color| lab(seen(color, matrix))[0]).collect()
            };
            let from_ground = |steps: &[f32], what: &str| {
                let sign = if theme.dark { 1.0 } else { -1.0 };
                let is_ordered = steps.windows(2).all(|w| sign * (w[1] - w[0]) >= -NOISE);
                assert!(is_ordered, "{}: {what} for {who}", theme.name);
                let span = (steps[steps.len() - 1] - steps[0]).abs();
                assert!(span > 30.0, "{}: {what} for {who} spans {span}", theme.name);
            };
            from_ground(&lightness(Scale::Sequential { max: 1.0 }), "sequential");
            let mut diverging = lightness(Scale::Diverging { limit: 1.0 });
            let half = diverging.len() / 2;
            from_ground(&diverging[half..], "the positive half");
            diverging.truncate(half);
            diverging.reverse();
            from_ground(&diverging, "the negative half");
        }
    }
}
