//! Both sentences as lines of chips that switch paths on and off.

use super::paths::{Mark, letter};
use super::plot::ink;
use crate::gui::contract::view::Context;
use crate::gui::look::format::abbreviate;
use crate::gui::look::theme::Theme;
use crate::text::trf;
use crate::trace::Trace;
use egui::{Align2, Response, ScrollArea, Sense, Ui, pos2, vec2};

/// What a line of chips says was done to one of them.
pub struct Pointed {
    /// Whose chip.
    pub mark: Mark,
    /// The pointer is over it.
    pub is_hovered: bool,
    /// It was clicked.
    pub is_clicked: bool,
}

/// A sentence in one line that scrolls sideways. `is_on` says which paths are drawn; with `follow`
/// the line scrolls to the first of them.
pub fn sentence_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    (sentence, trace): (usize, &Trace),
    is_on: impl Fn(Mark) -> bool,
    follow: bool,
) -> Option<Pointed> {
    let theme = ctx.theme;
    let mut pointed = None;
    let mut is_followed = !follow;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        sample_ui(ui, theme, sentence);
        let line = ScrollArea::horizontal().id_salt(("context", sentence));
        line.show(ui, |ui| {
            ui.horizontal(|ui| {
                for pos in 0..trace.tokens.len() {
                    let mark = Mark { sentence, pos };
                    let response = chip_ui(ui, ctx, trace, mark, is_on(mark));
                    if is_on(mark) && !is_followed {
                        response.scroll_to_me(None);
                        is_followed = true;
                    }
                    if response.hovered() || response.clicked() {
                        pointed = Some(Pointed {
                            mark,
                            is_hovered: response.hovered(),
                            is_clicked: response.clicked(),
                        });
                    }
                }
            });
        });
    });
    pointed
}

/// The letter of a sentence with a sample of its line: the legend of the picture.
fn sample_ui(ui: &mut Ui, theme: &Theme, sentence: usize) {
    let size = vec2(theme.body_size * 3.2, theme.body_size * 1.4);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let (painter, ink) = (ui.painter(), ink(theme, sentence));
    let at = rect.left_center();
    let letter = painter.text(at, Align2::LEFT_CENTER, letter(sentence), theme.body(), ink);
    let from = pos2(letter.right() + theme.body_size * 0.3, at.y);
    let to = pos2(rect.right() - theme.body_size * 0.3, at.y);
    super::plot::paint_line(painter, theme, sentence, [from, to], 1.0);
    super::plot::paint_mark(painter, theme, sentence, from.lerp(to, 0.5), false);
}

fn chip_ui(ui: &mut Ui, ctx: &Context<'_>, trace: &Trace, mark: Mark, is_on: bool) -> Response {
    let theme = ctx.theme;
    let Some(token) = trace.tokens.get(mark.pos) else {
        return ui.label("");
    };
    let label = abbreviate(&trace.label(mark.pos), 24);
    let text = if is_on { *theme.background } else { *theme.text };
    let font = theme.mono();
    let galley = ui.painter().layout_no_wrap(label.clone(), font, text);
    let size = galley.size() + vec2(8.0, 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = trf("Path of {0} {1} {2}", &[&letter(mark.sentence), &label, &mark.pos]);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_on, &name));
    if ui.is_rect_visible(rect) {
        let painter = ui.painter();
        let hue = ink(theme, mark.sentence);
        let fill = if is_on { hue } else { *theme.raised };
        painter.rect_filled(rect, 4.0, fill);
        let is_selected = mark.sentence == 0 && ctx.focus.query == Some(mark.pos);
        let stroke = if is_selected {
            theme.selection_stroke()
        } else if response.hovered() || response.has_focus() {
            theme.line(theme.accent)
        } else {
            theme.line(theme.outline)
        };
        painter.rect_stroke(rect, 4.0, stroke, egui::StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
        painter.galley(at.min, galley, text);
    }
    response.on_hover_text(if is_on {
        trf("position {0}, id {1}. Click to take its path away", &[&mark.pos, &token.id])
    } else {
        trf("position {0}, id {1}. Click to draw its path", &[&mark.pos, &token.id])
    })
}
