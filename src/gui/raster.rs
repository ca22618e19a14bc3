//! Paints egui on the CPU, so that a view becomes a picture without a display or a GPU.
//!
//! It follows `egui_glow`: colours are premultiplied and blend in gamma space, a vertex colour
//! multiplies its texel, clip rectangles round to whole pixels. There is no dithering, so that equal
//! frames give equal files. Left out, as this app has no use for them: mipmaps, wrap modes other than
//! clamping to the edge, and paint callbacks, which need a GPU.

use egui::epaint::{ClippedPrimitive, ColorImage, ImageData, ImageDelta, Mesh, Primitive, Vertex};
use egui::{Color32, Rect, TextureFilter, TextureId, TextureOptions, TexturesDelta};
use image::RgbaImage;
use std::{array::from_fn, collections::HashMap, ops::Range, sync::Arc, time::Duration};

/// The longest side of a picture or of a texture, as on common GPUs.
pub const MAX_SIDE: usize = 16_384;

/// The time between the frames of [`render`]; egui's animations end within a few such steps.
const FRAME: Duration = Duration::from_millis(100);

/// Adding and subtracting this rounds a coordinate to 1/256 of a pixel, as GPUs do, for that is the
/// distance between numbers of this size. So the noise of a layout's arithmetic does not decide
/// whether an edge covers a pixel.
const SNAP: f64 = 1.5 * (1_u64 << 44) as f64;

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
    mut ui: impl FnMut(&mut egui::Ui),
) -> RgbaImage {
    let usable = (0.1..=16.0).contains(&pixels_per_point);
    let pixels_per_point = if usable { pixels_per_point } else { 1.0 };
    let mut raster = Raster::new();
    let mut time = ctx.input(|input| input.time);
    let mut frames_left = frames.max(1);
    loop {
        time += FRAME.as_secs_f64();
        frames_left -= 1;
        let mut output = ctx.run_ui(raw_input(size_px, pixels_per_point, time), &mut ui);
        raster.update_textures(&mut output.textures_delta);
        let mut windows = output.viewport_output.values();
        if frames_left == 0 || windows.all(|window| window.repaint_delay >= FRAME) {
            let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
            let clear = ctx.global_style().visuals.panel_fill;
            return raster.paint(&primitives, output.pixels_per_point, size_px, clear);
        }
    }
}

/// What a window of this size would tell egui.
fn raw_input(size_px: [usize; 2], pixels_per_point: f32, time: f64) -> egui::RawInput {
    let size = egui::Vec2::from(size_px.map(|side| side as f32)) / pixels_per_point;
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

/// A picture and the columns and rows that may be painted on.
struct Canvas {
    pixels: Vec<Pixel>,
    width: usize,
    x: Range<usize>,
    y: Range<usize>,
}

impl Canvas {
    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, pixels_per_point: f32) {
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
            let short = if y < middle.y {
                crossing(top, middle, y)
            } else {
                crossing(middle, bottom, y)
            };
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
            return Some(if flat {
                Self::Flat(inks[0])
            } else {
                Self::Smooth(plane)
            });
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

struct Texture {
    image: Arc<ColorImage>,
    options: TextureOptions,
}

impl Texture {
    /// Copies `patch` to `corner`, as far as it fits.
    fn patch(&mut self, [x, y]: [usize; 2], patch: &ColorImage) {
        let image = Arc::make_mut(&mut self.image);
        let width = image.size[0];
        let fitting = patch.size[0].min(width.saturating_sub(x));
        let rows = image.pixels.chunks_exact_mut(width).skip(y);
        for (row, new) in rows.zip(patch.pixels.chunks_exact(patch.size[0])) {
            row[x.min(width)..][..fitting].copy_from_slice(&new[..fitting]);
        }
    }

    /// The filter for these distances, in texels, between neighbouring pixels.
    fn filter(&self, steps: [[f64; 2]; 2]) -> TextureFilter {
        let minified = steps.iter().any(|[u, v]| u.hypot(*v) > 1.0);
        let options = self.options;
        [options.magnification, options.minification][usize::from(minified)]
    }

    /// The colour, each channel from 0 to 1, at a place counted in texels.
    fn sample(&self, at: [f32; 2], filter: TextureFilter) -> Ink {
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

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Pos2, pos2};

    const WHITE: TextureId = TextureId::Managed(0);
    const HALF: Color32 = Color32::from_rgba_premultiplied(100, 50, 0, 128);

    fn add(raster: &mut Raster, id: TextureId, change: ImageDelta) {
        let mut delta = TexturesDelta::default();
        delta.push(id, change);
        raster.update_textures(&mut delta);
    }

    /// A rasteriser that knows a white texture.
    fn raster() -> Raster {
        let mut raster = Raster::new();
        let white = ColorImage::filled([1, 1], Color32::WHITE);
        add(
            &mut raster,
            WHITE,
            ImageDelta::full(white, TextureOptions::LINEAR),
        );
        raster
    }

    fn paint(raster: &Raster, mesh: Mesh, clip_rect: Rect, size: [usize; 2]) -> RgbaImage {
        let primitive = Primitive::Mesh(mesh);
        raster.paint(
            &[ClippedPrimitive {
                clip_rect,
                primitive,
            }],
            1.0,
            size,
            Color32::BLACK,
        )
    }

    fn colored(corners: &[Pos2], indices: &[u32], color: Color32) -> Mesh {
        let vertices = corners
            .iter()
            .map(|at| Vertex::untextured(*at, color))
            .collect();
        Mesh {
            indices: indices.to_vec(),
            vertices,
            texture_id: WHITE,
        }
    }

    fn rectangle(min: Pos2, max: Pos2, color: Color32) -> Mesh {
        let corners = [min, pos2(max.x, min.y), pos2(min.x, max.y), max];
        colored(&corners, &[0, 1, 2, 2, 1, 3], color)
    }

    /// The red values of a picture of an 8-pixel row that shows all of a 4 by 1 texture.
    fn stretched(raster: &Raster, id: TextureId) -> Vec<u8> {
        let mut mesh = Mesh::with_texture(id);
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        let place = Rect::from_min_max(Pos2::ZERO, pos2(8.0, 1.0));
        mesh.add_rect_with_uv(place, whole, Color32::WHITE);
        let picture = paint(raster, mesh, Rect::EVERYTHING, [8, 1]);
        picture.pixels().map(|pixel| pixel.0[0]).collect()
    }

    fn grays(values: [u8; 4], options: TextureOptions) -> ImageDelta {
        ImageDelta::full(ColorImage::from_gray([4, 1], &values), options)
    }

    #[test]
    fn a_rectangle_covers_exactly_its_pixels() {
        let mesh = rectangle(pos2(1.0, 2.0), pos2(4.0, 5.0), Color32::RED);
        let picture = paint(&raster(), mesh, Rect::EVERYTHING, [8, 8]);
        for (x, y, pixel) in picture.enumerate_pixels() {
            let inside = (1..4).contains(&x) && (2..5).contains(&y);
            assert_eq!(
                pixel.0,
                [if inside { 255 } else { 0 }, 0, 0, 255],
                "at {x}, {y}"
            );
        }
    }

    #[test]
    fn triangles_that_share_edges_blend_once() {
        let corners = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (3.5, 4.5)];
        let corners = corners.map(|(x, y)| pos2(x, y));
        let fan = [0, 1, 4, 4, 1, 2, 2, 3, 4, 0, 4, 3];
        let picture = paint(
            &raster(),
            colored(&corners, &fan, HALF),
            Rect::EVERYTHING,
            [9, 9],
        );
        assert!(picture.pixels().all(|pixel| pixel.0 == [100, 50, 0, 255]));
    }

    #[test]
    fn clip_rectangles_round_to_pixels() {
        let mesh = rectangle(pos2(-1e9, -1e9), pos2(1e9, 1e9), Color32::WHITE);
        let clip = Rect::from_min_max(pos2(1.4, 0.6), pos2(2.6, f32::INFINITY));
        let picture = paint(&raster(), mesh, clip, [4, 3]);
        let white = picture
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel.0[0] == 255);
        let white: Vec<_> = white.map(|(x, y, _)| (x, y)).collect();
        assert_eq!(white, [(1, 1), (2, 1), (1, 2), (2, 2)]);
    }

    #[test]
    fn textures_are_sampled_as_asked() {
        let (mut raster, id) = (raster(), TextureId::User(1));
        add(
            &mut raster,
            id,
            grays([0, 100, 200, 40], TextureOptions::NEAREST),
        );
        assert_eq!(stretched(&raster, id), [0, 0, 100, 100, 200, 200, 40, 40]);
        add(
            &mut raster,
            id,
            grays([0, 100, 200, 40], TextureOptions::LINEAR),
        );
        assert_eq!(stretched(&raster, id), [0, 25, 75, 125, 175, 160, 80, 40]);
    }

    #[test]
    fn textures_change_in_part_and_outlive_the_frame_that_frees_them() {
        let (mut raster, id) = (raster(), TextureId::User(1));
        add(
            &mut raster,
            id,
            grays([10, 20, 30, 40], TextureOptions::NEAREST),
        );
        let patch = ColorImage::from_gray([3, 2], &[7, 8, 9, 1, 1, 1]);
        add(
            &mut raster,
            id,
            ImageDelta::partial([2, 0], patch.clone(), TextureOptions::NEAREST),
        );
        add(
            &mut raster,
            id,
            ImageDelta::partial([9, 9], patch, TextureOptions::NEAREST),
        );
        assert_eq!(stretched(&raster, id), [10, 10, 20, 20, 7, 7, 8, 8]);
        let mut delta = TexturesDelta::default();
        delta.free(id);
        raster.update_textures(&mut delta);
        assert_eq!(stretched(&raster, id)[0], 10);
        raster.update_textures(&mut delta);
        assert_eq!(stretched(&raster, id)[0], 0);
    }

    #[test]
    fn odd_input_leaves_the_picture_alone() {
        let odd = [
            pos2(f32::NAN, 1.0),
            pos2(f32::INFINITY, 2.0),
            Pos2::ZERO,
            pos2(9.0, 9.0),
        ];
        let indices = [0, 2, 3, 1, 2, 3, 2, 3, 77, 2, 2, 3, 2];
        let picture = paint(
            &raster(),
            colored(&odd, &indices, HALF),
            Rect::EVERYTHING,
            [9, 9],
        );
        assert!(picture.pixels().all(|pixel| pixel.0 == [0, 0, 0, 255]));
        let mesh = rectangle(Pos2::ZERO, pos2(9.0, 9.0), HALF);
        assert_eq!(
            paint(&raster(), mesh, Rect::EVERYTHING, [0, 9]).dimensions(),
            (0, 9)
        );
    }

    #[test]
    fn a_label_is_dark_on_a_light_panel() {
        let ctx = egui::Context::default();
        ctx.set_theme(egui::Theme::Light);
        let picture = render(&ctx, [200, 60], 2.0, 9, |ui| {
            ui.label("Headlight");
        });
        let dark = picture.pixels().filter(|pixel| pixel.0[0] < 128).count();
        let light = picture.pixels().filter(|pixel| pixel.0[0] > 240).count();
        assert!((200..2000).contains(&dark), "{dark} dark pixels");
        assert!(light > 9000, "{light} light pixels");
        assert!(picture.pixels().all(|pixel| pixel.0[3] == 255));
    }
}
