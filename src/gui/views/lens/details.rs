//! One cell in full: the ten best tokens and how far each has moved since the layer before.

use super::{label, row_name};
use crate::gui::format::{percent, short_count};
use crate::gui::theme::Theme;
use crate::gui::view::Context;
use crate::gui::widgets::fitted_text;
use crate::model::lens::{Lens, Standing};
use egui::{Align2, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};

/// Draws the list of a cell.
pub(super) fn details_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    lens: &Lens,
    (row, pos): (usize, usize),
) {
    let theme = ctx.theme;
    let title = format!("{} at {}", row_name(lens, row), label(lens, pos));
    let title = crate::gui::format::abbreviate(&title, 40);
    ui.label(
        RichText::new(title)
            .font(theme.mono())
            .color(*theme.selection),
    );
    let note = match row {
        0 => "the ten best tokens".to_owned(),
        _ => format!(
            "the ten best tokens, ranks against {}",
            row_name(lens, row - 1)
        ),
    };
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    let Some(reading) = lens.get(row, pos) else {
        return;
    };
    let full = reading.top.first().map_or(1.0, |best| best.prob);
    let room = ui.available_height() / reading.top.len().max(1) as f32;
    let height = room.clamp(theme.body_size * 1.3, theme.body_size * 1.7);
    ScrollArea::vertical()
        .id_salt("lens details")
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (i, standing) in reading.top.iter().enumerate() {
                let change = lens
                    .rank_before(row, pos, i)
                    .map(|before| Change::new(before, i));
                let label = ctx.model.tokenizer.token(standing.id).label();
                row_ui(ui, theme, &label, standing, [full, height], change);
            }
        });
}

/// How a token's rank differs from that in the layer before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Up(usize),
    Down(usize),
    Same,
}

impl Change {
    fn new(before: usize, now: usize) -> Self {
        match before.cmp(&now) {
            std::cmp::Ordering::Greater => Self::Up(before - now),
            std::cmp::Ordering::Less => Self::Down(now - before),
            std::cmp::Ordering::Equal => Self::Same,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Up(by) => format!("↑ {}", short_count(by)),
            Self::Down(by) => format!("↓ {}", short_count(by)),
            Self::Same => "=".to_owned(),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Up(by) => format!("up by {by}"),
            Self::Down(by) => format!("down by {by}"),
            Self::Same => "unmoved".to_owned(),
        }
    }
}

/// One token: rank, name, bar, probability, change of rank.
fn row_ui(
    ui: &mut Ui,
    theme: &Theme,
    label: &str,
    standing: &Standing,
    [full, height]: [f32; 2],
    change: Option<Change>,
) {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let moved = change.map_or_else(String::new, |change| format!(", {}", change.words()));
    let rank = standing.rank + 1;
    let name = format!("{label}, rank {rank}, {}{moved}", percent(standing.prob));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    let painter = ui.painter();
    let digit = theme.body_size * 0.62;
    let y = rect.center().y;
    let text = |x: f32, anchor: Align2, text: String, ink| {
        painter.text(pos2(x, y), anchor, text, theme.mono(), ink);
    };
    let name_left = rect.left() + 3.0 * digit;
    let change_left = rect.right() - 7.5 * digit;
    let percent_right = change_left - digit;
    let bar_right = percent_right - 7.5 * digit;
    let name_width = (bar_right - name_left).clamp(5.0 * digit, 10.0 * digit);
    text(
        rect.left() + 2.0 * digit,
        Align2::RIGHT_CENTER,
        rank.to_string(),
        *theme.dim,
    );
    let at = pos2(name_left, y);
    fitted_text(
        painter,
        at,
        Align2::LEFT_CENTER,
        label,
        theme.mono(),
        *theme.text,
        name_width,
    );
    text(
        percent_right,
        Align2::RIGHT_CENTER,
        percent(standing.prob),
        *theme.text,
    );
    let track = Rect::from_x_y_ranges(name_left + name_width + digit..=bar_right, rect.y_range());
    if track.width() > digit {
        let share = (standing.prob / full.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        let bar = track.shrink2(vec2(0.0, height * 0.25));
        let bar = bar.with_max_x(bar.left() + bar.width() * share);
        painter.rect_filled(bar, 2.0, *theme.accent);
    }
    if let Some(change) = change {
        let ink = if change == Change::Same {
            *theme.dim
        } else {
            *theme.text
        };
        text(change_left, Align2::LEFT_CENTER, change.text(), ink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_rank_is_up() {
        assert_eq!(Change::new(12, 2), Change::Up(10));
        assert_eq!(Change::new(0, 2).text(), "↓ 2");
        assert_eq!(Change::new(2, 2), Change::Same);
    }
}
