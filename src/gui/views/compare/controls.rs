//! What the prompt is compared with: the controls of each tab.

use super::{Compare, colors};
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::shell::side;
use crate::gui::state::comparison::{By, Comparison};
use crate::gui::widgets::segmented_ui;
use crate::math::sampling::{Filter, Sampling};
use crate::model::BUNDLED;
use crate::text::{tr, trf};
use egui::{Key, RichText, TextEdit, Ui};

/// Pairs of texts that differ in one thing, and what that is.
const PRESETS: [(&str, [&str; 2]); 2] = [
    (
        "apple: fruit or company",
        ["please buy an apple and an orange", "apple unveiled the new phone"],
    ),
    (
        "who is it: hungry or tasty",
        [
            "The cat chased the mouse because it was hungry",
            "The cat chased the mouse because it was tasty",
        ],
    ),
];
/// Words that make another text when one takes the other's place.
const SWAPS: [(&str, &str); 8] = [
    ("cat", "dog"),
    ("hungry", "tasty"),
    ("boy", "girl"),
    ("little", "big"),
    ("he", "she"),
    ("apple", "orange"),
    ("dog", "cat"),
    ("the", "a"),
];
/// The second text takes this many characters.
const MAX_CHARS: usize = 2_000;

impl Compare {
    pub(super) fn controls_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        by_ui(ui, ctx);
        match ctx.comparison.by {
            By::Text => self.text_ui(ui, ctx),
            By::Model => self.model_ui(ui, ctx),
            By::Sampling => sampling_ui(ui, ctx),
            By::Edits => edits_ui(ui, ctx),
        }
    }

    fn text_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let label = ui.label(RichText::new(tr("Second text")).color(colors(theme)[1]));
        let examples = ui.menu_button(tr("Examples"), |ui| {
            for (name, [first, second]) in PRESETS {
                let preset = ui.button(tr(name));
                if preset.on_hover_text(trf("“{0}” and “{1}”", &[&first, &second])).clicked()
                {
                    ctx.send(Command::SetPrompt(first.to_owned()));
                    set(ctx, |comparison| comparison.text = Some(second.to_owned()));
                    self.partner = None;
                }
            }
        });
        examples.response.on_hover_text(tr("Two texts that differ in one thing"));
        let mut text = Self::second(ctx);
        let edit = TextEdit::singleline(&mut text)
            .char_limit(MAX_CHARS)
            .hint_text(tr("Another text …"))
            .desired_width(rest(ui, ctx));
        let response = ui.add(edit).labelled_by(label.id);
        if response.on_hover_text(tr("What the prompt is compared with")).changed() {
            set(ctx, |comparison| comparison.text = Some(text));
            self.partner = None;
        }
    }

    fn model_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let label = ui.label(RichText::new(tr("Second model")).color(colors(ctx.theme)[1]));
        let mut chosen = None;
        let bundled = ui.menu_button(tr("Bundled"), |ui| {
            for model in BUNDLED {
                if ui.button(model.name).clicked() {
                    chosen = Some(model.name.to_owned());
                }
            }
        });
        bundled.response.on_hover_text(tr("Models inside the program"));
        let typed = self.typed_model.clone();
        let mut name = typed.unwrap_or_else(|| ctx.comparison.model.clone());
        let edit = TextEdit::singleline(&mut name)
            .hint_text(tr("A model's folder, then Enter"))
            .desired_width(rest(ui, ctx));
        let field = ui.add(edit).labelled_by(label.id);
        let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let help = tr(
            "A folder as Hugging Face publishes models, or the name of a bundled one; both models read the prompt",
        );
        if field.on_hover_text(help).changed() {
            self.typed_model = Some(name.clone());
        }
        if is_entered {
            chosen = Some(name.trim().to_owned());
        }
        if let Some(name) = chosen {
            self.typed_model = None;
            set(ctx, |comparison| comparison.model = name);
        }
    }
}

/// What can be compared.
const CHOICES: [(By, &str, &str); 4] = [
    (By::Text, "Two texts", "The prompt and another text, read by the same model"),
    (By::Model, "Two models", "The prompt, read by two models"),
    (
        By::Sampling,
        "Two settings",
        "The same scores, from which the next token is chosen in two ways",
    ),
    (By::Edits, "Experiment", "The changed model and the unchanged one"),
];

/// What is compared.
fn by_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let is_now = |(by, ..): &(By, &str, &str)| *by == ctx.comparison.by;
    let now = CHOICES.iter().position(is_now).unwrap_or(0);
    let mut chosen = now;
    let choices = CHOICES.map(|(_, name, hint)| (tr(name), tr(hint)));
    segmented_ui(ui, ctx.theme, &choices, &mut chosen);
    if chosen != now {
        set(ctx, |comparison| comparison.by = CHOICES[chosen].0);
    }
}

/// The second settings: what they are, and how to change them.
fn sampling_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let mut sampling = ctx.comparison.sampling.clone();
    ui.label(RichText::new(tr("Second settings")).color(colors(theme)[1]));
    let menu = ui.menu_button(summary(&sampling), |ui| {
        side::sampling_ui(ui, &mut sampling, ctx.model.info.vocab_size);
    });
    menu.response.on_hover_text(tr("Temperature, top-k and top-p of the second choice"));
    let same = ui.button(tr("As on the right"));
    if same.on_hover_text(tr("Begin with the settings in force")).clicked() {
        sampling = ctx.sampling.clone();
    }
    let swap = ui.button(tr("Swap"));
    let swap = swap
        .on_hover_text(tr("Put the second settings in force, and compare with those that were"));
    if swap.clicked() {
        ctx.send(Command::SetSampling(sampling));
        sampling = ctx.sampling.clone();
    }
    let first = trf("first: {0}", &[&summary(ctx.sampling)]);
    ui.label(RichText::new(first).color(colors(theme)[0]))
        .on_hover_text(tr("The settings in force, on the right"));
    if sampling != ctx.comparison.sampling {
        set(ctx, |comparison| comparison.sampling = sampling);
    }
}

/// Settings in a few words.
fn summary(sampling: &Sampling) -> String {
    if sampling.is_greedy() {
        return tr("greedy").to_owned();
    }
    let value = |filter| match filter {
        Filter::RepetitionPenalty => sampling.repetition_penalty,
        Filter::Temperature => Some(sampling.temperature),
        Filter::TopK => sampling.top_k.map(|k| k as f32),
        Filter::TopP => sampling.top_p,
        Filter::MinP => sampling.min_p,
        Filter::TypicalP => sampling.typical_p,
    };
    let on = sampling.filters().into_iter();
    let parts: Vec<String> =
        on.filter_map(|filter| Some(format!("{} {}", tr(filter.name()), value(filter)?))).collect();
    if parts.is_empty() {
        return tr("no filters").to_owned();
    }
    parts.join(", ")
}

/// What is changed, and where to change it.
fn edits_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let name = match ctx.edits.len() {
        0 => tr("Change a part …").to_owned(),
        1 => tr("1 change …").to_owned(),
        n => trf("{0} changes …", &[&n]),
    };
    let go = ui.button(name);
    if go.on_hover_text(tr("Go to the experiment, where parts are changed")).clicked() {
        ctx.send(Command::Show("experiment"));
    }
}

/// The room that is left in the row.
fn rest(ui: &Ui, ctx: &Context<'_>) -> f32 {
    let room = ui.available_size_before_wrap().x - ctx.theme.body_size * 1.5;
    room.max(ctx.theme.body_size * 10.0)
}

fn set(ctx: &mut Context<'_>, change: impl FnOnce(&mut Comparison)) {
    let mut comparison = ctx.comparison.clone();
    change(&mut comparison);
    ctx.send(Command::SetComparison(Box::new(comparison)));
}

/// A text that differs from another in one word, or lacks its last.
pub(super) fn variation(text: &str) -> String {
    for (old, new) in SWAPS {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let found = text.match_indices(old).find(|(at, _)| {
            let (before, after) = (&text[..*at], &text[at + old.len()..]);
            !is_letter(before.chars().next_back()) && !is_letter(after.chars().next())
        });
        if let Some((at, _)) = found {
            return format!("{}{new}{}", &text[..at], &text[at + old.len()..]);
        }
    }
    match text.trim_end().rsplit_once(' ') {
        Some((start, _)) if !start.trim().is_empty() => start.to_owned(),
        _ => format!("{text} and"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variation_is_a_small_change() {
        for (text, other) in [
            ("The cat sat", "The dog sat"),
            ("concatenate that", "concatenate"),
            ("naïve café", "naïve"),
            ("Hello", "Hello and"),
            ("", " and"),
            ("sit on the", "sit on a"),
        ] {
            assert_eq!(variation(text), other);
        }
    }

    #[test]
    fn settings_are_told_in_a_few_words() {
        let sampling = Sampling { temperature: 0.7, top_k: Some(40), ..Sampling::default() };
        assert_eq!(summary(&sampling), "temperature 0.7, top-k 40");
        assert_eq!(summary(&Sampling::default()), "no filters");
    }
}
