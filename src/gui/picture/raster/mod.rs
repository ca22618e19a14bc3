//! Paints egui on the CPU, so that a view becomes a picture without a display or a GPU.
//!
//! It follows `egui_glow`: colours are premultiplied and blend in gamma space, a vertex colour
//! multiplies its texel, clip rectangles round to whole pixels. There is no dithering, so that equal
//! frames give equal files. Left out, as this app has no use for them: mipmaps, wrap modes other than
//! clamping to the edge, and paint callbacks, which need a GPU.

mod canvas;
#[cfg(test)]
mod tests;
mod texture;

use canvas::Canvas;
use egui::epaint::{ClippedPrimitive, ImageData, ImageDelta, Primitive};
use egui::{Color32, Rect, TextureId, TexturesDelta};
use image::RgbaImage;
use std::{collections::HashMap, ops::Range, sync::Arc, time::Duration};
use texture::Texture;

/// The longest side of a picture or of a texture, as on common GPUs.
pub const MAX_SIDE: usize = 16_384;

/// The time between the frames of [`render`]; egui's animations end within a few such steps.
const FRAME: Duration = Duration::from_millis(100);

/// Red, green, blue and alpha, premultiplied.
type Pixel = [u8; 4];

/// A [`Pixel`] before rounding: 0 to 255, as floats.
type Ink = [f32; 4];

/// Runs `ui` on a fresh `ctx` until it asks for no more repaints, at most `frames` times, and
/// returns the last frame as a picture of `size_px` pixels.
///
/// The theme's panel colour lies under everything. A scale that egui cannot work with, outside 0.1
/// to 16, counts as 1. A context that was painted before has already handed out its textures and
/// would show none of them.
pub fn render(
    ctx: &egui::Context,
    size_px: [usize; 2],
    pixels_per_point: f32,
    frames: usize,
    ui: impl FnMut(&mut egui::Ui),
) -> RgbaImage {
    let (raster, output) = last_frame(ctx, size_px, pixels_per_point, frames, ui);
    let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
    let clear = ctx.global_style().visuals.panel_fill;
    raster.paint(&primitives, output.pixels_per_point, size_px, clear)
}

/// As [`render`], but returns what is to be painted in the last frame, and what can paint it.
pub fn last_frame(
    ctx: &egui::Context,
    size_px: [usize; 2],
    pixels_per_point: f32,
    frames: usize,
    mut ui: impl FnMut(&mut egui::Ui),
) -> (Raster, egui::FullOutput) {
    let usable = (0.1..=16.0).contains(&pixels_per_point);
    let pixels_per_point = if usable { pixels_per_point } else { 1.0 };
    let mut raster = Raster::new();
    let mut time = ctx.input(|input| input.time);
    let mut frames_left = frames.max(1);
    loop {
        time += FRAME.as_secs_f64();
        frames_left -= 1;
        let mut output = ctx.run_ui(raw_input(ctx, size_px, pixels_per_point, time), &mut ui);
        raster.update_textures(&mut output.textures_delta);
        let mut windows = output.viewport_output.values();
        if frames_left == 0 || windows.all(|window| window.repaint_delay >= FRAME) {
            return (raster, output);
        }
    }
}

/// What a window of this size would tell egui.
fn raw_input(
    ctx: &egui::Context,
    size_px: [usize; 2],
    pixels_per_point: f32,
    time: f64,
) -> egui::RawInput {
    let points = pixels_per_point * ctx.zoom_factor();
    let size = egui::Vec2::from(size_px.map(|side| side as f32)) / points;
    let mut input = egui::RawInput {
        screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size)),
        max_texture_side: Some(MAX_SIDE),
        time: Some(time),
        predicted_dt: FRAME.as_secs_f32(),
        ..Default::default()
    };
    let window = input.viewports.entry(input.viewport_id).or_default();
    window.native_pixels_per_point = Some(pixels_per_point);
    input
}

/// Renders egui frames into RGBA pixels without a GPU.
#[derive(Default)]
pub struct Raster {
    textures: HashMap<TextureId, Texture>,
    freed: Vec<TextureId>,
}

impl Raster {
    /// A rasteriser that knows no textures yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the texture changes of a frame out of `delta`; to be called for every frame, before
    /// [`Raster::paint`].
    ///
    /// A freed texture can be painted until the next call, as the frame that frees it may still
    /// show it. Images that are empty or have a side above [`MAX_SIDE`] are ignored.
    pub fn update_textures(&mut self, delta: &mut TexturesDelta) {
        for id in self.freed.drain(..) {
            self.textures.remove(&id);
        }
        #[expect(clippy::iter_over_hash_type, reason = "textures are independent")]
        for (id, changes) in delta.set.drain() {
            for change in changes {
                self.set_texture(id, &change);
            }
        }
        self.freed.extend(delta.free.drain());
    }

    fn set_texture(&mut self, id: TextureId, change: &ImageDelta) {
        let ImageData::Color(image) = &change.image;
        let [width, height] = image.size;
        let fits = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height);
        if !fits || image.pixels.len() != width * height {
            return;
        }
        let options = change.options;
        if let Some(corner) = change.pos {
            if let Some(texture) = self.textures.get_mut(&id) {
                texture.patch(corner, image);
                texture.options = options;
            }
        } else {
            let image = Arc::clone(image);
            self.textures.insert(id, Texture { image, options });
        }
    }

    /// Paints `primitives` over `clear` and returns the picture, which has premultiplied alpha and
    /// is opaque if `clear` is.
    ///
    /// `size` is in physical pixels, a side at most [`MAX_SIDE`]. Meshes with an unknown texture and
    /// triangles with a missing or non-finite corner are left out.
    #[must_use]
    pub fn paint(
        &self,
        primitives: &[ClippedPrimitive],
        pixels_per_point: f32,
        size: [usize; 2],
        clear: Color32,
    ) -> RgbaImage {
        let [width, height] = size.map(|side| side.min(MAX_SIDE));
        let mut canvas = Canvas {
            pixels: vec![clear.to_array(); width * height],
            width,
            x: 0..width,
            y: 0..height,
        };
        for part in primitives {
            let clip = clip_to_pixels(part.clip_rect, pixels_per_point, [width, height]);
            [canvas.x, canvas.y] = clip;
            if let Primitive::Mesh(mesh) = &part.primitive
                && let Some(texture) = self.textures.get(&mesh.texture_id)
            {
                canvas.mesh(mesh, texture, pixels_per_point);
            }
        }
        let pixels = canvas.pixels.into_flattened();
        RgbaImage::from_raw(width as u32, height as u32, pixels).unwrap_or_default()
    }
}

/// The columns and rows that `clip` lets through.
fn clip_to_pixels(clip: Rect, pixels_per_point: f32, size: [usize; 2]) -> [Range<usize>; 2] {
    [0, 1].map(|axis| {
        let [min, max] =
            [clip.min, clip.max].map(|at| (at[axis] * pixels_per_point).round() as usize);
        let min = min.min(size[axis]);
        min..max.clamp(min, size[axis])
    })
}
