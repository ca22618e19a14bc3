//! Colours and sizes, read from `assets/themes`. A colour has a meaning, and the same meaning in
//! every view; no view names a colour of its own.

use crate::math::oklab::{Oklab, Rgb, ramp};
use egui::{Color32, CornerRadius, FontFamily, FontId, Stroke, TextStyle};
use serde::{Deserialize, Deserializer};
use std::sync::LazyLock;

/// Number of colours in a colour scale.
const SHADES: usize = 256;
/// Heads whose hues differ before they repeat.
const HUES: usize = 12;

/// The look of the program.
#[derive(Debug, Clone, Deserialize)]
pub struct Theme {
    /// Name on the command line and in files.
    pub name: String,
    /// Name on screen.
    pub label: String,
    /// Light text on dark ground?
    pub dark: bool,
    /// Behind every picture; what a zero looks like.
    pub background: Color,
    /// Behind controls.
    pub panel: Color,
    /// Buttons, chips and cards.
    pub raised: Color,
    /// Hairlines.
    pub outline: Color,
    /// Text.
    pub text: Color,
    /// Secondary text.
    pub dim: Color,
    /// Controls that can be used, values that stand out.
    pub accent: Color,
    /// Text on the accent colour.
    pub on_accent: Color,
    /// What is selected, and nothing else.
    pub selection: Color,
    /// Something to know.
    pub warning: Color,
    /// Something went wrong.
    pub error: Color,
    /// Queries: the position that asks.
    pub query: Color,
    /// Keys: the position that answers.
    pub key: Color,
    /// Values: what is handed over.
    pub value: Color,
    /// The residual stream.
    pub residual: Color,
    /// What attention adds.
    pub attention: Color,
    /// What the MLP adds.
    pub mlp: Color,
    sequential: Vec<Color>,
    diverging: Vec<Color>,
    heads: HeadHues,
    /// Text size of titles.
    pub title_size: f32,
    /// Text size of everything else.
    pub body_size: f32,
    /// Text size of labels and notes.
    pub caption_size: f32,
    /// Text size of the prompt.
    pub prompt_size: f32,
    /// Width of lines.
    pub stroke: f32,
    /// Width of the rail of steps.
    pub rail_width: f32,
    /// Width of the panel of next tokens.
    pub side_width: f32,
    #[serde(skip)]
    sequential_ramp: Vec<Color32>,
    #[serde(skip)]
    diverging_ramp: Vec<Color32>,
}

/// A colour written as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(Color32);

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let color = Color32::from_hex(&text);
        color
            .map(Self)
            .map_err(|e| serde::de::Error::custom(format!("{text}: {e:?}")))
    }
}

impl From<Color> for Color32 {
    fn from(color: Color) -> Self {
        color.0
    }
}

impl std::ops::Deref for Color {
    type Target = Color32;
    fn deref(&self) -> &Color32 {
        &self.0
    }
}

#[derive(Debug, Clone, Deserialize)]
struct HeadHues {
    lightness: f32,
    chroma: f32,
}

/// What a colour scale is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// 0 to `max`: probabilities and attention weights. Zero is exactly the background.
    Sequential {
        /// The value with the strongest colour.
        max: f32,
    },
    /// `-limit` to `limit`, around the background: signed values.
    Diverging {
        /// The value with the strongest colour.
        limit: f32,
    },
}

impl Scale {
    /// A symmetric scale that holds all finite values.
    pub fn around_zero(values: &[f32]) -> Self {
        let finite = values.iter().copied().filter(|x| x.is_finite());
        let limit = finite.fold(0.0_f32, |limit, x| limit.max(x.abs()));
        Self::Diverging {
            limit: if limit > 0.0 { limit } else { 1.0 },
        }
    }

    /// The smallest and largest value shown.
    pub fn range(self) -> (f32, f32) {
        match self {
            Self::Sequential { max } => (0.0, max),
            Self::Diverging { limit } => (-limit, limit),
        }
    }
}

static THEMES: LazyLock<Vec<Theme>> = LazyLock::new(|| {
    [
        include_str!("../../assets/themes/dark.json"),
        include_str!("../../assets/themes/light.json"),
        include_str!("../../assets/themes/projector.json"),
    ]
    .into_iter()
    .filter_map(|json| Theme::parse(json).ok())
    .collect()
});

impl Theme {
    /// Every theme, the default first.
    pub fn all() -> &'static [Self] {
        &THEMES
    }

    /// The theme of that name, or the default.
    pub fn named(name: &str) -> &'static Self {
        let all = Self::all();
        all.iter()
            .find(|theme| theme.name == name)
            .unwrap_or(&all[0])
    }

    fn parse(json: &str) -> serde_json::Result<Self> {
        let mut theme: Self = serde_json::from_str(json)?;
        theme.sequential_ramp = shades(&theme.sequential);
        theme.diverging_ramp = shades(&theme.diverging);
        Ok(theme)
    }

    /// The colour of a value on a scale. Not-a-number and infinities have a mark of their own.
    pub fn color(&self, scale: Scale, value: f32) -> Color32 {
        if !value.is_finite() {
            return *self.error;
        }
        let (low, high) = scale.range();
        let ramp = self.ramp(scale);
        let t = ((value - low) / (high - low).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        ramp[(t * (ramp.len() - 1) as f32).round() as usize]
    }

    /// All colours of a scale, from its smallest to its largest value.
    pub fn ramp(&self, scale: Scale) -> &[Color32] {
        match scale {
            Scale::Sequential { .. } => &self.sequential_ramp,
            Scale::Diverging { .. } => &self.diverging_ramp,
        }
    }

    /// The hue of a head, the same wherever the head is drawn.
    pub fn head(&self, head: usize) -> Color32 {
        let hue = (head % HUES) as f32 / HUES as f32 + 0.08;
        let [r, g, b] = Oklab::from_lch(self.heads.lightness, self.heads.chroma, hue).to_rgb();
        Color32::from_rgb(r, g, b)
    }

    /// The text colour that is legible on `ground`.
    pub fn text_on(&self, ground: Color32) -> Color32 {
        let lightness = |c: Color32| Oklab::from_rgb([c.r(), c.g(), c.b()]).l;
        let candidates = [*self.text, *self.background];
        let contrast = |c: Color32| (lightness(c) - lightness(ground)).abs();
        if contrast(candidates[0]) >= contrast(candidates[1]) {
            candidates[0]
        } else {
            candidates[1]
        }
    }

    /// Interface type at title size.
    pub fn title(&self) -> FontId {
        FontId::new(self.title_size, semibold())
    }

    /// Interface type at body size.
    pub fn body(&self) -> FontId {
        FontId::proportional(self.body_size)
    }

    /// Interface type at caption size.
    pub fn caption(&self) -> FontId {
        FontId::proportional(self.caption_size)
    }

    /// Type for tokens and numbers at body size.
    pub fn mono(&self) -> FontId {
        FontId::monospace(self.body_size)
    }

    /// Type for tokens and numbers at caption size.
    pub fn mono_caption(&self) -> FontId {
        FontId::monospace(self.caption_size)
    }

    /// A line of ordinary strength.
    pub fn line(&self, color: impl Into<Color32>) -> Stroke {
        Stroke::new(self.stroke, color)
    }

    /// The outline of what is selected.
    pub fn selection_stroke(&self) -> Stroke {
        Stroke::new(self.stroke + 1.0, *self.selection)
    }

    /// Makes the whole interface look like this.
    pub fn apply(&self, ctx: &egui::Context) {
        ctx.set_theme(if self.dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        });
        ctx.all_styles_mut(|style| self.restyle(style));
    }

    fn restyle(&self, style: &mut egui::Style) {
        style.text_styles = [
            (TextStyle::Heading, self.title()),
            (TextStyle::Body, self.body()),
            (TextStyle::Button, self.body()),
            (TextStyle::Small, self.caption()),
            (TextStyle::Monospace, self.mono()),
        ]
        .into();
        let unit = self.body_size / 14.0;
        style.spacing.item_spacing = egui::vec2(8.0, 6.0) * unit;
        style.spacing.button_padding = egui::vec2(8.0, 4.0) * unit;
        style.spacing.interact_size.y = 22.0 * unit;
        style.spacing.slider_width = 110.0 * unit;
        style.spacing.icon_width = 16.0 * unit;
        style.spacing.scroll = egui::style::ScrollStyle::thin();
        style.interaction.tooltip_delay = 0.3;
        self.recolor(&mut style.visuals);
    }

    fn recolor(&self, visuals: &mut egui::Visuals) {
        visuals.dark_mode = self.dark;
        visuals.override_text_color = Some(*self.text);
        visuals.weak_text_color = Some(*self.dim);
        visuals.panel_fill = *self.panel;
        visuals.window_fill = *self.raised;
        visuals.window_stroke = self.line(self.outline);
        visuals.extreme_bg_color = *self.background;
        visuals.text_edit_bg_color = Some(*self.background);
        visuals.faint_bg_color = *self.raised;
        visuals.hyperlink_color = *self.accent;
        visuals.warn_fg_color = *self.warning;
        visuals.error_fg_color = *self.error;
        visuals.selection.bg_fill = self.accent.gamma_multiply(0.35);
        visuals.selection.stroke = self.line(self.accent);
        visuals.slider_trailing_fill = true;
        let widgets = &mut visuals.widgets;
        let states = [
            (&mut widgets.noninteractive, *self.panel, *self.outline),
            (&mut widgets.inactive, *self.raised, *self.outline),
            (&mut widgets.hovered, *self.raised, *self.accent),
            (&mut widgets.active, *self.raised, *self.accent),
            (&mut widgets.open, *self.raised, *self.outline),
        ];
        for (widget, fill, outline) in states {
            widget.bg_fill = fill;
            widget.weak_bg_fill = fill;
            widget.bg_stroke = self.line(outline);
            widget.fg_stroke = self.line(self.text);
            widget.corner_radius = CornerRadius::same(6);
        }
        // The rail of a slider and the inside of a checkbox: to be seen, but not to look ticked.
        widgets.inactive.bg_fill = self.outline.gamma_multiply(0.45);
    }
}

fn shades(stops: &[Color]) -> Vec<Color32> {
    let stops: Vec<Rgb> = stops.iter().map(|c| [c.r(), c.g(), c.b()]).collect();
    let ramp = ramp(&stops, SHADES).into_iter();
    ramp.map(|[r, g, b]| Color32::from_rgb(r, g, b)).collect()
}

/// The heavier cut of the interface's type.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// The fonts inside the program, with Chinese, Japanese, Korean and symbols as fallback.
pub fn fonts() -> egui::FontDefinitions {
    let mut fonts = egui::FontDefinitions::default();
    let files: [(&str, &'static [u8]); 4] = [
        (
            "Inter",
            include_bytes!("../../assets/fonts/Inter-Regular.otf"),
        ),
        (
            "Inter SemiBold",
            include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
        ),
        (
            "JetBrains Mono",
            include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"),
        ),
        (
            "Droid Sans Fallback",
            include_bytes!("../../assets/fonts/DroidSansFallbackFull.ttf"),
        ),
    ];
    for (name, bytes) in files {
        let data = egui::FontData::from_static(bytes);
        fonts.font_data.insert(name.to_owned(), data.into());
    }
    let fallback = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    for (family, first) in [
        (FontFamily::Proportional, "Inter"),
        (semibold(), "Inter SemiBold"),
        (FontFamily::Monospace, "JetBrains Mono"),
    ] {
        // Each has signs that the other lacks.
        let mut names = [first, "Inter", "JetBrains Mono"]
            .map(str::to_owned)
            .to_vec();
        names.extend(fallback.iter().cloned());
        names.push("Droid Sans Fallback".to_owned());
        fonts.families.insert(family, names);
    }
    fonts
}

#[cfg(test)]
mod tests {
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
            assert_eq!(
                theme.color(sequential, 0.0),
                *theme.background,
                "{}",
                theme.name
            );
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
                    assert!(
                        ratio >= least,
                        "{}: {ink:?} on {ground:?} is {ratio:.2}",
                        theme.name
                    );
                }
            }
        }
    }

    /// Contrast ratio of WCAG 2.2, from relative luminances.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |c: Color32| {
            let channel = |c: u8| {
                let c = f32::from(c) / 255.0;
                if c <= 0.04045 {
                    c / 12.92
                } else {
                    ((c + 0.055) / 1.055).powf(2.4)
                }
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
        assert_eq!(
            theme.color(Scale::Sequential { max: 1.0 }, f32::NAN),
            *theme.error
        );
        assert_eq!(Theme::named("no such").name, "dark");
    }
}
