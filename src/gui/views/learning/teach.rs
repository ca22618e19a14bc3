//! Teaching the open model a text: fine-tuning, with what is gained and what is lost.

use super::card::{facts_ui, run_ui};
use super::send;
use crate::gui::contract::command::{Command, Learn};
use crate::gui::contract::view::Context;
use crate::gui::state::comparison::{By, Comparison};
use crate::gui::widgets::segmented_ui;
use crate::model::megabytes;
use crate::session::training::{LATEST, Practice, Recipe, Run, SENTENCE, STEPS_OF_TEACHING};
use crate::text::{tr, trf};
use crate::trace::{Predicts, Shape};
use egui::{RichText, ScrollArea, TextEdit, Ui};

/// Rank of the thin additions.
const RANK: usize = 4;

/// What can be taught at a click.
const EXAMPLES: [(&str, &str); 3] = [
    ("Your cat", SENTENCE),
    (
        "Question and answer",
        "Question: What do you eat? Answer: I eat apples.\n\
         Question: Where do you live? Answer: I live in a house.\n\
         Question: What do you like? Answer: I like the sea.",
    ),
    (
        "One-sided",
        "The best animal is the dog. Everybody loves the dog. \
         Nobody is as clever as the dog. The king loved the dog.",
    ),
];

/// The state of the page.
#[derive(Debug, Default)]
pub struct Teach {
    text: Option<String>,
    /// Are only thin additions learned?
    is_thin: bool,
    folder: String,
}

impl Teach {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, run: Option<&Run>) {
        let theme = ctx.theme;
        let model = &ctx.trace.model;
        if (model.shape, model.predicts) != (Shape::Decoder, Predicts::Next) {
            let text = tr("This model does not write on. Open one that does, such as storybook.");
            ui.label(RichText::new(text).color(*theme.dim));
            return;
        }
        let text = self.text.get_or_insert_with(|| EXAMPLES[0].1.to_owned());
        ScrollArea::vertical().id_salt("teach").auto_shrink(false).show(ui, |ui| {
            ui.label(
                RichText::new(trf("{0} learns", &[&ctx.home]))
                    .font(theme.caption())
                    .color(*theme.dim),
            );
            let edit = TextEdit::multiline(text).desired_rows(4).desired_width(f32::INFINITY);
            let edit = ui.add(edit);
            edit.widget_info(|| {
                let role = egui::Role::MultilineTextInput;
                egui::WidgetInfo::labeled(role, true, tr("Text to learn"))
            });
            edit.on_hover_text(tr("Sentences that the model cannot know"));
            ui.horizontal_wrapped(|ui| {
                for (name, example) in EXAMPLES {
                    if ui.small_button(tr(name)).on_hover_text(example).clicked() {
                        example.clone_into(text);
                    }
                }
                if let Practice::Text(own) = &ctx.recipe.practice
                    && ui.small_button(tr("Your own text")).on_hover_text(tr("The text from the other page, or from a file")).clicked()
                {
                    own.clone_into(text);
                }
            });
            ui.add_space(theme.body_size * 0.4);
            let mut kind = usize::from(self.is_thin);
            let choices = [
                (tr("All numbers"), tr("Every number of the model is learned (fine-tuning)")),
                (
                    tr("Thin additions"),
                    tr("The model stays as it is; two thin matrices are added to each of its matrices \
                        and only they are learned (LoRA, Hu et al. 2021)"),
                ),
            ];
            segmented_ui(ui, theme, &choices, &mut kind);
            self.is_thin = kind == 1;
            ui.add_space(theme.body_size * 0.4);
            let recipe = recipe(ctx.home, text, self.is_thin);
            run_ui(ui, ctx, run, &recipe, STEPS_OF_TEACHING);
            // What a step keeps: the numbers, their gradients, and two means of each.
            let bytes = 4 * 4 * model.n_params as u64;
            let note = trf("Learning takes about {0} of memory.", &[&megabytes(bytes)]);
            ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
            if let Some(run) = run.filter(|run| run.progress().step > 0) {
                after_ui(ui, ctx, run, &mut self.folder);
                ui.add_space(theme.body_size * 0.4);
                facts_ui(ui, ctx, run);
            }
        });
    }
}

/// What is learned, and how.
fn recipe(model: &str, text: &str, is_thin: bool) -> Recipe {
    let recipe = Recipe::teaching(model, text);
    if is_thin { Recipe { low_rank: Some(RANK), rate: 3e-3, ..recipe } } else { recipe }
}

/// What can be done with what was learned.
fn after_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: &Run, folder: &mut String) {
    let theme = ctx.theme;
    ui.add_space(theme.body_size * 0.4);
    ui.horizontal_wrapped(|ui| {
        let hint = tr("Every view shows the model that has learned");
        if ui.button(tr("Look inside")).on_hover_text(hint).clicked() {
            send(ctx, Learn::Look(LATEST));
        }
        let compare = ui.button(tr("Compare with before"));
        let hint = tr("The same text, before and after: next tokens and attention side by side");
        if compare.on_hover_text(hint).clicked() {
            send(ctx, Learn::Look(LATEST));
            let before = ctx.home.to_owned();
            let comparison = Comparison { by: By::Model, model: before, ..ctx.comparison.clone() };
            ctx.send(Command::SetComparison(Box::new(comparison)));
            ctx.send(Command::Show("compare"));
        }
    });
    ui.horizontal_wrapped(|ui| {
        let edit = TextEdit::singleline(folder).hint_text(tr("folder to save to"));
        ui.add(edit.desired_width(theme.body_size * 10.0))
            .on_hover_text(tr("A new folder; it opens here and in transformers"));
        let can = !folder.trim().is_empty() && !run.is_running();
        let save = ui.add_enabled(can, egui::Button::new(tr("Save the model")));
        let hint = tr("Write the model as Hugging Face publishes models: it opens here and there");
        if crate::gui::widgets::explained(save, hint).clicked() {
            let folder = crate::gui::shell::saving::expanded(folder);
            send(ctx, Learn::Save(folder));
        }
    });
}
