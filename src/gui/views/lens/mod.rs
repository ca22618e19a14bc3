//! The logit lens: what the model would say if it stopped after each layer.
//!
//! Rows are layers, from the embedding on top to the real output at the bottom; columns are
//! positions. Each cell is read with the model's own final norm and unembedding, so the picture
//! shows a prediction in the making: which layer first thinks of the word that is said in the end.

mod data;
mod details;
mod grid;

use crate::background::{Task, finished};
use crate::gui::contract::view::{Context, Tab, View, unfit_without_next};
use crate::gui::look::format::{count, percent};
use crate::gui::look::theme::Scale;
use crate::gui::widgets::vocabulary::meant;
use crate::gui::widgets::{empty_ui, named_legend_ui};
use crate::model::insight::lens::{Lens, Reading, Standing};
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{ModelInfo, Predicts, Token, TraceId};
use egui::{Painter, Rect, RichText, TextEdit, Ui, vec2};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a job reads on before it lets others on its thread have their turn: a new text must not
/// wait for the picture of the old one.
const TURN: Duration = Duration::from_millis(60);
/// Probabilities, and ranks brought to the same range, share one scale.
const SHADE: Scale = Scale::Sequential { max: 1.0 };

const TABS: [Tab; 2] = [
    Tab::new("Probability", "Colour: how sure each layer is of its best token"),
    Tab::new("Rank", "Colour: where a chosen token stands after each layer"),
];

/// Width of the details beside the picture, in sizes of body text.
const DETAILS: f32 = 23.0;

/// What the colour of a cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Show {
    /// The probability of the cell's best token.
    #[default]
    Probability,
    /// The rank of a token that is followed through the layers.
    Rank,
}

/// How wide the columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Columns {
    /// Wide enough for words; a long text scrolls.
    #[default]
    Readable,
    /// All positions at once.
    All,
}

/// The view.
#[derive(Debug, Default)]
pub struct LensView {
    /// The picture on screen.
    made: Option<Arc<Lens>>,
    /// The picture in the making.
    making: Option<Lens>,
    task: Option<Task<Vec<Reading>>>,
    /// What could not be read, and why.
    failed: Option<(TraceId, String)>,
    show: Show,
    columns: Columns,
    typed: String,
    chosen: Option<Token>,
    /// The embedding's row is selected: it belongs to no layer, so the shared selection cannot say it.
    embedding: Option<usize>,
    /// The cell under the pointer, row and position.
    pointed: Option<(usize, usize)>,
    /// The position last brought into sight.
    in_sight: Option<(TraceId, usize)>,
}

impl View for LensView {
    fn id(&self) -> &'static str {
        "lens"
    }

    fn name(&self) -> &'static str {
        "Logit lens"
    }

    fn unfit(&self, model: &ModelInfo) -> Option<&'static str> {
        match model.predicts {
            Predicts::Nothing => unfit_without_next(model),
            Predicts::Next | Predicts::Masked => None,
        }
    }

    fn question(&self) -> &'static str {
        "What would it say after each layer?"
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        self.show = if ctx.tab == 1 { Show::Rank } else { Show::Probability };
        if self.show == Show::Rank {
            self.follow_ui(ui, ctx);
        }
        let mut all = self.columns == Columns::All;
        ui.checkbox(&mut all, tr("All positions")).on_hover_text(tr(
            "Fit the whole text into the picture, without words where they do not fit",
        ));
        self.columns = if all { Columns::All } else { Columns::Readable };
        let vocab_size = ctx.trace.model.vocab_size;
        match self.show {
            Show::Probability => {
                named_legend_ui(
                    ui,
                    theme,
                    SHADE,
                    ["0 %", "100 %"],
                    tr("probability of the best token"),
                );
            }
            Show::Rank => {
                let last = count(vocab_size);
                named_legend_ui(ui, theme, SHADE, [&last, "1"], tr("rank, logarithmic"));
            }
        }
        if let Some(making) = &self.making {
            let (done, all) = (making.n_rows_read(), making.n_rows());
            let note = trf("reading … {0} of {1} rows", &[&done, &all]);
            ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.keep_up(ctx);
        if let Some((_, why)) = self.failed.as_ref().filter(|(id, _)| *id == ctx.trace.id) {
            return empty_ui(ui, ctx.theme, why);
        }
        let Some(lens) = self.made.clone() else {
            return empty_ui(ui, ctx.theme, tr("Reading every layer …"));
        };
        let cell = self.cell(ctx, &lens);
        let room = ui.available_rect_before_wrap();
        let theme = ctx.theme;
        let (gap, details) = (theme.body_size, theme.body_size * DETAILS);
        let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
        if room.width() > 2.2 * details {
            let (grid, side) = room.split_left_right_at_x(room.right() - details);
            let grid = grid.with_max_x(grid.right() - gap);
            ui.scope_builder(child(grid), |ui| self.grid_ui(ui, ctx, &lens));
            ui.scope_builder(child(side), |ui| details::details_ui(ui, ctx, &lens, cell));
            return;
        }
        // Beneath each other, and scrolling together.
        let scroll = egui::ScrollArea::vertical().auto_shrink(false);
        scroll.id_salt("lens").show(ui, |ui| {
            let height = self.least_height(theme, &lens).max(room.height() * 0.7);
            let (grid, _) =
                ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
            ui.scope_builder(child(grid), |ui| self.grid_ui(ui, ctx, &lens));
            ui.add_space(gap);
            details::details_ui(ui, ctx, &lens, cell);
        });
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let Some(lens) = &self.made else {
            return tr(
                "The final norm and the unembedding can read the residual stream after any layer.",
            )
            .to_owned();
        };
        let pos = self.cell(ctx, lens).1;
        let name = |id: u32| ctx.model.tokenizer.token(id).label();
        let row = |row: usize| lens.get(row, pos);
        let (Some(first), Some(last)) = (row(0), row(lens.n_rows() - 1)) else {
            return String::new();
        };
        let best = |reading: &Reading| {
            let best = reading.top.first();
            best.map_or_else(String::new, |b| trf("“{0}” ({1})", &[&name(b.id), &percent(b.prob)]))
        };
        let at = label(lens, pos);
        let said = name(last.predicted.id);
        let since = leads_since(lens, pos);
        let rank = count(first.predicted.rank + 1);
        let since = match since {
            0 => trf(
                "“{0}” leads from the embedding on; in the embedding it has rank {1}.",
                &[&said, &rank],
            ),
            row if row + 1 == lens.n_rows() => trf(
                "“{0}” leads only after the last layer; in the embedding it has rank {1}.",
                &[&said, &rank],
            ),
            row => trf(
                "“{0}” leads from layer {1} on; in the embedding it has rank {2}.",
                &[&said, &(row - 1), &rank],
            ),
        };
        let model = &ctx.trace.model;
        let reads = match (model.predicts, model.post_norm) {
            (Predicts::Masked, _) => tr("mask_head(residual stream)"),
            (_, true) => tr("unembed(residual stream)"),
            (_, false) => tr("unembed(ln_final(residual stream))"),
        };
        trf(
            "Each cell is {0}: the guess if the model stopped there. \
             At “{1}” the embedding alone says {2}; in the end it is {3}. {4}",
            &[&reads, &at, &best(first), &best(last), &since],
        )
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn receive(&mut self) {
        match finished(&mut self.task) {
            Some(Ok(readings)) => {
                if let Some(making) = &mut self.making {
                    making.extend(readings);
                }
                if self.making.as_ref().is_some_and(Lens::is_complete) {
                    self.made = self.making.take().map(Arc::new);
                }
            }
            Some(Err(problem)) => {
                let lens = self.making.take();
                self.failed = lens.map(|lens| (lens.trace.id, problem.why));
            }
            None => {}
        }
    }

    fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let lens = self.made.as_ref().filter(|lens| lens.trace.id == ctx.trace.id);
        let n_rows = ctx.trace.model.n_layers + 1;
        let height = (rect.height() / n_rows as f32).min(theme.body_size);
        let n_cols = ((rect.width() / (2.0 * height).max(4.0)) as usize)
            .clamp(1, ctx.trace.tokens.len().max(1));
        let width = (rect.width() / n_cols as f32).min(4.0 * height);
        let first = ctx.trace.tokens.len().saturating_sub(n_cols);
        let faint = egui::Stroke::new(1.0, *theme.outline);
        for (row, col) in (0..n_rows).flat_map(|row| (0..n_cols).map(move |col| (row, col))) {
            let min = rect.min + vec2(col as f32 * width, row as f32 * height);
            let cell = Rect::from_min_size(min, vec2(width, height) - vec2(1.0, 1.0));
            let best = lens.and_then(|lens| lens.get(row, first + col)?.top.first());
            // Before the lens was first opened, the output is all there is to see.
            let is_output = row + 1 == n_rows && col + 1 == n_cols;
            let known = ctx.next.ranked.first().and_then(|&id| ctx.next.probs.get(id));
            let prob = best.map(|best| best.prob).or(known.copied().filter(|_| is_output));
            match prob {
                Some(prob) => painter.rect_filled(cell, 1.0, theme.color(SHADE, prob)),
                None => painter.rect_stroke(cell, 1.0, faint, egui::StrokeKind::Inside),
            };
        }
    }
}

impl LensView {
    /// Sees to it that the picture of this recording is on its way.
    fn keep_up(&mut self, ctx: &Context<'_>) {
        let chosen = self.chosen.as_ref().map(|token| token.id);
        let is_wanted = |lens: &Lens| lens.trace.id == ctx.trace.id && lens.chosen == chosen;
        if self.made.as_ref().is_some_and(|lens| is_wanted(lens)) {
            (self.making, self.task) = (None, None);
            return;
        }
        if self.failed.as_ref().is_some_and(|(id, _)| *id == ctx.trace.id) {
            return;
        }
        if !self.making.as_ref().is_some_and(is_wanted) {
            self.task = None;
            match Lens::new(Arc::clone(ctx.trace), chosen) {
                Ok(lens) => self.making = Some(lens),
                Err(problem) => self.failed = Some((ctx.trace.id, problem.why)),
            }
        }
        let Some(making) = self.making.as_ref().filter(|_| self.task.is_none()) else {
            return;
        };
        let (rest, model) = (making.rest(), Arc::clone(ctx.model));
        self.task = Some(Task::spawn(ctx.lane, move |cancel| {
            let start = Instant::now();
            rest.read(&model, || !cancel.is_requested() && start.elapsed() < TURN)
        }));
    }

    /// Which token to follow: the model's own prediction, or one that is typed.
    fn follow_ui(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        let theme = ctx.theme;
        let label = ui.label(tr("of"));
        let edit = TextEdit::singleline(&mut self.typed)
            .hint_text(tr("the final prediction"))
            .font(theme.mono())
            .desired_width(theme.body_size * 10.5);
        let response = ui.add(edit).labelled_by(label.id).on_hover_text(tr(
            "A token to follow through the layers: its text (a space before a word counts) or its #id. \
             Empty follows what the model predicts in the end",
        ));
        if response.changed() {
            let vocab_size = ctx.trace.model.vocab_size;
            self.chosen = meant(&ctx.model.tokenizer, vocab_size, &self.typed);
        }
        if let Some(token) = &self.chosen {
            let note = format!("{} #{}", token.label(), token.id);
            ui.label(RichText::new(note).font(theme.mono()).color(*theme.accent));
        } else if !self.typed.is_empty() {
            ui.label(RichText::new(tr("no such token")).color(*theme.warning));
        }
    }

    /// The cell that is pointed at, else the selected one: row and position.
    fn cell(&self, ctx: &Context<'_>, lens: &Lens) -> (usize, usize) {
        let (n_rows, n_pos) = (lens.n_rows(), lens.n_pos());
        let row = match self.embedding {
            Some(layer) if layer == ctx.pinned.layer => 0,
            _ => ctx.focus.layer + 1,
        };
        let last = n_pos.saturating_sub(1);
        let cell = (row, ctx.focus.query.unwrap_or(last));
        let (row, pos) = self.pointed.unwrap_or(cell);
        (row.min(n_rows - 1), pos.min(last))
    }
}

/// The token at a position of the text the lens has read.
fn label(lens: &Lens, pos: usize) -> String {
    lens.trace.label(pos)
}

/// The name of a row: what the residual stream holds there.
fn row_name(lens: &Lens, row: usize) -> String {
    let name = short_name(row);
    if row > 0 && row + 1 == lens.n_rows() { trf("{0} = output", &[&name]) } else { name }
}

/// The name of a row without the word that it is the output.
fn short_name(row: usize) -> String {
    match row.checked_sub(1) {
        None => tr("embedding").to_owned(),
        Some(layer) => trf("layer {0}", &[&layer]),
    }
}

/// The token whose rank a cell shows.
fn followed(reading: &Reading) -> Standing {
    reading.chosen.unwrap_or(reading.predicted)
}

/// The first row from which the final prediction leads without a break.
fn leads_since(lens: &Lens, pos: usize) -> usize {
    let leads = |&row: &usize| lens.get(row, pos).is_some_and(|r| r.predicted.rank == 0);
    let n_rows = lens.n_rows();
    n_rows - (0..n_rows).rev().take_while(leads).count().max(1)
}

/// A rank on a logarithmic scale: 1 for the best, 0 for the last of the vocabulary.
fn rank_shade(rank: usize, vocab_size: usize) -> f32 {
    let last = (vocab_size.max(2) as f32).ln();
    (1.0 - ((rank + 1) as f32).ln() / last).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn ranks_are_shaded_by_their_logarithm() {
        assert_eq!(rank_shade(0, 10_000), 1.0);
        assert!((rank_shade(99, 10_000) - 0.5).abs() < 1e-6);
        assert_eq!(rank_shade(9_999, 10_000), 0.0);
        assert_eq!(rank_shade(0, 1), 1.0);
    }

    #[test]
    fn rows_are_named_and_the_lead_is_found() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = Arc::new(model.trace("The cat sat on the").unwrap());
        let mut lens = Lens::new(trace, None).unwrap();
        assert_eq!(leads_since(&lens, 0), lens.n_rows() - 1);
        lens.extend(lens.rest().read(&model, || true).unwrap());
        let names: Vec<String> = (0..lens.n_rows()).map(|row| row_name(&lens, row)).collect();
        assert_eq!((names[0].as_str(), names[1].as_str()), ("embedding", "layer 0"));
        assert!(names[lens.n_rows() - 1].ends_with("= output"));
        let since = leads_since(&lens, 2);
        assert!((since..lens.n_rows()).all(|row| lens.get(row, 2).unwrap().predicted.rank == 0));
        assert!(since == 0 || lens.get(since - 1, 2).unwrap().predicted.rank > 0);
    }
}
