//! Textures and how they are sampled.

use super::Ink;
use egui::epaint::ColorImage;
use egui::{TextureFilter, TextureOptions};
use std::array::from_fn;
use std::sync::Arc;

/// An image and how it is sampled.
pub(super) struct Texture {
    pub(super) image: Arc<ColorImage>,
    pub(super) options: TextureOptions,
}

impl Texture {
    /// Copies `patch` to `corner`, as far as it fits.
    pub(super) fn patch(&mut self, [x, y]: [usize; 2], patch: &ColorImage) {
        let image = Arc::make_mut(&mut self.image);
        let width = image.size[0];
        let fitting = patch.size[0].min(width.saturating_sub(x));
        let rows = image.pixels.chunks_exact_mut(width).skip(y);
        for (row, new) in rows.zip(patch.pixels.chunks_exact(patch.size[0])) {
            row[x.min(width)..][..fitting].copy_from_slice(&new[..fitting]);
        }
    }

    /// The filter for these distances, in texels, between neighbouring pixels.
    pub(super) fn filter(&self, steps: [[f64; 2]; 2]) -> TextureFilter {
        let minified = steps.iter().any(|[u, v]| u.hypot(*v) > 1.0);
        let options = self.options;
        [options.magnification, options.minification][usize::from(minified)]
    }

    /// The colour, each channel from 0 to 1, at a place counted in texels.
    pub(super) fn sample(&self, at: [f32; 2], filter: TextureFilter) -> Ink {
        let width = self.image.size[0];
        let texel = |x: usize, y: usize| self.image.pixels[y * width + x].to_array();
        let color = |x: usize, y: usize| texel(x, y).map(|channel| f32::from(channel) / 255.0);
        let [(left, right, x), (upper, lower, y)] =
            from_fn(|axis| self.neighbours(axis, at[axis], filter));
        let nearest = color(left, upper);
        if x == 0.0 && y == 0.0 {
            return nearest;
        }
        let blend = |a: Ink, b: Ink, weight: f32| from_fn(|i| a[i] + (b[i] - a[i]) * weight);
        let top = blend(nearest, color(right, upper), x);
        let bottom = blend(color(left, lower), color(right, lower), x);
        blend(top, bottom, y)
    }

    /// The texels around a place along an axis and the weight of the second, in steps of 1/256 as
    /// on GPUs.
    fn neighbours(&self, axis: usize, at: f32, filter: TextureFilter) -> (usize, usize, f32) {
        let last = self.image.size[axis] as i32 - 1;
        let clamp = |texel: i32| texel.clamp(0, last) as usize;
        if filter == TextureFilter::Nearest {
            let texel = clamp(at.floor() as i32);
            return (texel, texel, 0.0);
        }
        let at = (at * 256.0 - 127.5).floor() as i32;
        let (texel, weight) = (at >> 8, (at & 255) as f32 / 256.0);
        (clamp(texel), clamp(texel + 1), weight)
    }
}
