//! Triangles become pixels.

use super::texture::Texture;
use super::{Ink, Pixel};
use egui::TextureFilter;
use egui::epaint::{Mesh, Vertex};
use std::array::from_fn;
use std::ops::Range;

/// Adding and subtracting this rounds a coordinate to 1/256 of a pixel, as GPUs do, for that is the
/// distance between numbers of this size. So the noise of a layout's arithmetic does not decide
/// whether an edge covers a pixel.
const SNAP: f64 = 1.5 * (1_u64 << 44) as f64;

/// A picture and the columns and rows that may be painted on.
pub(super) struct Canvas {
    pub(super) pixels: Vec<Pixel>,
    pub(super) width: usize,
    pub(super) x: Range<usize>,
    pub(super) y: Range<usize>,
}

impl Canvas {
    pub(super) fn mesh(&mut self, mesh: &Mesh, texture: &Texture, pixels_per_point: f32) {
        let corner = |vertex| Corner::new(vertex, pixels_per_point);
        let corners: Vec<_> = mesh.vertices.iter().map(corner).collect();
        for triangle in mesh.triangles() {
            let triangle = triangle.map(|index| corners.get(index as usize).copied().flatten());
            if let [Some(a), Some(b), Some(c)] = triangle {
                self.triangle([a, b, c], texture);
            }
        }
    }

    /// Paints the pixels whose centres lie in the triangle, or on its top or left edges.
    ///
    /// Triangles that share an edge compute the same crossings for it, so they neither overlap nor
    /// leave gaps.
    fn triangle(&mut self, mut corners: [Corner; 3], texture: &Texture) {
        corners.sort_unstable_by(|a, b| a.y.total_cmp(&b.y));
        let [top, middle, bottom] = &corners;
        let rows = pixels_between(top.y, bottom.y, &self.y);
        if rows.is_empty() || self.x.is_empty() {
            return;
        }
        let Some(paint) = Paint::new(&corners, texture) else {
            return;
        };
        let crossing = |from: &Corner, to: &Corner, y: f64| {
            from.x + (y - from.y) * ((to.x - from.x) / (to.y - from.y))
        };
        for row in rows {
            let y = centre(row);
            let long = crossing(top, bottom, y);
            let short =
                if y < middle.y { crossing(top, middle, y) } else { crossing(middle, bottom, y) };
            let columns = pixels_between(long.min(short), long.max(short), &self.x);
            let x = centre(columns.start);
            paint.row(&mut self.pixels[row * self.width..][columns], x, y);
        }
    }
}

/// The middle of a pixel, along either axis.
fn centre(pixel: usize) -> f64 {
    pixel as f64 + 0.5
}

/// The pixels within `limits` whose centres lie at or after `from` and before `to`.
fn pixels_between(from: f64, to: f64, limits: &Range<usize>) -> Range<usize> {
    let [start, end] = [from, to].map(|edge| {
        let before = (edge - 0.5) as u32; // this cast clamps
        let from = before as usize + usize::from(f64::from(before) < edge - 0.5);
        from.clamp(limits.start, limits.end)
    });
    start..end
}

/// A finite vertex, in physical pixels.
#[derive(Clone, Copy)]
struct Corner {
    x: f64,
    y: f64,
    uv: [f32; 2],
    color: Ink,
}

impl Corner {
    fn new(vertex: &Vertex, pixels_per_point: f32) -> Option<Self> {
        let [x, y] = [vertex.pos.x, vertex.pos.y]
            .map(|at| f64::from(at) * f64::from(pixels_per_point) + SNAP - SNAP);
        let uv = vertex.uv.into();
        let color = vertex.color.to_array().map(f32::from);
        let finite = x.is_finite() && y.is_finite() && vertex.uv.is_finite();
        finite.then_some(Self { x, y, uv, color })
    }
}

/// How to colour the pixels of a triangle.
enum Paint<'a> {
    Flat(Ink),
    Smooth(Plane<4>),
    /// Colour, place in texels, and where to find the texel.
    Textured(Plane<4>, Plane<2>, &'a Texture, TextureFilter),
}

impl<'a> Paint<'a> {
    /// None if the corners lie on a line.
    fn new(corners: &[Corner; 3], texture: &'a Texture) -> Option<Self> {
        let size = texture.image.size.map(|side| side as f32);
        let texels = corners.map(|corner| [corner.uv[0] * size[0], corner.uv[1] * size[1]]);
        if texels == [texels[0]; 3] {
            let texel = texture.sample(texels[0], texture.options.magnification);
            let inks = corners.map(|corner| multiply(corner.color, texel));
            let plane = Plane::new(corners, inks)?;
            let flat = inks == [inks[0]; 3];
            return Some(if flat { Self::Flat(inks[0]) } else { Self::Smooth(plane) });
        }
        let tint = Plane::new(corners, corners.map(|corner| corner.color))?;
        let texel = Plane::new(corners, texels)?;
        let filter = texture.filter([texel.per_x, texel.per_y]);
        Some(Self::Textured(tint, texel, texture, filter))
    }

    /// Paints neighbouring pixels; (x, y) is the centre of the first.
    fn row(&self, pixels: &mut [Pixel], x: f64, y: f64) {
        match self {
            Self::Flat(ink) => fill(pixels, *ink),
            Self::Smooth(color) => {
                for (pixel, ink) in pixels.iter_mut().zip(color.along(x, y)) {
                    over(pixel, ink);
                }
            }
            Self::Textured(tint, texel, texture, filter) => {
                let places = tint.along(x, y).zip(texel.along(x, y));
                for (pixel, (tint, texel)) in pixels.iter_mut().zip(places) {
                    over(pixel, multiply(tint, texture.sample(texel, *filter)));
                }
            }
        }
    }
}

/// Values that vary linearly over the picture.
struct Plane<const N: usize> {
    at_zero: [f64; N],
    per_x: [f64; N],
    per_y: [f64; N],
}

impl<const N: usize> Plane<N> {
    /// The plane through the values at three corners, or None if the corners lie on a line.
    fn new([a, b, c]: &[Corner; 3], values: [[f32; N]; 3]) -> Option<Self> {
        let [(bx, by), (cx, cy)] = [b, c].map(|corner| (corner.x - a.x, corner.y - a.y));
        let area = bx * cy - cx * by;
        let share = 1.0 / area;
        let [at, b, c] = values.map(|value| value.map(f64::from));
        let per_x: [f64; N] = from_fn(|i| ((b[i] - at[i]) * cy - (c[i] - at[i]) * by) * share);
        let per_y: [f64; N] = from_fn(|i| ((c[i] - at[i]) * bx - (b[i] - at[i]) * cx) * share);
        (area != 0.0).then_some(Self {
            at_zero: from_fn(|i| at[i] - per_x[i] * a.x - per_y[i] * a.y),
            per_x,
            per_y,
        })
    }

    /// The values at (x, y) and at the pixels to its right.
    fn along(&self, x: f64, y: f64) -> impl Iterator<Item = [f32; N]> {
        let at = |i: usize| self.at_zero[i] + self.per_x[i] * x + self.per_y[i] * y;
        let first: [f32; N] = from_fn(|i| at(i) as f32);
        let step = self.per_x.map(|step| step as f32);
        (0_u16..).map(move |n| from_fn(|i| first[i] + step[i] * f32::from(n)))
    }
}

fn multiply(a: Ink, b: Ink) -> Ink {
    from_fn(|i| a[i] * b[i])
}

/// Paints all `pixels` with one colour.
fn fill(pixels: &mut [Pixel], ink: Ink) {
    if ink[3] >= 255.0 {
        pixels.fill(ink.map(|channel| (channel + 0.5) as u8));
    } else {
        for pixel in pixels {
            over(pixel, ink);
        }
    }
}

/// Blends premultiplied `ink` over `pixel`.
fn over(pixel: &mut Pixel, ink: Ink) {
    let keep = 1.0 - ink[3] / 255.0;
    *pixel = from_fn(|i| (ink[i] + f32::from(pixel[i]) * keep + 0.5) as u8);
}
