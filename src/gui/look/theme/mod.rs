//! Colours and sizes, read from `assets/themes`. A colour has a meaning, and the same meaning in
//! every view; no view names a colour of its own.

mod color;
mod fonts;
mod scale;
mod style;

pub use color::Color;
pub use fonts::{fonts, semibold};
pub use scale::{ROUNDING, Scale};

use crate::math::oklab::{Oklab, Rgb, ramp};
use egui::{Color32, FontId, Stroke};
use serde::Deserialize;
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
    /// How strongly steps are drawn that are not the one spoken of.
    pub unlit: f32,
    /// Width of lines.
    pub stroke: f32,
    /// Width of the rail of steps.
    pub rail_width: f32,
    /// Width of the panel of next tokens.
    pub side_width: f32,
    /// The window in which these sizes are meant; in larger ones everything grows.
    pub design_size: [f32; 2],
    /// How far everything shrinks at most in smaller ones.
    pub least_fit: f32,
    #[serde(skip)]
    sequential_ramp: Vec<Color32>,
    #[serde(skip)]
    diverging_ramp: Vec<Color32>,
}

#[derive(Debug, Clone, Deserialize)]
struct HeadHues {
    lightness: f32,
    chroma: f32,
}

static THEMES: LazyLock<Vec<Theme>> = LazyLock::new(|| {
    [
        include_str!("../../../../assets/themes/dark.json"),
        include_str!("../../../../assets/themes/light.json"),
        include_str!("../../../../assets/themes/projector.json"),
    ]
    .into_iter()
    .filter_map(|json| Theme::parse(json).ok())
    .collect()
});

/// Every theme in the sizes of the one for projectors, in the same order.
static LARGE: LazyLock<Vec<Theme>> = LazyLock::new(|| {
    let sizes = Theme::named("projector");
    let enlarged = |theme: &Theme| Theme {
        title_size: sizes.title_size,
        body_size: sizes.body_size,
        caption_size: sizes.caption_size,
        prompt_size: sizes.prompt_size,
        stroke: sizes.stroke,
        rail_width: sizes.rail_width,
        side_width: sizes.side_width,
        design_size: sizes.design_size,
        least_fit: sizes.least_fit,
        ..theme.clone()
    };
    THEMES.iter().map(enlarged).collect()
});

impl Theme {
    /// The theme of that name in the sizes of the one for projectors.
    pub fn large(name: &str) -> &'static Self {
        let large = LARGE.iter().find(|theme| theme.name == name);
        large.unwrap_or_else(|| Self::named(name))
    }

    /// Every theme, the default first.
    pub fn all() -> &'static [Self] {
        &THEMES
    }

    /// The theme of that name, or the default.
    pub fn named(name: &str) -> &'static Self {
        let all = Self::all();
        all.iter().find(|theme| theme.name == name).unwrap_or(&all[0])
    }

    /// Reads a theme file.
    ///
    /// # Errors
    /// When a colour or size is missing or is none.
    pub fn parse(json: &str) -> serde_json::Result<Self> {
        let mut theme: Self = serde_json::from_str(json)?;
        if theme.sequential.len() < 2 || theme.diverging.len() < 2 {
            let why = "a colour scale needs two colours or more";
            return Err(serde::de::Error::custom(why));
        }
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
            Scale::Diverging { .. } | Scale::Clipped { .. } => &self.diverging_ramp,
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

    /// Interface type at body size that stands out.
    pub fn strong(&self) -> FontId {
        FontId::new(self.body_size, semibold())
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
}

fn shades(stops: &[Color]) -> Vec<Color32> {
    let stops: Vec<Rgb> = stops.iter().map(|c| [c.r(), c.g(), c.b()]).collect();
    let ramp = ramp(&stops, SHADES).into_iter();
    ramp.map(|[r, g, b]| Color32::from_rgb(r, g, b)).collect()
}

#[cfg(test)]
mod tests;
