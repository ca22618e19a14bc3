//! a − b + c: arithmetic with meanings, and how far it carries.
//!
//! Mikolov et al. 2013 found that king − man + woman lands near queen. The answer is the token
//! nearest to the sum, the three inputs excluded; without that exclusion it is mostly an input.

use super::ModelKey;
use super::strips::{Rows, Scroll, Strips};
use crate::background::Latest;
use crate::gui::format::{count, number};
use crate::gui::textures::PictureKey;
use crate::gui::theme::Scale;
use crate::gui::view::Context;
use crate::gui::widgets::{Ranked, empty_ui, legend_ui, ranked_ui};
use crate::math::sampling::rank_of;
use crate::math::vector::cosine;
use crate::model::Checkpoint;
use crate::problem::Result;
use crate::trace::{Matrix, Token};
use egui::{Rect, RichText, ScrollArea, TextEdit, Ui};
use std::sync::Arc;

/// How many answers are listed.
const LISTED: usize = 12;

/// The three words and what comes of them.
pub struct Analogy {
    words: [String; 3],
    latest: Latest<([String; 3], ModelKey), Answers>,
    scroll: Scroll,
}

impl Default for Analogy {
    fn default() -> Self {
        Self {
            words: ["king", "man", "woman"].map(str::to_owned),
            latest: Latest::default(),
            scroll: Scroll::default(),
        }
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
    /// The place of the best answer among the neighbours of a and of c alone.
    ranks_alone: [usize; 2],
    vocab_size: usize,
}

impl Answers {
    fn find(model: &Checkpoint, words: &[String; 3]) -> Result<Self> {
        let [a, b, c] = words;
        let tokens = [model.word(a)?, model.word(b)?, model.word(c)?];
        let (lexicon, ids) = (model.lexicon(), tokens.each_ref().map(|token| token.id));
        let rows = ids.map(|id| lexicon.vector(id).unwrap_or_default());
        let sought = sum(&rows);
        let near = |token: &Token, cosine: f32| Near {
            label: token.label(),
            id: token.id,
            cosine,
        };
        let found = lexicon.nearest(&sought, LISTED, &ids);
        let ranked: Vec<Near> = found
            .iter()
            .map(|found| near(&model.tokenizer.token(found.id), found.cosine))
            .collect();
        let best = ranked.first().map_or(u32::MAX, |best| best.id);
        // The token itself comes first among its own neighbours, so its nearest has rank 1.
        let alone = |row: &Vec<f32>| rank_of(&lexicon.cosines(row), best as usize);
        let answer = lexicon.vector(best).unwrap_or_default();
        let ([t0, t1, t2], [a, b, c]) = (&tokens, &rows);
        let inputs = [(t0, a), (t1, b), (t2, c)];
        Ok(Self {
            inputs: inputs.map(|(token, row)| near(token, cosine(row, &sought))),
            ranks_alone: [alone(a), alone(c)],
            vectors: [a, b, c, &sought, &answer]
                .into_iter()
                .flatten()
                .copied()
                .collect(),
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
            "= the sum".to_owned(),
            format!("≈ {best}"),
        ]
    }

    /// How much the best answer is worth.
    fn verdict(&self) -> String {
        let Some(best) = self.ranked.first() else {
            return String::new();
        };
        let [a, _, c] = self.inputs.each_ref().map(|input| input.label.as_str());
        let [rank_a, rank_c] = self.ranks_alone;
        let worth = match rank_a.min(rank_c) {
            0 | 1 => "the sum adds little: it is the nearest neighbour of an input anyway",
            _ if best.cosine < 0.5 => "a loose match: nothing lies near the sum",
            _ => "the sum brought it nearer than either word alone",
        };
        format!(
            "“{}” is number {} among the neighbours of “{a}” alone, number {} of “{c}”: {worth}.",
            best.label,
            count(rank_a),
            count(rank_c)
        )
    }
}

/// a − b + c.
fn sum([a, b, c]: &[Vec<f32>; 3]) -> Vec<f32> {
    let pairs = a.iter().zip(b).zip(c);
    pairs.map(|((a, b), c)| a - b + c).collect()
}

impl Analogy {
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
                egui::WidgetInfo::labeled(egui::Role::TextInput, true, format!("Word {name}"))
            });
            response.on_hover_text(format!("Word {name} of a − b + c: any single token"));
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
            None => return empty_ui(ui, ctx.theme, "Calculating …"),
        };
        let room = ui.available_rect_before_wrap();
        let unit = ctx.theme.body_size;
        let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
        let is_wide = room.width() > unit * 44.0;
        let strips = strips(ctx, answers);
        let needed = strips.height(ctx.theme) + unit * 2.0;
        if is_wide {
            let (left, right) = room.split_left_right_at_fraction(0.56);
            ui.scope_builder(child(left), |ui| {
                strips_ui(ui, ctx, &mut self.scroll, &strips)
            });
            let right = right.with_min_x(right.left() + unit * 2.0);
            ui.scope_builder(child(right), |ui| answers_ui(ui, ctx, answers));
        } else if room.height() > needed + unit * 12.0 {
            let (top, bottom) = room.split_top_bottom_at_y(room.top() + needed);
            ui.scope_builder(child(top), |ui| {
                strips_ui(ui, ctx, &mut self.scroll, &strips)
            });
            let bottom = bottom.with_min_y(bottom.top() + unit);
            ui.scope_builder(child(bottom), |ui| answers_ui(ui, ctx, answers));
        } else {
            answers_ui(ui, ctx, answers);
        }
    }

    /// The sum, its answer, and what the exclusion of the inputs hides.
    pub fn explain(&self) -> String {
        let Some(Ok(answers)) = self.latest.answer() else {
            return String::new();
        };
        let (Some(best), [a, b, c]) = (answers.ranked.first(), &answers.inputs) else {
            return String::new();
        };
        let inputs = [a, b, c].map(|input| format!("“{}” {}", input.label, number(input.cosine)));
        format!(
            "The vector of “{}” minus that of “{}” plus that of “{}”: of all {} tokens but these three, “{}” is nearest to the sum, cos = {}. \
             The inputs are excluded, as they are often nearer: {}.",
            a.label,
            b.label,
            c.label,
            count(answers.vocab_size),
            best.label,
            number(best.cosine),
            inputs.join(", ")
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
        scale: Scale::around_zero(&answers.vectors),
        rows: Rows::Vectors,
    }
}

fn strips_ui(ui: &mut Ui, ctx: &mut Context<'_>, scroll: &mut Scroll, strips: &Strips<'_>) {
    legend_ui(ui, ctx.theme, strips.scale, "value of a dimension");
    scroll.ui(ui, ctx, strips);
}

fn answers_ui(ui: &mut Ui, ctx: &Context<'_>, answers: &Answers) {
    let theme = ctx.theme;
    let [a, b, c] = answers.inputs.each_ref().map(|input| input.label.as_str());
    let title = format!("{a} − {b} + {c} ≈");
    ui.label(RichText::new(title).font(theme.title()));
    let note = |ui: &mut Ui, text: String| {
        ui.label(RichText::new(text).font(theme.caption()).color(*theme.dim));
    };
    let vocab = count(answers.vocab_size);
    note(
        ui,
        format!("nearest of all {vocab} tokens, by cosine; the three inputs are excluded"),
    );
    let area = ScrollArea::vertical().id_salt("answers").auto_shrink(false);
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for answer in &answers.ranked {
            let row = Ranked {
                label: &answer.label,
                value: answer.cosine,
                full: 1.0,
                color: *theme.accent,
            };
            ranked_ui(ui, theme, &row).on_hover_text(format!("id {}", answer.id));
        }
        ui.add_space(theme.body_size / 2.0);
        ui.label(RichText::new(answers.verdict()).font(theme.body()));
    });
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
        let model = Checkpoint::bundled(&BUNDLED[0], DeviceKind::default()).unwrap();
        let words = ["king", "man", "woman"].map(str::to_owned);
        let answers = Answers::find(&model, &words).unwrap();
        assert_eq!(answers.ranked[0].label, "·queen");
        assert!(
            answers
                .inputs
                .iter()
                .all(|input| !answers.ranked.contains(input))
        );
        // The honest part: with the inputs, the answer would have been the king himself.
        assert!(answers.inputs[0].cosine > answers.ranked[0].cosine);
        assert_eq!(answers.vectors.len(), 5 * answers.dim);
        let none = Answers::find(&model, &["king", "", "woman"].map(str::to_owned));
        assert!(none.is_err());
    }
}
