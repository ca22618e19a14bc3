//! The letters on the tiles, and the row in which they are explained and chosen.

use super::reading::Reading;
use crate::gui::look::format::number;
use crate::gui::look::theme::Theme;
use crate::math::heads::{HeadRole, Score};
use crate::text::{tr, trf};
use egui::{Align2, Painter, Rect, Response, Sense, Ui, pos2, vec2};

/// Draws letters into the corner of a pattern's picture where the causal mask hides everything, as
/// many as fit beside the visible cells. The chosen one is filled.
pub fn paint_badges(
    painter: &Painter,
    theme: &Theme,
    picture: Rect,
    n_tokens: usize,
    badges: &[HeadRole],
    chosen: Option<HeadRole>,
) {
    let letter = vec2(theme.caption_size * 0.62, theme.caption_size * 0.95);
    let room = masked_width(picture.width(), n_tokens, letter.y);
    let fit = (room / letter.x) as usize;
    for (i, &role) in badges.iter().take(fit).enumerate() {
        let right = picture.right() - i as f32 * letter.x;
        let rect = Rect::from_min_size(pos2(right - letter.x, picture.top()), letter);
        let is_chosen = chosen == Some(role);
        if is_chosen {
            painter.rect_filled(rect, 2.0, *theme.accent);
        }
        let ink = if is_chosen { theme.on_accent } else { theme.text };
        painter.text(
            rect.center(),
            Align2::CENTER_CENTER,
            role.letter(),
            theme.mono_caption(),
            *ink,
        );
    }
}

/// How much of the top `height` of a square pattern of `n` tokens is free of visible cells, from
/// its right edge.
fn masked_width(side: f32, n: usize, height: f32) -> f32 {
    let cell = side / n.max(1) as f32;
    let rows = (height / cell.max(f32::MIN_POSITIVE)).ceil().max(1.0);
    (side - rows * cell).max(0.0)
}

/// A button for a badge: its letter, its name and how many heads have it.
pub fn badge_chip_ui(
    ui: &mut Ui,
    theme: &Theme,
    role: HeadRole,
    reading: Option<&Reading>,
    chosen: Option<HeadRole>,
) -> Response {
    let is_chosen = chosen == Some(role);
    let count = reading.map_or(0, |reading| reading.count(role));
    let ink = match (is_chosen, count) {
        (true, _) => *theme.on_accent,
        (false, 0) => *theme.dim,
        _ => *theme.text,
    };
    let layout = |text: String, font| ui.painter().layout_no_wrap(text, font, ink);
    let letter = layout(role.letter().to_string(), theme.mono());
    let name = layout(format!("{} {count}", tr(role.name())), theme.caption());
    let pad = theme.caption_size * 0.35;
    let width = letter.size().x + name.size().x + 3.0 * pad;
    let height = letter.size().y.max(name.size().y) + pad;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    let fill = if is_chosen { theme.accent } else { theme.raised };
    ui.painter().rect_filled(rect, 4.0, *fill);
    let is_pointed = response.hovered() || response.has_focus();
    let line = theme.line(if is_pointed { theme.accent } else { theme.outline });
    ui.painter().rect_stroke(rect, 4.0, line, egui::StrokeKind::Inside);
    let mut x = rect.left() + pad;
    for galley in [letter, name] {
        let size = galley.size();
        let at = Align2::LEFT_CENTER.anchor_size(pos2(x, rect.center().y), size);
        ui.painter().galley(at.min, galley, ink);
        x += size.x + pad;
    }
    let accessible = trf("Badge {0}: {1} heads", &[&tr(role.name()), &count]);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, is_chosen, &accessible)
    });
    let definition = capitalised(tr(role.definition()));
    let least = number(role.required(0.0));
    response.on_hover_text(if role == HeadRole::Diffuse {
        trf("{0}\nBadge from {1}. Click to dim the other heads", &[&definition, &least])
    } else {
        trf(
            "{0}\nBadge from {1}, and at least 0.2 above what evenly spread attention would score. \
             Click to dim the other heads",
            &[&definition, &least],
        )
    })
}

/// A line about a score: "P previous 0.82, from 0.40: attention to the token before".
pub fn score_line(role: HeadRole, score: Score) -> String {
    let mark = if role.is_earned(score) { "●" } else { "○" };
    trf(
        "{0} {1} {2} {3} (badge from {4}): {5}",
        &[
            &mark,
            &role.letter(),
            &tr(role.name()),
            &number(score.value),
            &number(role.required(score.even)),
            &tr(role.definition()),
        ],
    )
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badges_stay_where_the_mask_is() {
        // One token: its only cell is visible. Two: the right half of the first row is masked.
        assert!((masked_width(40.0, 1, 12.0) - 0.0).abs() < 1e-4);
        assert!((masked_width(40.0, 2, 12.0) - 20.0).abs() < 1e-4);
        // Letters 12 high span two rows of 10: two cells of the second row are visible.
        assert!((masked_width(40.0, 4, 12.0) - 20.0).abs() < 1e-4);
        assert!((masked_width(40.0, 400, 12.0) - 28.0).abs() < 0.11);
    }
}
