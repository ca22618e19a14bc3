//! A picture as a drawing (SVG 1.1): each shape as what it is, text as text, pictures of numbers as
//! embedded PNG.

use super::Picture;
use super::paths::{self, Paint, number, point};
use super::svg_text::text;
use base64::Engine as _;
use egui::epaint::{ClippedShape, Mesh, RectShape};
use egui::{Color32, ColorImage, Pos2, Rect, Shape, StrokeKind, pos2};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;

impl Picture {
    /// The picture as an SVG document, one unit for each point.
    pub fn svg(&self) -> String {
        let mut drawing =
            Drawing { picture: self, body: String::new(), clips: BTreeMap::new(), clip: None };
        for part in &self.shapes {
            drawing.part(part);
        }
        drawing.close_clip();
        drawing.document()
    }
}

/// Pixels of an embedded picture for each point.
const SHARPNESS: f32 = 2.0;
/// Its longest side in pixels, unless it has more cells.
const MOST_SIDE: usize = 2_048;

/// A document in the making.
struct Drawing<'a> {
    picture: &'a Picture,
    body: String,
    /// The clip rectangles in use, as they are written, and their numbers.
    clips: BTreeMap<String, usize>,
    /// The clip rectangle that holds now.
    clip: Option<usize>,
}

impl Drawing<'_> {
    fn document(self) -> String {
        let rect = self.picture.rect;
        let (x, y) = (number(rect.min.x), number(rect.min.y));
        let (width, height) = (number(rect.width()), number(rect.height()));
        let shown = rect.size() * self.picture.zoom;
        let (shown_width, shown_height) = (number(shown.x), number(shown.y));
        let mut svg = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" \
             xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{shown_width}\" height=\"{shown_height}\" \
             viewBox=\"{x} {y} {width} {height}\">\n<title>{}</title>\n<defs>\n",
            escape(&self.picture.title)
        );
        for (area, id) in &self.clips {
            let _ = writeln!(svg, "<clipPath id=\"c{id}\"><rect {area}/></clipPath>");
        }
        let ground = Paint::fill(self.picture.background);
        let _ = write!(svg, "</defs>\n<rect {}{ground}/>\n", area(rect));
        svg + &self.body + "</svg>\n"
    }

    fn part(&mut self, part: &ClippedShape) {
        let clip = part.clip_rect.intersect(self.picture.rect);
        let bounds = part.shape.visual_bounding_rect();
        if !clip.is_positive() || !clip.intersects(bounds) {
            return;
        }
        // Within its clip rectangle, a shape needs no clipping.
        let wanted = (!clip.expand(0.5).contains_rect(bounds)).then(|| self.clip_number(clip));
        if wanted != self.clip {
            self.close_clip();
            if let Some(id) = wanted {
                let _ = writeln!(self.body, "<g clip-path=\"url(#c{id})\">");
            }
            self.clip = wanted;
        }
        self.shape(&part.shape);
    }

    fn clip_number(&mut self, clip: Rect) -> usize {
        let next = self.clips.len();
        *self.clips.entry(area(clip)).or_insert(next)
    }

    fn close_clip(&mut self) {
        if self.clip.take().is_some() {
            self.body.push_str("</g>\n");
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Noop | Shape::Callback(_) => {}
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape)),
            Shape::Rect(rect) => self.rect(rect),
            Shape::Text(shape) => text(&mut self.body, shape),
            Shape::Mesh(mesh) => self.mesh(mesh),
            _ => paths::outline(&mut self.body, shape),
        }
    }

    /// Fill and outline are two elements: an outline may lie inside or outside.
    fn rect(&mut self, shape: &RectShape) {
        if let Some(brush) = &shape.brush {
            return self.image(brush.fill_texture_id, shape.rect, brush.uv);
        }
        let inset = match shape.stroke_kind {
            StrokeKind::Inside => -0.5,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => 0.5,
        } * shape.stroke.width;
        let radius = shape.corner_radius.average();
        for (rect, radius, paint) in [
            (shape.rect, radius, Paint::fill(shape.fill)),
            (shape.rect.expand(inset), radius + inset, Paint::line(shape.stroke)),
        ] {
            if !paint.is_visible() || !rect.is_positive() {
                continue;
            }
            // Neighbouring cells must not show the ground between them.
            let edges = if radius > 0.0 {
                format!("rx=\"{}\" ", number(radius))
            } else {
                "shape-rendering=\"crispEdges\" ".to_owned()
            };
            let _ = writeln!(self.body, "<rect {}{edges}{paint}/>", area(rect));
        }
    }

    /// Pictures stay pictures; what is only coloured becomes polygons, two triangles that share an
    /// edge one of them, in their mean colour.
    fn mesh(&mut self, mesh: &Mesh) {
        if self.picture.images.contains_key(&mesh.texture_id) {
            let uv = mesh.vertices.iter().map(|vertex| vertex.uv);
            let uv = Rect::from_points(&uv.collect::<Vec<Pos2>>());
            return self.image(mesh.texture_id, mesh.calc_bounds(), uv);
        }
        for corners in quads(mesh) {
            let vertices: Vec<_> =
                corners.iter().filter_map(|&i| mesh.vertices.get(i as usize)).collect();
            let colors = vertices.iter().map(|vertex| vertex.color);
            let paint = Paint::fill(mean(colors));
            let points: Vec<String> = vertices.iter().map(|vertex| point(vertex.pos)).collect();
            let _ = writeln!(
                self.body,
                "<path d=\"M{}z\" shape-rendering=\"crispEdges\" {paint}/>",
                points.join("L")
            );
        }
    }

    fn image(&mut self, id: egui::TextureId, rect: Rect, uv: Rect) {
        let image = self.picture.images.get(&id);
        let shown = image.map(|image| enlarged(&cropped(image, uv), rect));
        let Some(png) = shown.and_then(|image| png(&image)) else {
            return;
        };
        let data = base64::engine::general_purpose::STANDARD.encode(png);
        let _ = writeln!(
            self.body,
            "<image {} preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" \
             xlink:href=\"data:image/png;base64,{data}\"/>",
            area(rect)
        );
    }
}

/// The corners of each triangle, or of two that follow each other and share an edge.
fn quads(mesh: &Mesh) -> Vec<Vec<u32>> {
    let mut quads: Vec<Vec<u32>> = Vec::new();
    for triangle in mesh.triangles() {
        let own = |corner: &&u32, quad: &[u32]| !quad.contains(corner);
        if let Some(quad) = quads.last_mut().filter(|quad| quad.len() == 3) {
            let new: Vec<u32> = triangle.iter().filter(|c| own(c, quad)).copied().collect();
            if let &[new] = new.as_slice() {
                // The new corner lies opposite the one that only the first triangle has.
                let alone = quad.iter().position(|corner| !triangle.contains(corner));
                quad.insert((alone.unwrap_or(0) + 2).min(3), new);
                continue;
            }
        }
        quads.push(triangle.to_vec());
    }
    quads
}

fn mean(colors: impl ExactSizeIterator<Item = Color32>) -> Color32 {
    let n = colors.len().max(1) as u32;
    let mut sums = [0_u32; 4];
    for color in colors {
        for (sum, channel) in sums.iter_mut().zip(color.to_array()) {
            *sum += u32::from(channel);
        }
    }
    let [r, g, b, a] = sums.map(|sum| ((sum + n / 2) / n) as u8);
    Color32::from_rgba_premultiplied(r, g, b, a)
}

/// The part of an image that is shown.
fn cropped(image: &ColorImage, uv: Rect) -> ColorImage {
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    let uv = uv.intersect(whole);
    if uv == whole || !uv.is_finite() {
        return image.clone();
    }
    let [width, height] = image.size.map(|side| side as f32);
    // Of a line through the middle of texels, those texels.
    let first = pos2((uv.min.x * width).floor(), (uv.min.y * height).floor());
    let first = first.clamp(Pos2::ZERO, pos2(width - 1.0, height - 1.0));
    let end = pos2((uv.max.x * width).ceil(), (uv.max.y * height).ceil());
    let end = end.max(first + egui::vec2(1.0, 1.0));
    image.region(&Rect::from_min_max(first, end), Some(1.0))
}

/// Cells larger than pixels, each as so many pixels that no reader can blur it much.
fn enlarged(image: &ColorImage, rect: Rect) -> ColorImage {
    let [width, height] = image.size;
    let factor = |points: f32, side: usize| {
        let wanted = (SHARPNESS * points / side.max(1) as f32).ceil();
        (wanted.max(1.0) as usize).min(MOST_SIDE / side.max(1)).max(1)
    };
    let (across, down) = (factor(rect.width(), width), factor(rect.height(), height));
    let rows = (0..height * down).map(|y| y / down * width);
    let pixels = rows.flat_map(|row| (0..width * across).map(move |x| row + x / across));
    let pixels = pixels.filter_map(|i| image.pixels.get(i).copied()).collect();
    ColorImage::new([width * across, height * down], pixels)
}

fn png(image: &ColorImage) -> Option<Vec<u8>> {
    let [width, height] = image.size.map(|side| side as u32);
    let pixels = image.pixels.iter().flat_map(egui::Color32::to_srgba_unmultiplied);
    let picture = image::RgbaImage::from_raw(width, height, pixels.collect())?;
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

/// The attributes of a place.
fn area(rect: Rect) -> String {
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" ",
        number(rect.min.x),
        number(rect.min.y),
        number(rect.width()),
        number(rect.height())
    )
}

/// A text as XML has it. Characters that no XML document may hold are marked as missing.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_triangles_are_one_quad_in_order() {
        let mut mesh = Mesh::default();
        let rect = Rect::from_min_max(Pos2::ZERO, pos2(2.0, 1.0));
        mesh.add_colored_rect(rect, Color32::RED);
        mesh.add_colored_rect(rect.translate(egui::vec2(2.0, 0.0)), Color32::BLUE);
        let quads = quads(&mesh);
        assert_eq!(quads.len(), 2);
        for quad in quads {
            let at: Vec<Pos2> = quad.iter().map(|&i| mesh.vertices[i as usize].pos).collect();
            // Neighbouring corners share a coordinate: the outline does not cross itself.
            for i in 0..4 {
                let (a, b) = (at[i], at[(i + 1) % 4]);
                assert!(a.x == b.x || a.y == b.y, "{at:?}");
            }
        }
    }

    #[test]
    fn a_line_through_texels_shows_those_texels() {
        let grays: Vec<u8> = (0..12).collect();
        let image = ColorImage::from_gray([4, 3], &grays);
        let line = Rect::from_min_max(pos2(0.0, 0.5), pos2(1.0, 0.5));
        let row = cropped(&image, line);
        assert_eq!((row.size, row.pixels[0]), ([4, 1], Color32::from_gray(4)));
        let all = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        assert_eq!(cropped(&image, all).size, [4, 3]);
        let corner = Rect::from_min_max(pos2(1.0, 1.0), pos2(1.0, 1.0));
        assert_eq!(cropped(&image, corner).pixels, [Color32::from_gray(11)]);
    }

    #[test]
    fn what_xml_cannot_hold_is_marked() {
        assert_eq!(escape("a<b>&\"\u{0}\u{1}\n注"), "a&lt;b&gt;&amp;&quot;\u{FFFD}\u{FFFD} 注");
    }
}
