//! The names along the sides of a heatmap.

use crate::gui::look::format::abbreviate;
use crate::gui::look::theme::Theme;
use crate::text::tr;
use egui::epaint::TextShape;
use egui::{Align2, Color32, Painter, Rect, pos2};

/// What stands along an axis.
pub struct Labels<'a> {
    /// What the axis is: "asks (query)".
    pub title: &'a str,
    /// The name of each row or column.
    pub names: &'a [String],
    /// The colour of the title and of what is pointed at.
    pub color: Color32,
}

/// Labels longer than this lose their middle.
const LONGEST: usize = 14;

impl<'a> Labels<'a> {
    /// Rows of an attention pattern: the tokens that ask.
    pub fn asks(theme: &Theme, names: &'a [String]) -> Self {
        Self { title: tr("asks (query)"), names, color: *theme.query }
    }

    /// Columns of an attention pattern: the tokens that answer.
    pub fn answers(theme: &Theme, names: &'a [String]) -> Self {
        Self { title: tr("answers (key) →"), names, color: *theme.key }
    }

    /// How much room the longest name takes.
    pub(super) fn depth(&self, theme: &Theme) -> f32 {
        let longest = self.names.iter().map(|name| name.chars().count()).max();
        longest.unwrap_or(0).min(LONGEST) as f32 * theme.caption_size * 0.62
    }
}

/// Writes the names of rows left of their grid, as many as fit.
pub fn row_labels(
    painter: &Painter,
    theme: &Theme,
    labels: &Labels<'_>,
    grid: Rect,
    focus: Option<usize>,
) {
    let cell = grid.height() / labels.names.len().max(1) as f32;
    for (row, name) in shown_labels(labels.names, cell, theme.caption_size, focus) {
        let at = pos2(grid.left() - 6.0, grid.top() + (row as f32 + 0.5) * cell);
        let color = label_color(theme, labels, focus == Some(row));
        let (anchor, font) = (Align2::RIGHT_CENTER, theme.mono_caption());
        painter.text(at, anchor, abbreviate(name, LONGEST), font, color);
    }
}

/// Writes the names of columns above their grid, as many as fit, upright or turned.
pub fn column_labels(
    painter: &Painter,
    theme: &Theme,
    labels: &Labels<'_>,
    grid: Rect,
    focus: Option<usize>,
    turned: bool,
) {
    let cell = grid.width() / labels.names.len().max(1) as f32;
    for (col, name) in shown_labels(labels.names, cell, theme.caption_size, focus) {
        let at = pos2(grid.left() + (col as f32 + 0.5) * cell, grid.top() - 6.0);
        let color = label_color(theme, labels, focus == Some(col));
        let galley = painter.layout_no_wrap(abbreviate(name, LONGEST), theme.mono_caption(), color);
        let (angle, anchor) = if turned {
            (-std::f32::consts::FRAC_PI_2, Align2::LEFT_CENTER)
        } else {
            (0.0, Align2::CENTER_BOTTOM)
        };
        let min = anchor.anchor_size(at, galley.size()).min;
        painter.add(TextShape::new(min, galley, color).with_angle_and_anchor(angle, anchor));
    }
}

fn label_color(theme: &Theme, labels: &Labels<'_>, is_focus: bool) -> Color32 {
    if is_focus { labels.color } else { *theme.text }
}

/// The labels that fit beside cells of this size: every one, or every n-th, and always the one that
/// is pointed at, for which its neighbours give way.
fn shown_labels(
    names: &[String],
    cell: f32,
    text_size: f32,
    focus: Option<usize>,
) -> impl Iterator<Item = (usize, &String)> {
    let every = (text_size * 1.25 / cell.max(0.01)).ceil().max(1.0) as usize;
    names.iter().enumerate().filter(move |(i, _)| match focus {
        Some(focus) if *i == focus => true,
        Some(focus) if i.abs_diff(focus) < every => false,
        _ => i.is_multiple_of(every),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_thin_out_and_the_focus_stays() {
        let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
        let shown = |cell, focus| {
            shown_labels(&names, cell, 10.0, focus).map(|(i, _)| i).collect::<Vec<_>>()
        };
        assert_eq!(shown(20.0, None).len(), 10);
        assert_eq!(shown(3.0, None), [0, 5]);
        assert_eq!(shown(3.0, Some(7)), [0, 7]);
    }
}
