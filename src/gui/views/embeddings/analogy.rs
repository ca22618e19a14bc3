//! a − b + c: arithmetic with meanings, and how far it carries.
//!
//! Mikolov et al. 2013 found that king − man + woman lands near queen. The answer is the token
//! nearest to the sum, the three inputs excluded; without that exclusion it is mostly an input.

use super::ModelKey;
use super::strips::{Rows, Scroll, Strips};
use crate::background::Latest;
use crate::gui::contract::textures::PictureKey;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, number};
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{Ranked, empty_ui, ranked_ui};
use crate::math::sampling::rank_of;
use crate::math::vector::cosine;
use crate::model::Checkpoint;
use crate::problem::Result;
use crate::text::{tr, trf};
use crate::trace::{Matrix, Token};
use egui::{Rect, RichText, ScrollArea, TextEdit, Ui};
use std::sync::Arc;

/// How many answers are listed.
const LISTED: usize = 16;

/// The three words and what comes of them.
pub struct Analogy {
    words: [String; 3],
    latest: Latest<([String; 3], ModelKey), Answers>,
}

impl Default for Analogy {
    fn default() -> Self {
        Self { words: ["king", "man", "woman"].map(str::to_owned), latest: Latest::default() }
    }
}

/// A token by its label, and its cosine with the sum.
#[derive(Debug, Clone, PartialEq)]
struct Near {
    label: String,
    id: u32,
    cosine: f32,
}

/// What an analogy came to.
struct Answers {
    inputs: [Near; 3],
    ranked: Vec<Near>,
    /// a, b, c, their sum and the best answer, one vector after the other.
    vectors: Vec<f32>,
    dim: usize,
    /// The best answer as a neighbour of a and of c alone: its place and its cosine.
    alone: [(usize, f32); 2],
    vocab_size: usize,
}

impl Answers {
    fn find(model: &Checkpoint, words: &[String; 3]) -> Result<Self> {
        let [a, b, c] = words;
        let tokens = [model.word(a)?, model.word(b)?, model.word(c)?];
        let (lexicon, ids) = (model.lexicon(), tokens.each_ref().map(|token| token.id));
        let rows = ids.map(|id| lexicon.vector(id).unwrap_or_default());
        let sought = sum(&rows);
        let near = |token: &Token, cosine: f32| Near { label: token.label(), id: token.id, cosine };
        let found = lexicon.nearest(&sought, LISTED, &ids);
        let ranked: Vec<Near> = found
            .iter()
            .map(|found| near(&model.tokenizer.token(found.id), found.cosine))
            .collect();
        let best = ranked.first().map_or(u32::MAX, |best| best.id);
        // The token itself comes first among its own neighbours, so its nearest has rank 1.
        let alone = |row: &Vec<f32>| {
            let cosines = lexicon.cosines(row);
            let cosine = cosines.get(best as usize).copied().unwrap_or(0.0);
            (rank_of(&cosines, best as usize), cosine)
        };
        let answer = lexicon.vector(best).unwrap_or_default();
        let ([t0, t1, t2], [a, b, c]) = (&tokens, &rows);
        let inputs = [(t0, a), (t1, b), (t2, c)];
        Ok(Self {
            inputs: inputs.map(|(token, row)| near(token, cosine(row, &sought))),
            alone: [alone(a), alone(c)],
            vectors: [a, b, c, &sought, &answer].into_iter().flatten().copied().collect(),
            dim: sought.len(),
            ranked,
            vocab_size: model.info.vocab_size,
        })
    }

    /// What each of the vectors is.
    fn names(&self) -> Vec<String> {
        let [a, b, c] = self.inputs.each_ref().map(|input| input.label.as_str());
        let best = self.ranked.first().map_or("", |best| best.label.as_str());
        vec![
            a.to_owned(),
            format!("− {b}"),
            format!("+ {c}"),
            tr("= the sum").to_owned(),
            format!("≈ {best}"),
        ]
    }

    /// How much the best answer owes to the arithmetic.
    fn verdict(&self) -> String {
        let Some(best) = self.ranked.first() else {
            return String::new();
        };
        let [a, _, c] = self.inputs.each_ref().map(|input| input.label.as_str());
        let [(rank_a, cos_a), (rank_c, cos_c)] = self.alone;
        let worth = if best.cosine <= cos_a.max(cos_c) {
            tr("The sum brings it no nearer: a poor analogy.")
        } else if rank_a.min(rank_c) <= 1 {
            tr("The sum brings it nearer, but it came first without any arithmetic.")
        } else {
            tr("The sum brings it nearer than either word alone.")
        };
        let place = trf(
            "“{0}” is neighbour number {1} of “{2}” alone (cosine {3}) and number {4} of “{5}” ({6}).",
            &[&best.label, &count(rank_a), &a, &number(cos_a), &count(rank_c), &c, &number(cos_c)],
        );
        format!("{place} {worth}")
    }
}

/// a − b + c.
fn sum([a, b, c]: &[Vec<f32>; 3]) -> Vec<f32> {
    let pairs = a.iter().zip(b).zip(c);
    pairs.map(|((a, b), c)| a - b + c).collect()
}

impl Analogy {
    /// The answers as a table, when there are some.
    pub fn table(&self) -> Option<crate::table::Table> {
        let answers = self.latest.answer()?.as_ref().ok()?;
        let near = || answers.inputs.iter().chain(&answers.ranked);
        let roles = ["a", "b", "c"].map(str::to_owned).into_iter();
        let ranks = (1..=answers.ranked.len()).map(|rank| rank.to_string());
        let table = crate::table::Table::new("analogy")
            .text("input_or_rank", roles.chain(ranks))
            .integer("id", near().map(|near| near.id))
            .text("token", near().map(|near| near.label.clone()))
            .number("cosine", near().map(|near| near.cosine));
        Some(table)
    }

    /// The fields for the three words.
    pub fn controls(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        let theme = ctx.theme;
        for (i, word) in self.words.iter_mut().enumerate() {
            let (sign, name) = [("", "a"), ("−", "b"), ("+", "c")][i];
            if !sign.is_empty() {
                ui.label(RichText::new(sign).font(theme.title()));
            }
            let field = TextEdit::singleline(word)
                .font(theme.mono())
                .char_limit(40)
                .desired_width(theme.body_size * 6.0);
            let response = ui.add(field);
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::TextInput, true, trf("Word {0}", &[&name]))
            });
            response.on_hover_text(trf("Word {0} of a − b + c: any single token", &[&name]));
        }
    }

    /// The vectors that are added, and the answers.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let key = (self.words.clone(), ModelKey(Arc::clone(&ctx.model.info)));
        self.latest.ask(ctx.lane, key, |_| {
            let (model, words) = (Arc::clone(ctx.model), self.words.clone());
            move |_| Answers::find(&model, &words)
        });
        let answers = match self.latest.answer() {
            Some(Ok(answers)) => answers,
            Some(Err(problem)) => return problem_ui(ui, ctx, problem),
            None => return empty_ui(ui, ctx.theme, tr("Calculating …")),
        };
        let room = ui.available_rect_before_wrap();
        let unit = ctx.theme.body_size;
        let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
        let strips = strips(ctx, answers);
        if room.width() > unit * 44.0 {
            let (left, right) = room.split_left_right_at_fraction(0.56);
            ui.scope_builder(child(left), |ui| {
                strips_ui(ui, ctx, &strips);
                ui.add_space(unit);
                check_ui(ui, ctx, answers);
            });
            let right = right.with_min_x(right.left() + unit * 2.0);
            let area = ScrollArea::vertical().id_salt("answers").auto_shrink(false);
            ui.scope_builder(child(right), |ui| area.show(ui, |ui| answers_ui(ui, ctx, answers)));
            return;
        }
        let area = ScrollArea::vertical().id_salt("analogy").auto_shrink(false);
        area.show(ui, |ui| {
            answers_ui(ui, ctx, answers);
            ui.add_space(unit);
            check_ui(ui, ctx, answers);
            ui.add_space(unit);
            strips_ui(ui, ctx, &strips);
        });
    }

    /// The sum, its answer, and what the exclusion of the inputs hides.
    pub fn explain(&self) -> String {
        let Some(Ok(answers)) = self.latest.answer() else {
            return String::new();
        };
        let (Some(best), [a, b, c]) = (answers.ranked.first(), &answers.inputs) else {
            return String::new();
        };
        let inputs =
            [a, b, c].map(|input| trf("“{0}” {1}", &[&input.label, &number(input.cosine)]));
        trf(
            "The vector of “{0}” minus that of “{1}” plus that of “{2}”: of all {3} tokens but these three, “{4}” is nearest to the sum, cos = {5}. \
             The inputs are excluded, as they are often nearer: {6}.",
            &[
                &a.label,
                &b.label,
                &c.label,
                &count(answers.vocab_size),
                &best.label,
                &number(best.cosine),
                &inputs.join(", "),
            ],
        )
    }

    /// Takes the answers.
    pub fn receive(&mut self) {
        self.latest.receive();
    }

    /// Are the answers still awaited?
    pub fn is_busy(&self) -> bool {
        self.latest.is_busy()
    }
}

fn problem_ui(ui: &mut Ui, ctx: &Context<'_>, problem: &crate::problem::Problem) {
    let theme = ctx.theme;
    let what = RichText::new(&problem.what).font(theme.title());
    ui.label(what.color(*theme.warning));
    ui.label(RichText::new(&problem.why).font(theme.mono()));
    ui.label(RichText::new(&problem.cure).font(theme.body()));
}

fn strips<'a>(ctx: &Context<'_>, answers: &'a Answers) -> Strips<'a> {
    let ids: Vec<u32> = answers.inputs.iter().map(|input| input.id).collect();
    Strips {
        key: PictureKey {
            trace: ctx.trace.id,
            what: format!("analogy {ids:?}"),
            theme: &ctx.theme.name,
        },
        matrix: Matrix {
            rows: answers.vectors.len().checked_div(answers.dim).unwrap_or(0),
            cols: answers.dim,
            data: &answers.vectors,
        },
        names: answers.names(),
        scale: Scale::without_outliers(&answers.vectors),
        rows: Rows::Vectors,
    }
}

fn strips_ui(ui: &mut Ui, ctx: &mut Context<'_>, strips: &Strips<'_>) {
    super::values_legend_ui(ui, ctx.theme, strips.scale, strips.matrix.data);
    let size = egui::vec2(ui.available_width(), strips.height(ctx.theme));
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        Scroll::default().ui(ui, ctx, strips);
    });
}

fn rows_ui(ui: &mut Ui, theme: &Theme, rows: &[Near], color: egui::Color32) {
    ui.spacing_mut().item_spacing.y = 1.0;
    for near in rows {
        let row = Ranked { label: &near.label, value: near.cosine, full: 1.0, color };
        ranked_ui(ui, theme, &row).on_hover_text(format!("id {}", near.id));
    }
}

/// The tokens nearest to the sum.
fn answers_ui(ui: &mut Ui, ctx: &Context<'_>, answers: &Answers) {
    let theme = ctx.theme;
    let [a, b, c] = answers.inputs.each_ref().map(|input| input.label.as_str());
    let title = format!("{a} − {b} + {c} ≈");
    ui.label(RichText::new(title).font(theme.title()));
    let vocab = count(answers.vocab_size);
    let note = trf("nearest of all {0} tokens, by cosine, without the three inputs", &[&vocab]);
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    ui.scope(|ui| rows_ui(ui, theme, &answers.ranked, *theme.accent));
}

/// What the list of answers does not show: the excluded inputs, and how far the answer was before.
fn check_ui(ui: &mut Ui, ctx: &Context<'_>, answers: &Answers) {
    let theme = ctx.theme;
    ui.label(RichText::new(answers.verdict()).font(theme.body()));
    ui.add_space(theme.body_size / 2.0);
    let note = tr("The inputs' own cosines with the sum; they are excluded from the answers");
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    ui.scope(|ui| rows_ui(ui, theme, &answers.inputs, *theme.residual));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    #[test]
    fn sums_are_entry_by_entry() {
        let rows = [vec![3.0, 1.0], vec![2.0, 5.0], vec![10.0, 0.5]];
        assert_eq!(sum(&rows), [11.0, -3.5]);
    }

    #[test]
    fn the_inputs_are_no_answers() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let words = ["king", "man", "woman"].map(str::to_owned);
        let answers = Answers::find(&model, &words).unwrap();
        assert_eq!(answers.ranked[0].label, "·queen");
        assert!(answers.inputs.iter().all(|input| !answers.ranked.contains(input)));
        // The honest part: with the inputs, the answer would have been the king himself.
        assert!(answers.inputs[0].cosine > answers.ranked[0].cosine);
        assert_eq!(answers.vectors.len(), 5 * answers.dim);
        let none = Answers::find(&model, &["king", "", "woman"].map(str::to_owned));
        assert!(none.is_err());
    }
}
