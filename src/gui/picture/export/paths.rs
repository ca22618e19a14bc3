//! Lines, curves and polygons as SVG elements.

use egui::epaint::{ColorMode, PathStroke};
use egui::{Color32, Pos2, Shape, Stroke};
use std::fmt::{self, Write as _};

/// How an element is painted, written as its attributes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    fill: Color32,
    stroke: Stroke,
}

impl Paint {
    pub(super) fn fill(fill: Color32) -> Self {
        Self { fill, stroke: Stroke::NONE }
    }

    pub(super) fn line(stroke: Stroke) -> Self {
        Self { fill: Color32::TRANSPARENT, stroke }
    }

    fn both(fill: Color32, stroke: Stroke) -> Self {
        Self { fill, stroke }
    }

    fn path(fill: Color32, stroke: &PathStroke, at: Option<&Pos2>) -> Self {
        let color = match &stroke.color {
            ColorMode::Solid(color) => *color,
            // One colour stands for all of a gradient.
            ColorMode::UV(color) => {
                at.map_or(Color32::TRANSPARENT, |&at| color(egui::Rect::from_pos(at), at))
            }
        };
        Self::both(fill, Stroke::new(stroke.width, color))
    }

    pub(super) fn is_visible(self) -> bool {
        self.fill.a() > 0 || !self.stroke.is_empty()
    }
}

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&color("fill", self.fill))?;
        if !self.stroke.is_empty() {
            let width = number(self.stroke.width);
            write!(f, " {} stroke-width=\"{width}\"", color("stroke", self.stroke.color))?;
        }
        Ok(())
    }
}

/// A colour as the attributes `name` and, if it lets light through, `name-opacity`.
pub(super) fn color(name: &str, color: Color32) -> String {
    let [r, g, b, a] = color.to_srgba_unmultiplied();
    match a {
        0 => format!("{name}=\"none\""),
        255 => format!("{name}=\"#{r:02x}{g:02x}{b:02x}\""),
        a => {
            let opacity = number(f32::from(a) / 255.0);
            format!("{name}=\"#{r:02x}{g:02x}{b:02x}\" {name}-opacity=\"{opacity}\"")
        }
    }
}

/// A coordinate to a hundredth of a point.
pub(super) fn number(x: f32) -> String {
    let hundredths = (f64::from(x) * 100.0).round() / 100.0;
    // Not minus zero, and no number that SVG does not have.
    if hundredths == 0.0 || !hundredths.is_finite() {
        "0".to_owned()
    } else {
        hundredths.to_string()
    }
}

pub(super) fn point(at: Pos2) -> String {
    format!("{} {}", number(at.x), number(at.y))
}

/// Writes a shape that has an outline: circles, ellipses, lines, polygons, bands and curves.
pub(super) fn outline(body: &mut String, shape: &Shape) {
    let (element, paint) = match shape {
        Shape::Circle(circle) => {
            let (x, y) = (number(circle.center.x), number(circle.center.y));
            let element = format!("circle cx=\"{x}\" cy=\"{y}\" r=\"{}\"", number(circle.radius));
            (element, Paint::both(circle.fill, circle.stroke))
        }
        Shape::Ellipse(ellipse) => {
            let (center, radius) = (ellipse.center, ellipse.radius);
            let element = format!(
                "ellipse cx=\"{}\" cy=\"{}\" rx=\"{}\" ry=\"{}\" transform=\"rotate({} {})\"",
                number(center.x),
                number(center.y),
                number(radius.x),
                number(radius.y),
                number(ellipse.angle.to_degrees()),
                point(center)
            );
            (element, Paint::both(ellipse.fill, ellipse.stroke))
        }
        Shape::LineSegment { points, stroke } => {
            let line = path(&sharpened(*points, *stroke), false);
            (line, Paint::line(*stroke))
        }
        Shape::Path(shape) => {
            let paint = Paint::path(shape.fill, &shape.stroke, shape.points.first());
            (path(&shape.points, shape.closed), paint)
        }
        Shape::Band(band) => {
            let top = band.points.iter().map(|at| Pos2::new(at.x, at.y.min));
            let bottom = band.points.iter().rev();
            let bottom = bottom.map(|at| Pos2::new(at.x, at.y.max));
            let around: Vec<Pos2> = top.chain(bottom).collect();
            (path(&around, true), Paint::both(band.fill, band.stroke))
        }
        Shape::QuadraticBezier(curve) => {
            let [a, b, c] = curve.points.map(point);
            let paint = Paint::path(curve.fill, &curve.stroke, curve.points.first());
            (curved(&format!("M{a}Q{b} {c}"), curve.closed), paint)
        }
        Shape::CubicBezier(curve) => {
            let [a, b, c, d] = curve.points.map(point);
            let paint = Paint::path(curve.fill, &curve.stroke, curve.points.first());
            (curved(&format!("M{a}C{b} {c} {d}"), curve.closed), paint)
        }
        _ => return,
    };
    if paint.is_visible() {
        let _ = writeln!(body, "<{element} {paint}/>");
    }
}

fn path(points: &[Pos2], is_closed: bool) -> String {
    let points: Vec<String> = points.iter().copied().map(point).collect();
    curved(&format!("M{}", points.join("L")), is_closed)
}

fn curved(path: &str, is_closed: bool) -> String {
    let end = if is_closed { "z" } else { "" };
    format!("path d=\"{path}{end}\"")
}

/// Level and upright lines lie on whole pixels, as in the window.
fn sharpened(mut points: [Pos2; 2], stroke: Stroke) -> [Pos2; 2] {
    let [a, b] = &mut points;
    if a.x == b.x {
        stroke.round_center_to_pixel(1.0, &mut a.x);
        b.x = a.x;
    } else if a.y == b.y {
        stroke.round_center_to_pixel(1.0, &mut a.y);
        b.y = a.y;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_finite() {
        for (x, text) in
            [(1.0, "1"), (-0.001, "0"), (2.345_6, "2.35"), (f32::NAN, "0"), (1e9, "1000000000")]
        {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn half_transparent_colours_are_not_premultiplied() {
        let half = Color32::from_rgba_unmultiplied(200, 100, 0, 128);
        let text = color("fill", half);
        assert!(text.contains("fill-opacity=\"0.5\""), "{text}");
        // Rounding to premultiplied bytes may cost one step.
        assert!(text.starts_with("fill=\"#c76") || text.starts_with("fill=\"#c86"), "{text}");
        assert_eq!(color("stroke", Color32::TRANSPARENT), "stroke=\"none\"");
    }
}
