//! A picture in pixels.

use super::Picture;
use crate::gui::look::theme::fonts;
use crate::gui::picture::raster::{self, MAX_SIDE};
use crate::problem::{Problem, Result};
use egui::epaint::{ClippedShape, TextShape};
use egui::{ColorImage, Shape, TextureHandle, TextureId, TextureOptions, Ui};
use image::RgbaImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use std::collections::HashMap;
use std::sync::Arc;

/// More pixels than this would not fit into memory comfortably.
const MOST_PIXELS: f32 = 100e6;

impl Picture {
    /// The picture as a PNG file with `scale` pixels for each point.
    ///
    /// # Errors
    /// When it cannot be encoded, which needs more memory than there is.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let (best, none) = (CompressionType::Best, FilterType::NoFilter);
        let encoder = PngEncoder::new_with_quality(&mut bytes, best, none);
        let encoded = self.pixels(scale).write_with_encoder(encoder);
        encoded.map_err(|e| Problem::new("Could not make the picture", e))?;
        Ok(bytes)
    }

    /// The picture for the clipboard.
    pub fn color_image(&self, scale: f32) -> ColorImage {
        let pixels = self.pixels(scale);
        let size = [pixels.width() as usize, pixels.height() as usize];
        ColorImage::from_rgba_premultiplied(size, pixels.as_raw())
    }

    /// The picture with `scale` pixels for each point, or as many as a picture may have.
    pub fn pixels(&self, scale: f32) -> RgbaImage {
        let size = self.rect.size();
        let scale = (scale * self.zoom)
            .min(MAX_SIDE as f32 / size.max_elem().max(1.0))
            .min((MOST_PIXELS / (size.x * size.y).max(1.0)).sqrt())
            .max(0.1);
        let size_px = [size.x, size.y].map(|side| (side * scale).round().max(1.0) as usize);
        let ctx = egui::Context::default();
        ctx.set_fonts(fonts());
        ctx.all_styles_mut(|style| style.visuals.panel_fill = self.background);
        let mut textures = HashMap::new();
        raster::render(&ctx, size_px, scale, 2, |ui| {
            if textures.is_empty() {
                textures = self.load(ui);
            }
            self.paint(ui, &textures);
        })
    }

    fn load(&self, ui: &Ui) -> HashMap<TextureId, TextureHandle> {
        let options =
            TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };
        let load =
            |image: &Arc<ColorImage>| ui.ctx().load_texture("picture", Arc::clone(image), options);
        let images = self.images.iter();
        images.map(|(&id, image)| (id, load(image))).collect()
    }

    /// Draws the shapes again, its text laid out anew for another number of pixels per point.
    fn paint(&self, ui: &Ui, textures: &HashMap<TextureId, TextureHandle>) {
        let offset = -self.rect.min.to_vec2();
        let repaint = |part: &ClippedShape| {
            let mut shape = renewed(ui, &part.shape, textures);
            shape.translate(offset);
            let clip = part.clip_rect.intersect(self.rect).translate(offset);
            ui.painter().with_clip_rect(clip).add(shape);
        };
        self.shapes.iter().for_each(repaint);
    }
}

/// A shape made for another context: text laid out anew, textures by their new names.
fn renewed(ui: &Ui, shape: &Shape, textures: &HashMap<TextureId, TextureHandle>) -> Shape {
    match shape {
        Shape::Vec(shapes) => {
            let renew = |shape: &Shape| renewed(ui, shape, textures);
            Shape::Vec(shapes.iter().map(renew).collect())
        }
        Shape::Text(text) => {
            let mut job = (*text.galley.job).clone();
            // Widths differ by a fraction of a pixel; that must not break a line.
            job.wrap.max_width += 1.0;
            let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
            let text = text.clone();
            Shape::Text(TextShape { galley, ..text })
        }
        Shape::Mesh(mesh) => match textures.get(&mesh.texture_id) {
            Some(texture) => {
                let mut mesh = (**mesh).clone();
                mesh.texture_id = texture.id();
                Shape::mesh(mesh)
            }
            None => shape.clone(),
        },
        _ => shape.clone(),
    }
}
