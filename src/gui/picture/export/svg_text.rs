//! Text as SVG text: words that can be found, copied and edited.

use super::paths::{color, number, point};
use super::svg::escape;
use crate::gui::look::theme::semibold;
use egui::epaint::TextShape;
use egui::epaint::text::PlacedRow;
use egui::text::{LayoutSection, TextFormat};
use egui::{Color32, FontFamily, Pos2};
use std::fmt::Write as _;

/// Writes each row of a text, a new element where its font or colour changes.
pub(super) fn text(body: &mut String, shape: &TextShape) {
    let job = &shape.galley.job;
    let is_turned = shape.angle != 0.0;
    if is_turned {
        let angle = number(shape.angle.to_degrees());
        let _ = writeln!(body, "<g transform=\"rotate({angle} {})\">", point(shape.pos));
    }
    let mut byte = 0;
    for row in &shape.galley.rows {
        for run in runs(row, &job.sections, &mut byte) {
            run_text(body, shape, row, &run);
        }
    }
    if is_turned {
        body.push_str("</g>\n");
    }
}

/// Neighbouring glyphs of one format.
struct Run<'a> {
    format: &'a TextFormat,
    text: String,
    /// Where the baseline begins, relative to the row.
    start: Pos2,
    width: f32,
}

/// Cuts a row where the format changes. `byte` is where in the text the row begins, and is moved to
/// where the next one does.
fn runs<'a>(row: &PlacedRow, sections: &'a [LayoutSection], byte: &mut usize) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    for glyph in &row.glyphs {
        let holds = |section: &&LayoutSection| {
            section.byte_range.start.0 <= *byte && *byte < section.byte_range.end.0
        };
        let section = sections.iter().find(holds).or(sections.last());
        *byte += glyph.chr.len_utf8();
        let Some(format) = section.map(|section| &section.format) else {
            continue;
        };
        let is_continued = |run: &&mut Run<'_>| std::ptr::eq(run.format, format);
        if let Some(run) = runs.last_mut().filter(is_continued) {
            run.text.push(glyph.chr);
            run.width = glyph.pos.x + glyph.advance_width - run.start.x;
        } else {
            runs.push(Run {
                format,
                text: glyph.chr.to_string(),
                start: glyph.pos,
                width: glyph.advance_width,
            });
        }
    }
    *byte += usize::from(row.ends_with_newline);
    runs
}

fn run_text(body: &mut String, shape: &TextShape, row: &PlacedRow, run: &Run<'_>) {
    let format = run.format;
    let own =
        if format.color == Color32::PLACEHOLDER { shape.fallback_color } else { format.color };
    let ink = shape.override_text_color.unwrap_or(own);
    let ink = ink.gamma_multiply(shape.opacity_factor.clamp(0.0, 1.0));
    if run.text.trim().is_empty() || ink.a() == 0 {
        return;
    }
    let at = shape.pos + row.pos.to_vec2() + run.start.to_vec2();
    if format.background.a() > 0 {
        let (x, y) = (number(at.x), number(shape.pos.y + row.pos.y));
        let (width, height) = (number(run.width), number(row.size.y));
        let fill = color("fill", format.background);
        let _ = writeln!(
            body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {fill}/>"
        );
    }
    // The width is stated, so that another font in its place takes the same room.
    let _ = writeln!(
        body,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" \
         font-size=\"{}\" {} {} xml:space=\"preserve\">{}</text>",
        number(at.x),
        number(at.y),
        number(run.width),
        number(format.font_id.size),
        style(format, shape),
        color("fill", ink),
        escape(&run.text)
    );
}

/// Family, weight, slant and lines.
fn style(format: &TextFormat, shape: &TextShape) -> String {
    let family = &format.font_id.family;
    let mut style = match family {
        FontFamily::Monospace => "font-family=\"'JetBrains Mono', Menlo, Consolas, monospace\"",
        _ => "font-family=\"Inter, 'Helvetica Neue', 'Segoe UI', Arial, sans-serif\"",
    }
    .to_owned();
    if *family == semibold() {
        style += " font-weight=\"600\"";
    }
    if format.italics {
        style += " font-style=\"italic\"";
    }
    if !format.underline.is_empty() || !shape.underline.is_empty() {
        style += " text-decoration=\"underline\"";
    } else if !format.strikethrough.is_empty() {
        style += " text-decoration=\"line-through\"";
    }
    style
}
