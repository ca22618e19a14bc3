use super::*;

#[test]
fn every_theme_file_is_complete() {
    let names: Vec<&str> = Theme::all().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["dark", "light", "projector"]);
}

#[test]
fn zero_is_the_background_and_lightness_is_monotone() {
    for theme in Theme::all() {
        let sequential = Scale::Sequential { max: 1.0 };
        assert_eq!(theme.color(sequential, 0.0), *theme.background, "{}", theme.name);
        let light = |c: &Color32| Oklab::from_rgb([c.r(), c.g(), c.b()]).l;
        let steps: Vec<f32> = theme.ramp(sequential).iter().map(light).collect();
        let rising = steps.windows(2).all(|w| w[0] <= w[1] + 0.004);
        let falling = steps.windows(2).all(|w| w[0] + 0.004 >= w[1]);
        assert!(if theme.dark { rising } else { falling }, "{}", theme.name);
    }
}

#[test]
fn text_has_contrast() {
    for theme in Theme::all() {
        let least = if theme.name == "projector" { 7.0 } else { 4.5 };
        for ground in [theme.background, theme.panel, theme.raised] {
            for ink in [
                theme.text,
                theme.dim,
                theme.accent,
                theme.error,
                theme.query,
                theme.key,
                theme.value,
                theme.attention,
                theme.mlp,
            ] {
                let ratio = contrast(*ink, *ground);
                assert!(ratio >= least, "{}: {ink:?} on {ground:?} is {ratio:.2}", theme.name);
            }
        }
    }
}

#[test]
fn steps_that_are_not_spoken_of_stay_legible() {
    for theme in Theme::all() {
        let least = if theme.name == "projector" { 7.0 } else { 4.5 };
        for (ground, ink) in [
            (theme.background, theme.text),
            (theme.raised, theme.text),
            (theme.background, theme.dim),
            (theme.raised, theme.dim),
        ] {
            let faded = ground.lerp_to_gamma(*ink, theme.unlit);
            let ratio = contrast(faded, *ground);
            assert!(ratio >= least, "{}: {ratio:.2}", theme.name);
        }
    }
}

/// Contrast ratio of WCAG 2.2, from relative luminances.
fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |c: Color32| {
        let channel = |c: u8| {
            let c = f32::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(c.r()) + 0.7152 * channel(c.g()) + 0.0722 * channel(c.b())
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    if a > b { a / b } else { b / a }
}

#[test]
fn heads_differ_and_bad_numbers_stand_out() {
    let theme = Theme::named("dark");
    assert_ne!(theme.head(0), theme.head(1));
    assert_eq!(theme.color(Scale::Sequential { max: 1.0 }, f32::NAN), *theme.error);
    assert_eq!(Theme::named("no such").name, "dark");
}
