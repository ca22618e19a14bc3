//! How alike two sentences are, after every layer.
//!
//! A sentence's vector is the mean of its tokens' vectors; how alike two sentences are is the cosine
//! of the angle between theirs. After the last layer the vectors know the words around them.

use super::ModelKey;
use crate::background::Latest;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, number};
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{Cells, Heatmap, Labels, Ranked, empty_ui, legend_ui, ranked_ui};
use crate::math::vector::{cosine, mean_row};
use crate::session::second_text;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{Hook, Matrix, Trace, TraceId};
use egui::{FontId, Rect, RichText, ScrollArea, TextEdit, Ui};
use std::sync::Arc;

/// Cosines lie between -1 and 1.
const COSINES: Scale = Scale::Diverging { limit: 1.0 };

/// The second sentence and how it compares with the text.
pub struct Similarity {
    second: String,
    latest: Latest<(TraceId, ModelKey, String), Option<Compared>>,
}

impl Default for Similarity {
    fn default() -> Self {
        Self { second: "The dog lay on the bed".to_owned(), latest: Latest::default() }
    }
}

/// Two sentences side by side.
struct Compared {
    model: ModelKey,
    names: [Vec<String>; 2],
    second: Arc<Trace>,
    /// The cosine of the sentences' vectors at each stage, the last one last.
    stages: Vec<(Hook, f32)>,
    /// The cosines of all pairs of tokens after the last layer, `[first, second]`.
    tokens: Vec<f32>,
}

impl Compared {
    /// `None` when a recording holds no residual stream.
    fn new(first: &Trace, second: Arc<Trace>) -> Option<Self> {
        let n_layers = first.model.n_layers;
        let mut hooks = vec![Hook::Embed];
        hooks.extend((0..n_layers).map(|layer| Hook::Block(layer, first.model.leaving())));
        let stage = |&hook: &Hook| {
            let mean = mean_cosine(matrix(first, hook)?, matrix(&second, hook)?);
            Some((hook, mean))
        };
        let stages: Option<Vec<_>> = hooks.iter().map(stage).collect();
        let last = hooks.last().copied().unwrap_or(Hook::Embed);
        let (a, b) = (matrix(first, last)?, matrix(&second, last)?);
        let mut stages = stages?;
        if let (Some(a), Some(b)) = (first.get(Hook::Pooled), second.get(Hook::Pooled)) {
            stages.push((Hook::Pooled, cosine(a.data(), b.data())));
        }
        let labels = |trace: &Trace| (0..trace.tokens.len()).map(|pos| trace.label(pos)).collect();
        Some(Self {
            model: ModelKey(Arc::clone(&second.model)),
            names: [labels(first), labels(&second)],
            stages,
            tokens: cosines(a, b),
            second,
        })
    }

    fn score(&self) -> f32 {
        self.stages.last().map_or(f32::NAN, |&(_, cosine)| cosine)
    }
}

/// A stage in the tables.
fn stage_id(hook: Hook) -> String {
    match hook {
        Hook::Embed => "embedding".to_owned(),
        Hook::Block(layer, _) => format!("layer {layer}"),
        _ => "pooled".to_owned(),
    }
}

/// A stage on screen.
fn stage_name(hook: Hook) -> String {
    match hook {
        Hook::Embed => tr("embedding").to_owned(),
        Hook::Block(layer, _) => trf("layer {0}", &[&layer]),
        _ => tr("pooled").to_owned(),
    }
}

fn matrix(trace: &Trace, hook: Hook) -> Option<Matrix<'_>> {
    trace.get(hook)?.as_matrix()
}

/// The cosine of the means over positions.
fn mean_cosine(a: Matrix<'_>, b: Matrix<'_>) -> f32 {
    cosine(&mean_row(a.data, a.cols), &mean_row(b.data, b.cols))
}

/// The cosine of every row of `a` with every row of `b`, `[a, b]`.
fn cosines(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let pairs = (0..a.rows).flat_map(|i| (0..b.rows).map(move |j| (i, j)));
    pairs.map(|(i, j)| cosine(a.row(i), b.row(j))).collect()
}

impl Similarity {
    /// The score stage by stage, and every pair of tokens after the last layer.
    pub fn tables(&self) -> Option<[Table; 2]> {
        let compared = self.compared()?;
        let [first, second] = &compared.names;
        let stages = || compared.stages.iter();
        let pairs = || {
            let second = second.iter().enumerate();
            let first = first.iter().enumerate();
            first.flat_map(move |a| second.clone().map(move |b| (a, b)))
        };
        let sentences = Table::new("similarity")
            .text("after", stages().map(|&(hook, _)| stage_id(hook)))
            .number("cosine", stages().map(|&(_, cosine)| cosine));
        let tokens = Table::new("similarity_of_tokens")
            .integer("first_pos", pairs().map(|((a, _), _)| a))
            .text("first_token", pairs().map(|((_, a), _)| a.clone()))
            .integer("second_pos", pairs().map(|(_, (b, _))| b))
            .text("second_token", pairs().map(|(_, (_, b))| b.clone()))
            .number("cosine", compared.tokens.iter().copied());
        Some([sentences, tokens])
    }

    /// The field for the second sentence.
    pub fn controls(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        let theme = ctx.theme;
        let width = (theme.body_size * 22.0).min(ui.available_width());
        let field = TextEdit::singleline(&mut self.second)
            .font(theme.body())
            .char_limit(2_000)
            .hint_text(tr("a second sentence"))
            .desired_width(width);
        let response = ui.add(field);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Second sentence"))
        });
        response.on_hover_text(tr("The sentence to compare the text with"));
        legend_ui(ui, theme, COSINES, tr("cosine"));
    }

    /// The score with its history on one side, the tokens in pairs on the other.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.ask(ctx);
        let theme = ctx.theme;
        let compared = match self.latest.answer() {
            Some(Ok(Some(compared))) => compared,
            Some(Ok(None)) => {
                let why = tr("There is nothing to compare: the recording holds no residual stream");
                return empty_ui(ui, theme, why);
            }
            Some(Err(problem)) => return empty_ui(ui, theme, &problem.to_string()),
            None => return empty_ui(ui, theme, tr("Reading the second sentence …")),
        };
        let room = ui.available_rect_before_wrap();
        let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
        let unit = theme.body_size;
        let has_room = room.width() > unit * 40.0 && room.height() > unit * 12.0;
        if !has_room {
            return score_ui(ui, ctx, compared);
        }
        let width = (room.width() * 0.36).clamp(unit * 19.0, unit * 30.0);
        let (left, right) = room.split_left_right_at_x(room.left() + width);
        ui.scope_builder(child(left), |ui| score_ui(ui, ctx, compared));
        let right = right.with_min_x(right.left() + unit * 1.5);
        ui.scope_builder(child(right), |ui| pairs_ui(ui, ctx, compared));
    }

    fn ask(&mut self, ctx: &Context<'_>) {
        let model_key = ModelKey(Arc::clone(&ctx.model.info));
        let key = (ctx.trace.id, model_key.clone(), self.second.clone());
        self.latest.ask(ctx.lane, key, |last| {
            let same = last
                .and_then(Option::as_ref)
                .filter(|last| last.model == model_key && last.second.text == self.second);
            let known = same.map(|last| Arc::clone(&last.second));
            let (model, first) = (Arc::clone(ctx.model), Arc::clone(ctx.trace));
            let text = self.second.clone();
            move |_| {
                let second = match known {
                    Some(second) => second,
                    None => second_text(&model, &text, &[], &first)?,
                };
                Ok(Compared::new(&first, second))
            }
        });
    }

    /// The score and what it is made of.
    pub fn explain(&self, ctx: &Context<'_>) -> String {
        let Some(compared) = self.compared() else {
            return String::new();
        };
        let n_layers = ctx.trace.model.n_layers;
        let [a, b] = compared.names.each_ref().map(Vec::len);
        let second = abbreviate(&compared.second.text, 40);
        let score = number(compared.score());
        if let Some(pooling) = &ctx.trace.model.pooling {
            return trf(
                "This model makes one vector of a text: {0}. Those of the text and of “{1}” have a cosine of {2}: \
                 1 where they point the same way, about 0 where the texts have nothing in common.",
                &[pooling, &second, &score],
            );
        }
        let before = compared.stages.first();
        let before = before.map_or(f32::NAN, |&(_, cosine)| cosine);
        trf(
            "The vectors that leave the last of {0} layers are averaged over the {1} tokens of the text and the {2} tokens of “{3}”: \
             cos(mean, mean) = {4}. Before the first layer, where word order and context are unknown, it was {5}.",
            &[&n_layers, &a, &b, &second, &score, &number(before)],
        )
    }

    fn compared(&self) -> Option<&Compared> {
        self.latest.answer()?.as_ref().ok()?.as_ref()
    }

    /// Takes the comparison.
    pub fn receive(&mut self) {
        self.latest.receive();
    }

    /// Is the comparison still awaited?
    pub fn is_busy(&self) -> bool {
        self.latest.is_busy()
    }
}

fn score_ui(ui: &mut Ui, ctx: &Context<'_>, compared: &Compared) {
    let theme = ctx.theme;
    let large = FontId::new(theme.title_size * 2.0, theme.title().family);
    ui.label(RichText::new(number(compared.score())).font(large));
    let note = if ctx.trace.model.pooling.is_some() {
        tr("cosine of the vectors the model makes of the two texts (1 = same direction)")
    } else {
        tr("cosine of the sentences' mean vectors after the last layer (1 = same direction)")
    };
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    ui.add_space(theme.body_size / 2.0);
    ui.label(RichText::new(tr("The same, stage by stage")).font(theme.body()));
    let area = ScrollArea::vertical().id_salt("stages").auto_shrink(false);
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for (i, (hook, cosine)) in compared.stages.iter().enumerate() {
            let is_last = i + 1 == compared.stages.len();
            let row = Ranked {
                label: &stage_name(*hook),
                value: *cosine,
                full: 1.0,
                color: *(if is_last { theme.accent } else { theme.residual }),
            };
            ranked_ui(ui, theme, &row);
        }
    });
}

/// Every token of the text with every token of the second sentence.
fn pairs_ui(ui: &mut Ui, ctx: &mut Context<'_>, compared: &Compared) {
    let [rows, cols] = &compared.names;
    let heatmap = Heatmap {
        what: format!("similarity with {:?}", compared.second.id),
        matrix: Matrix { rows: rows.len(), cols: cols.len(), data: &compared.tokens },
        scale: COSINES,
        rows: Labels { title: tr("the text"), names: rows, color: *ctx.theme.text },
        cols: Labels { title: tr("the second sentence →"), names: cols, color: *ctx.theme.text },
        focus: (ctx.focus.query.filter(|&pos| pos < rows.len()), None),
        cells: Cells::Stretch,
    };
    let shown = heatmap.show(ui, ctx);
    let name = tr("Cosine of every token of the text with every token of the second sentence");
    shown.say(name, |row, col| {
        let value = number(heatmap.value((row, col)).unwrap_or(f32::NAN));
        format!("cos({}, {}) = {value}", rows[row], cols[col])
    });
    // Only the row is a token of the text that other views know.
    if let Some((row, _)) = shown.pointed {
        ctx.point(&shown.response, Target::Token(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn a_sentence_is_like_itself_and_the_score_is_the_traces() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let first = model.trace("The cat sat on the mat").unwrap();
        let same = Compared::new(&first, Arc::new(first.clone())).unwrap();
        assert!(same.stages.iter().all(|(_, cosine)| (cosine - 1.0).abs() < 1e-5));

        let second = model.trace("Once upon a time").unwrap();
        let compared = Compared::new(&first, Arc::new(second.clone())).unwrap();
        let last = Hook::Block(model.info.n_layers - 1, model.info.leaving());
        let mean = |trace: &Trace| mean_row(trace.get(last).unwrap().data(), model.info.d_model);
        let expected = cosine(&mean(&first), &mean(&second));
        assert!((compared.score() - expected).abs() < 1e-6 && expected < 1.0);
        assert_eq!(compared.tokens.len(), first.tokens.len() * second.tokens.len());
    }

    #[test]
    fn pairs_are_row_by_row() {
        let a = Matrix { rows: 2, cols: 2, data: &[1.0, 0.0, 0.0, 1.0] };
        let b = Matrix { rows: 1, cols: 2, data: &[0.0, 3.0] };
        assert_eq!(cosines(a, b), [0.0, 1.0]);
        assert!((mean_cosine(a, b) - 0.5_f32.sqrt()).abs() < 1e-6);
    }
}
