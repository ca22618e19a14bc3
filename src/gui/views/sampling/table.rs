//! The whole vocabulary on its way through the filters: a row for each token, a column for each step.

use super::{Made, Toss, cut_line};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, number, percent};
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{fitted_text, hatch};
use crate::math::sampling::{Filter, Sampling};
use crate::math::stages::{Measure, Row, Stages};
use crate::text::{tr, trf};
use egui::{Align2, Color32, Rect, ScrollArea, Sense, Ui, pos2, vec2};

/// What the pointer did.
#[derive(Debug, Default)]
pub(super) struct Pointed {
    pub(super) hovered: Option<u32>,
    pub(super) clicked: Option<u32>,
}

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Token,
    Logit,
    /// The step with this index.
    Step(usize),
    /// The probabilities before the first cut.
    Softmax,
    /// The probabilities a token is drawn with.
    Final,
    /// Both probabilities, before and after, as bars.
    Bars,
}

/// Columns with their titles and where they begin and end.
struct Columns {
    columns: Vec<(Column, String, f32, f32)>,
    width: f32,
}

/// Widths in characters.
const TOKEN_CHARS: f32 = 10.5;
const BAR_CHARS: f32 = 17.0;
const LEAST_CHARS: f32 = 7.3;

impl Columns {
    fn new(stages: &Stages, sampling: &Sampling, char_width: f32, room: f32) -> Self {
        let mut kinds = vec![Column::Token, Column::Logit];
        let first_cut = stages.first_cut.as_ref().map(|(first, _)| *first);
        for index in 0..stages.steps.len() {
            if Some(index) == first_cut {
                kinds.push(Column::Softmax);
            }
            kinds.push(Column::Step(index));
        }
        kinds.extend([Column::Final, Column::Bars]);
        let mut end = 0.0;
        let place = |kind: Column| {
            let title = title(kind, stages, sampling);
            let chars = match kind {
                Column::Token => TOKEN_CHARS,
                Column::Bars => BAR_CHARS,
                _ => {
                    let heading = heading(kind, stages).chars().count() as f32;
                    let title = title.chars().count() as f32 + 1.0;
                    // The heading is set in a narrower type.
                    LEAST_CHARS.max(title).max(heading * 0.88 + 0.8)
                }
            };
            let start = end;
            end += chars * char_width;
            (kind, title, start, end)
        };
        let mut columns: Vec<_> = kinds.into_iter().map(place).collect();
        // The bars take what is left.
        if let Some(last) = columns.last_mut() {
            last.3 = last.3.max(room);
            end = last.3;
        }
        Self { columns, width: end }
    }
}

fn title(column: Column, stages: &Stages, sampling: &Sampling) -> String {
    let step = |index: usize| match stages.steps.get(index).map(|step| step.filter) {
        Some(Filter::RepetitionPenalty) => {
            trf("by {0}", &[&sampling.repetition_penalty.unwrap_or(1.0)])
        }
        Some(Filter::Temperature) if !sampling.is_greedy() => format!("/ {}", sampling.temperature),
        Some(Filter::Temperature | Filter::TopK) => tr("rank").to_owned(),
        Some(Filter::TopP) => "Σ p".to_owned(),
        Some(Filter::MinP) => tr("p / best").to_owned(),
        Some(Filter::TypicalP) => "|−ln p−H|".to_owned(),
        None => String::new(),
    };
    match column {
        Column::Token => tr("token").to_owned(),
        Column::Logit => "logit".to_owned(),
        Column::Step(index) => step(index),
        Column::Final if stages.first_cut.is_some() => "p".to_owned(),
        Column::Softmax | Column::Final => "softmax".to_owned(),
        Column::Bars => tr("□ before ■ after").to_owned(),
    }
}

/// Above the title: which filter the column belongs to.
fn heading(column: Column, stages: &Stages) -> &'static str {
    let filter = |index: usize| stages.steps.get(index).map(|step| step.filter);
    match column {
        Column::Step(index) => match filter(index) {
            Some(Filter::RepetitionPenalty) => tr("penalty"),
            filter => filter.map_or("", |filter| tr(filter.name())),
        },
        Column::Final if stages.first_cut.is_some() => tr("renormalised"),
        _ => "",
    }
}

/// What a row needs to be drawn.
struct Drawing<'a> {
    theme: &'static Theme,
    stages: &'a Stages,
    columns: &'a Columns,
    /// The probability with the longest bar.
    full: f32,
}

/// Draws the table in the room that is left; the rows out of sight cost nothing.
pub(super) fn table_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    made: &Made,
    (toss, focus, pinned): (Toss, Option<u32>, Option<u32>),
) -> Pointed {
    let (theme, stages) = (ctx.theme, &made.stages);
    let zero = ui.painter().layout_no_wrap("0".to_owned(), theme.mono_caption(), *theme.text);
    let columns = Columns::new(stages, ctx.sampling, zero.size().x, ui.available_width());
    let largest = |probs: &[f32]| probs.iter().copied().fold(0.0, f32::max);
    let drawing = Drawing {
        theme,
        stages,
        columns: &columns,
        full: largest(&stages.own).max(largest(&stages.probs)),
    };
    let mut pointed = Pointed::default();
    let height = (theme.caption_size * 1.7).round();
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::horizontal().id_salt("columns").auto_shrink(false).show(ui, |ui| {
        ui.set_min_width(columns.width);
        header_ui(ui, &drawing);
        let rows = ScrollArea::vertical().id_salt("rows").auto_shrink(false);
        rows.show_rows(ui, height, stages.rows.len(), |ui, range| {
            for row in stages.rows.get(range).unwrap_or_default() {
                let (rect, response) =
                    ui.allocate_exact_size(vec2(columns.width, height), row_sense(*row));
                match *row {
                    Row::Cut(index) => {
                        let text = cut_line(stages, index, ctx.sampling);
                        paint_cut(ui, theme, rect, &text);
                        response.widget_info(|| {
                            egui::WidgetInfo::labeled(egui::Role::Label, true, &text)
                        });
                    }
                    Row::Token(id) => {
                        let label = ctx.model.tokenizer.token(id).label();
                        let name = row_name(stages, &label, id);
                        response.widget_info(|| {
                            egui::WidgetInfo::labeled(egui::Role::Button, true, &name)
                        });
                        if response.hovered() || response.has_focus() {
                            pointed.hovered = Some(id);
                        }
                        if response.clicked() {
                            pointed.clicked = Some(id);
                        }
                        drawing.ground(ui, rect, (id == toss.slice.id, focus == Some(id)));
                        drawing.row(ui, rect, id, &label);
                        if pinned == Some(id) {
                            let stroke = theme.selection_stroke();
                            ui.painter().rect_stroke(
                                rect.shrink(1.0),
                                3.0,
                                stroke,
                                egui::StrokeKind::Inside,
                            );
                        }
                        response.on_hover_text_at_pointer(trf(
                            "{0}. Click to keep its numbers below",
                            &[&name],
                        ));
                    }
                }
            }
        });
    });
    pointed
}

fn row_sense(row: Row) -> Sense {
    match row {
        Row::Token(_) => Sense::click(),
        Row::Cut(_) => Sense::hover(),
    }
}

fn row_name(stages: &Stages, label: &str, id: u32) -> String {
    let index = id as usize;
    let prob = |probs: &[f32]| percent(probs.get(index).copied().unwrap_or(0.0));
    let rank = count(crate::math::sampling::rank_of(&stages.own, index) + 1);
    let before = prob(&stages.own);
    match stages.cut_by.get(index) {
        Some(Some(filter)) => trf(
            "{0}, id {1}, rank {2}, {3}, cut by {4}",
            &[&label, &id, &rank, &before, &tr(filter.name())],
        ),
        _ => trf(
            "{0}, id {1}, rank {2}, {3}, after the filters {4}",
            &[&label, &id, &rank, &before, &prob(&stages.probs)],
        ),
    }
}

fn header_ui(ui: &mut Ui, drawing: &Drawing<'_>) {
    let theme = drawing.theme;
    let line = theme.caption_size * 1.4;
    let has_headings = !drawing.stages.steps.is_empty();
    let height = if has_headings { 2.0 * line } else { line };
    let size = vec2(drawing.columns.width, height);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let painter = ui.painter();
    for (column, title, start, end) in &drawing.columns.columns {
        let left_aligned = matches!(column, Column::Token | Column::Bars);
        let (anchor, x) = if left_aligned {
            let gap = if *column == Column::Bars { theme.body_size } else { 6.0 };
            (Align2::LEFT_CENTER, rect.left() + start + gap)
        } else {
            (Align2::RIGHT_CENTER, rect.left() + end - 4.0)
        };
        let y = rect.bottom() - line / 2.0;
        painter.text(pos2(x, y), anchor, title, theme.mono_caption(), *theme.text);
        let heading = heading(*column, drawing.stages);
        let at = pos2(x, y - line);
        painter.text(at, anchor, heading, theme.caption(), *theme.dim);
    }
    painter.hline(rect.x_range(), rect.bottom(), theme.line(theme.outline));
}

/// The line of a filter, with its running sum.
fn paint_cut(ui: &Ui, theme: &Theme, rect: Rect, text: &str) {
    let painter = ui.painter();
    let clip = ui.clip_rect();
    let galley = painter.layout_no_wrap(text.to_owned(), theme.caption(), *theme.accent);
    let left = rect.left().max(clip.left()) + 6.0;
    let at = Align2::LEFT_CENTER.anchor_size(pos2(left, rect.center().y), galley.size());
    let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
    painter.hline(at.right() + 8.0..=rect.right(), rect.center().y, stroke);
    painter.galley(at.min, galley, *theme.accent);
}

impl Drawing<'_> {
    /// Behind a row: drawn by the coin, or pointed at.
    fn ground(&self, ui: &Ui, rect: Rect, (is_drawn, is_focus): (bool, bool)) {
        let painter = ui.painter();
        if is_focus {
            painter.rect_filled(rect, 3.0, *self.theme.raised);
            let stroke = self.theme.line(self.theme.outline);
            painter.rect_stroke(rect.shrink(1.0), 3.0, stroke, egui::StrokeKind::Inside);
        }
        if is_drawn {
            let mark = Rect::from_min_size(rect.min, vec2(self.theme.stroke + 2.0, rect.height()));
            painter.rect_filled(mark, 1.0, *self.theme.accent);
        }
    }

    fn row(&self, ui: &Ui, rect: Rect, id: u32, label: &str) {
        let theme = self.theme;
        let index = id as usize;
        let cut = self.stages.cut_by.get(index).copied().flatten();
        let ink = if cut.is_some() { *theme.dim } else { *theme.text };
        for (column, _, start, end) in &self.columns.columns {
            let cell = rect.with_min_x(rect.left() + start).with_max_x(rect.left() + end);
            if *column == Column::Token {
                let at = pos2(cell.left() + 8.0, cell.center().y);
                let font = theme.mono_caption();
                let width = cell.width() - 12.0;
                let shown =
                    fitted_text(ui.painter(), at, Align2::LEFT_CENTER, label, font, ink, width);
                if cut.is_some() {
                    ui.painter().hline(shown.x_range(), cell.center().y, self.strike());
                }
            } else if *column == Column::Bars {
                self.bars(ui, cell, index);
            } else if let Some(text) = self.text(*column, index) {
                let is_reason = matches!(column, Column::Step(step)
                    if cut.is_some() && self.stages.steps.get(*step).map(|s| s.filter) == cut);
                self.number(ui, cell, &text, (ink, is_reason));
            }
        }
    }

    fn strike(&self) -> egui::Stroke {
        egui::Stroke::new(self.theme.stroke.min(2.0), *self.theme.dim)
    }

    /// A number; the one for which the token was cut is struck through.
    fn number(&self, ui: &Ui, cell: Rect, text: &str, (ink, is_reason): (Color32, bool)) {
        let at = pos2(cell.right() - 4.0, cell.center().y);
        let font = self.theme.mono_caption();
        let shown = ui.painter().text(at, Align2::RIGHT_CENTER, text, font, ink);
        if is_reason {
            ui.painter().hline(shown.x_range(), cell.center().y, self.strike());
        }
    }

    /// What stands in a cell; nothing after the token was cut.
    fn text(&self, column: Column, id: usize) -> Option<String> {
        let stages = self.stages;
        match column {
            Column::Token | Column::Bars => None,
            Column::Logit => stages.logits.get(id).map(|&logit| number(logit)),
            Column::Softmax => {
                let (_, probs) = stages.first_cut.as_ref()?;
                probs.get(id).map(|&p| percent(p))
            }
            Column::Final => {
                let is_cut = stages.cut_by.get(id)?.is_some();
                let prob = stages.probs.get(id)?;
                (!is_cut).then(|| percent(*prob))
            }
            Column::Step(index) => {
                let step = stages.steps.get(index)?;
                let value = *step.values.get(id).filter(|value| !value.is_nan())?;
                Some(match step.measure {
                    Measure::Rank => count(value as usize),
                    Measure::RunningSum | Measure::Share => percent(value),
                    Measure::Score | Measure::Distance => number(value),
                })
            }
        }
    }

    /// The model's own probability as an outline, the one after the filters filled.
    fn bars(&self, ui: &Ui, cell: Rect, id: usize) {
        let theme = self.theme;
        let track = Rect::from_min_max(
            pos2(cell.left() + theme.body_size, cell.top() + cell.height() * 0.18),
            pos2(cell.right() - theme.body_size, cell.bottom() - cell.height() * 0.18),
        );
        if track.width() <= 0.0 {
            return;
        }
        let bar = |probs: &[f32]| {
            let p = probs.get(id).copied().unwrap_or(0.0);
            let length = (p / self.full.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
            track.with_max_x(track.left() + track.width() * length)
        };
        let (before, after) = (bar(&self.stages.own), bar(&self.stages.probs));
        let painter = ui.painter();
        painter.rect_filled(after, 1.0, *theme.accent);
        if after.width() <= 0.0 && before.width() >= 2.0 {
            hatch(painter, before, theme.line(theme.outline), 6.0);
        }
        if before.width() >= 1.0 {
            painter.rect_stroke(before, 1.0, theme.line(theme.dim), egui::StrokeKind::Inside);
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_the_filters_in_force() {
        let logits = [2.0, 1.0, 0.0];
        let plain = Sampling::default();
        let kinds = |sampling: &Sampling| {
            let stages = Stages::new(sampling, &logits, &[]);
            let columns = Columns::new(&stages, sampling, 7.0, 100.0);
            columns.columns.iter().map(|c| c.0).collect::<Vec<_>>()
        };
        let ends = [Column::Final, Column::Bars];
        assert_eq!(kinds(&plain), [&[Column::Token, Column::Logit], &ends[..]].concat());
        let sampling = Sampling { temperature: 0.5, top_k: Some(2), ..plain };
        let middle = [Column::Step(0), Column::Softmax, Column::Step(1)];
        let all = [&[Column::Token, Column::Logit], &middle[..], &ends[..]].concat();
        assert_eq!(kinds(&sampling), all);
    }

    #[test]
    fn columns_fill_the_room() {
        let stages = Stages::new(&Sampling::default(), &[1.0, 2.0], &[]);
        let columns = Columns::new(&stages, &Sampling::default(), 7.0, 900.0);
        assert_eq!(columns.width, 900.0);
        let narrow = Columns::new(&stages, &Sampling::default(), 7.0, 10.0);
        assert!(narrow.width > 10.0);
    }
}
