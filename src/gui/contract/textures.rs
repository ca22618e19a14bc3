//! Pictures of numbers, made once per recording and theme.

use crate::gui::look::motion;
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::picture::export::Images;
use crate::trace::{Matrix, TraceId};
use egui::{Color32, ColorImage, TextureHandle, TextureOptions};
use std::collections::HashMap;
use std::sync::Arc;

/// What a picture shows; the same key gives the same picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PictureKey {
    /// Whose numbers.
    pub trace: TraceId,
    /// Which numbers, and in which form: any text that tells them apart.
    pub what: String,
    /// In which colours.
    pub theme: &'static str,
}

/// A texture, the pixels it was made of, and whether this frame has used it.
struct Kept {
    texture: TextureHandle,
    image: Arc<ColorImage>,
    is_used: bool,
}

/// A picture that has just given way to that of another recording.
#[derive(Debug, Clone, Copy)]
pub struct Leaving {
    /// What it looks like.
    pub texture: egui::TextureId,
    /// Its columns and rows.
    pub size: [usize; 2],
    /// How much of it is gone, from 0 to 1.
    pub progress: f32,
}

/// A cache of textures. Those not used for a frame are dropped, so it holds what is on screen, and
/// for a moment what was there before.
#[derive(Default)]
pub struct Textures {
    pictures: HashMap<PictureKey, Kept>,
    /// What a picture showed before, by what it shows, and since when it is gone.
    leaving: HashMap<String, (TextureHandle, Arc<ColorImage>, f64)>,
}

impl Textures {
    /// The picture for a key, drawn by `paint` if it is new.
    pub fn get(
        &mut self,
        ctx: &egui::Context,
        key: PictureKey,
        paint: impl FnOnce() -> ColorImage,
    ) -> egui::TextureId {
        if let Some(kept) = self.pictures.get_mut(&key) {
            kept.is_used = true;
            return kept.texture.id();
        }
        self.replace(ctx, &key);
        // Cells stay sharp when enlarged and are averaged when there are more than pixels.
        let options = TextureOptions {
            magnification: egui::TextureFilter::Nearest,
            minification: egui::TextureFilter::Linear,
            ..TextureOptions::NEAREST
        };
        let image = Arc::new(paint());
        let texture = ctx.load_texture(format!("{key:?}"), Arc::clone(&image), options);
        let id = texture.id();
        let kept = Kept { texture, image, is_used: true };
        self.pictures.insert(key, kept);
        id
    }

    /// Notes which picture a new one takes the place of.
    fn replace(&mut self, ctx: &egui::Context, key: &PictureKey) {
        let same = |other: &&PictureKey| {
            (&other.what, other.theme) == (&key.what, key.theme) && other.trace != key.trace
        };
        if let Some(other) = self.pictures.keys().find(same)
            && let Some(Kept { texture, image, .. }) = self.pictures.get(other)
        {
            let now = ctx.input(|input| input.time);
            self.leaving.insert(key.what.clone(), (texture.clone(), Arc::clone(image), now));
        }
    }

    /// What a picture showed before the recording changed, for as long as it takes to settle.
    pub fn leaving(&self, ctx: &egui::Context, what: &str) -> Option<Leaving> {
        let (texture, _, since) = self.leaving.get(what)?;
        let progress = motion::progress(ctx, *since);
        let leaving = Leaving { texture: texture.id(), size: texture.size(), progress };
        (progress < 1.0).then_some(leaving)
    }

    /// The pixels of every picture on screen.
    pub fn images(&self) -> Images {
        let kept = self.pictures.values();
        let kept = kept.map(|kept| (&kept.texture, &kept.image));
        let leaving = self.leaving.values();
        kept.chain(leaving.map(|(texture, image, _)| (texture, image)))
            .map(|(texture, image)| (texture.id(), Arc::clone(image)))
            .collect()
    }

    /// Forgets pictures that were not used since the last call.
    pub fn end_frame(&mut self, ctx: &egui::Context) {
        self.pictures.retain(|_, kept| std::mem::take(&mut kept.is_used));
        let now = ctx.input(|input| input.time);
        self.leaving.retain(|_, (_, _, since)| now - *since < f64::from(motion::SECS));
    }
}

/// Numbers as a picture of one pixel per cell.
pub fn picture(matrix: Matrix<'_>, theme: &Theme, scale: Scale) -> ColorImage {
    let pixels = matrix.data.iter().map(|&value| theme.color(scale, value)).collect();
    ColorImage::new([matrix.cols, matrix.rows], pixels)
}

/// Numbers as a picture of at most `side` pixels each way, each pixel the largest value of the
/// cells it covers: a single bright cell stays visible in a small picture.
pub fn miniature(matrix: Matrix<'_>, side: usize, theme: &Theme, scale: Scale) -> ColorImage {
    let (width, height) = (matrix.cols.min(side), matrix.rows.min(side));
    let mut image = ColorImage::filled([width, height], Color32::TRANSPARENT);
    for y in 0..height {
        for x in 0..width {
            let rows = y * matrix.rows / height..((y + 1) * matrix.rows).div_ceil(height);
            let cols = x * matrix.cols / width..((x + 1) * matrix.cols).div_ceil(width);
            let cells = rows.flat_map(|row| matrix.row(row).get(cols.clone()).unwrap_or(&[]));
            let largest = cells.copied().fold(f32::NEG_INFINITY, f32::max);
            image.pixels[y * width + x] = theme.color(scale, largest);
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_bright_cell_survives_the_miniature() {
        let theme = Theme::named("dark");
        let mut data = vec![0.0; 100 * 100];
        data[57 * 100 + 31] = 1.0;
        let matrix = Matrix { rows: 100, cols: 100, data: &data };
        let scale = Scale::Sequential { max: 1.0 };
        let image = miniature(matrix, 10, theme, scale);
        let bright = theme.color(scale, 1.0);
        let lit: Vec<usize> = (0..100).filter(|&i| image.pixels[i] == bright).collect();
        assert_eq!(lit, [53]);
        assert_eq!(
            miniature(Matrix { rows: 0, cols: 0, data: &[] }, 10, theme, scale).size,
            [0, 0]
        );
    }
}
