//! Two texts side by side, through the same model.
//!
//! Change one word and see how far the change travels: which tokens differ, where a head looks
//! instead, from which layer on the residual streams part, and what becomes of the next token. What
//! stands before the first difference cannot change: attention looks only back.

mod both;
mod pictures;
mod rows;

use crate::background::{Task, finished};
use crate::gui::command::Command;
use crate::gui::format::{number, percent};
use crate::gui::theme::Theme;
use crate::gui::view::{Context, View};
use crate::gui::widgets::{deck_ui, empty_ui};
use crate::model::{Checkpoint, Edit};
use crate::problem::Problem;
use crate::trace::TraceId;
use both::Both;
use egui::{Color32, Painter, Rect, RichText, TextEdit, Ui, vec2};
use pictures::{attention_ui, next_ui, streams_ui};
use std::sync::{Arc, Weak};

/// Pairs of texts that differ in one thing, and what that is.
const PRESETS: [(&str, [&str; 2]); 2] = [
    (
        "apple: fruit or company",
        [
            "please buy an apple and an orange",
            "apple unveiled the new phone",
        ],
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

/// The colours of the two texts: the first stands out, the other is neutral.
fn colors(theme: &Theme) -> [Color32; 2] {
    [*theme.accent, *theme.residual]
}

/// The view.
#[derive(Debug, Default)]
pub struct Compare {
    /// The second text, once it was typed; before that, a small change of the first.
    second: Option<String>,
    /// The token of the second text that was clicked, and the chosen one of the first at that time.
    partner: Option<(Option<usize>, usize)>,
    reading: Option<Task<Both>>,
    asked: Option<Question>,
    both: Option<Both>,
    problem: Option<Problem>,
}

/// What is compared.
#[derive(Debug)]
struct Question {
    model: Weak<Checkpoint>,
    first: TraceId,
    second: String,
    edits: Vec<Edit>,
}

impl View for Compare {
    fn id(&self) -> &'static str {
        "compare"
    }

    fn name(&self) -> &'static str {
        "Compare"
    }

    fn question(&self) -> &'static str {
        "What differs between two texts?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let label = ui.label(RichText::new("Second text").color(colors(theme)[1]));
        let examples = ui.menu_button("Examples", |ui| {
            for (name, [first, second]) in PRESETS {
                let preset = ui.button(name);
                if preset
                    .on_hover_text(format!("“{first}” and “{second}”"))
                    .clicked()
                {
                    ctx.send(Command::SetPrompt(first.to_owned()));
                    self.second = Some(second.to_owned());
                    self.partner = None;
                }
            }
        });
        examples
            .response
            .on_hover_text("Two texts that differ in one thing");
        let mut text = self.second(ctx.trace.typed());
        let room = ui.available_size_before_wrap().x - theme.body_size * 1.5;
        let edit = TextEdit::singleline(&mut text)
            .char_limit(MAX_CHARS)
            .hint_text("Another text …")
            .desired_width(room.max(theme.body_size * 10.0));
        let response = ui.add(edit).labelled_by(label.id);
        if response
            .on_hover_text("What the prompt is compared with")
            .changed()
        {
            self.second = Some(text);
            self.partner = None;
        }
        self.ask(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        if let Some(problem) = &self.problem {
            let text = format!("{}: {}. {}", problem.what, problem.why, problem.cure);
            ui.label(RichText::new(text).color(*theme.error));
        }
        let Some(both) = &self.both else {
            return empty_ui(ui, theme, "Type a second text above");
        };
        let focus = self.focus(ctx, both);
        let clicked = rows::rows_ui(ui, ctx, both, focus);
        deck_ui(
            ui,
            theme,
            &["Next token", "Attention", "Residual streams"],
            |ui, panel| match panel {
                0 => next_ui(ui, ctx, both),
                1 => attention_ui(ui, ctx, both),
                _ => streams_ui(ui, ctx, both, focus),
            },
        );
        if let Some(pos) = clicked {
            self.partner = Some((ctx.pinned.query, pos));
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let Some(both) = &self.both else {
            return "Type a second text: its tokens, attention and next word appear beside the first.".to_owned();
        };
        let best = |probs: &Vec<f32>| {
            let id = crate::math::sampling::top(probs, 1)
                .first()
                .copied()
                .unwrap_or(0);
            let label = ctx.model.tokenizer.token(id as u32).label();
            format!(
                "“{label}” ({})",
                percent(probs.get(id).copied().unwrap_or(f32::NAN))
            )
        };
        let mut text = format!(
            "{} of {} places differ. Best guess after the first text: {}, after the second: {}; the Jensen-Shannon divergence \
             is {} bits of at most 1.",
            both.n_different(),
            both.columns.len(),
            best(&both.probs[0]),
            best(&both.probs[1]),
            number(both.js_bits),
        );
        if let Some(cosines) = self.focus(ctx, both).and_then(|pair| both.cosines(pair))
            && let Some((first, last)) = cosines.first().zip(cosines.last())
        {
            let (first, last) = (number(*first), number(*last));
            text =
                format!("{text} The streams enter with a cosine of {first} and leave with {last}.");
        }
        text
    }

    fn receive(&mut self) {
        match finished(&mut self.reading) {
            Some(Ok(both)) => (self.both, self.problem) = (Some(both), None),
            Some(Err(problem)) => self.problem = Some(problem),
            None => {}
        }
    }

    fn is_busy(&self) -> bool {
        self.reading.is_some()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let n = self
            .both
            .as_ref()
            .map_or(ctx.trace.tokens.len(), |both| both.columns.len());
        let step = rect.width() / n.max(1) as f32;
        let row = (rect.height() / 2.0 - 3.0).min(theme.body_size);
        for i in 0..n {
            let column = self.both.as_ref().and_then(|both| both.columns.get(i));
            let is_same =
                column.is_none_or(|&c| self.both.as_ref().is_some_and(|both| both.is_same(c)));
            let places = column.map_or([Some(i); 2], |c| [c.first, c.second]);
            for (line, place) in places.into_iter().enumerate() {
                let min = rect.min + vec2(i as f32 * step, line as f32 * (row + 4.0));
                let tile = Rect::from_min_size(min, vec2((step * 0.8).max(1.0), row));
                let color = if is_same {
                    *theme.outline
                } else {
                    colors(theme)[line]
                };
                if place.is_some() {
                    painter.rect_filled(tile, 2.0, color);
                }
            }
        }
    }
}

impl Compare {
    /// The second text: what was typed, or a small change of the first.
    fn second(&self, first: &str) -> String {
        self.second.clone().unwrap_or_else(|| variation(first))
    }

    /// Has the model read the second text, if what is compared has changed. The newest question wins;
    /// until it is answered, the last picture stays.
    fn ask(&mut self, ctx: &Context<'_>) {
        let question = Question {
            model: Arc::downgrade(ctx.model),
            first: ctx.trace.id,
            second: self.second(ctx.trace.typed()),
            edits: ctx.edits.to_vec(),
        };
        if self.asked.as_ref().is_some_and(|asked| asked.is(&question)) {
            return;
        }
        let (model, first) = (Arc::clone(ctx.model), Arc::clone(ctx.trace));
        let (text, edits) = (question.second.clone(), question.edits.clone());
        self.asked = Some(question);
        self.reading = Some(Task::spawn(ctx.lane, move |_| {
            let second = model.trace_edited(&text, &edits)?.part_like(&first);
            Ok(Both::new(first, second))
        }));
    }

    /// The pair of tokens that is compared: the chosen one and the one beside it unless another was
    /// clicked, or the last ones.
    fn focus(&self, ctx: &Context<'_>, both: &Both) -> Option<(usize, usize)> {
        let query = ctx.focus.query;
        let (first, second) = (
            both.first.tokens.len().checked_sub(1)?,
            both.second.tokens.len().checked_sub(1)?,
        );
        let partner = self
            .partner
            .filter(|&(of, pos)| of == query && pos <= second);
        let partner = partner.map(|(_, pos)| pos);
        let Some(query) = query else {
            return Some((first, partner.unwrap_or(second)));
        };
        let query = query.min(first);
        Some((query, partner.or(both.partner(query))?))
    }
}

impl Question {
    fn is(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.model, &other.model)
            && (self.first, &self.second, &self.edits) == (other.first, &other.second, &other.edits)
    }
}

/// A text that differs from another in one word, or lacks its last.
fn variation(text: &str) -> String {
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
}
