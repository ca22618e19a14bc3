//! What the model reads: not letters and not words but tokens, each a number in its vocabulary.
//!
//! The text stands in three rows with common columns, cut into words, tokens and characters. For
//! the chosen token there is the ladder of merges that built its word, and everything known of it:
//! its number, its bytes and its place.

mod card;
mod data;
mod figure;
mod ladder;
mod layout;
mod reading;

use crate::background::{Task, finished};
use crate::gui::contract::view::{Context, View};
use crate::gui::look::format::count;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::TraceId;
use egui::{Align2, Painter, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};
use reading::Reading;
use std::sync::Arc;

/// The view.
#[derive(Debug, Default)]
pub struct Tokens {
    /// What is shown; the last one while the next is made.
    reading: Option<Reading>,
    /// The recording that was last asked about.
    asked: Option<TraceId>,
    task: Option<Task<Reading>>,
    figure: figure::Figure,
}

impl View for Tokens {
    fn id(&self) -> &'static str {
        "tokens"
    }

    fn name(&self) -> &'static str {
        "Tokens"
    }

    fn question(&self) -> &'static str {
        "What does the model read?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.follow(ctx);
        let Some(reading) = &self.reading else { return };
        card::context_ui(ui, ctx.theme, reading);
        if has_pieces(reading) {
            let note = tr("2/3: byte 2 of the 3 bytes of the character below");
            let note = RichText::new(note).font(ctx.theme.caption());
            ui.label(note.color(*ctx.theme.dim));
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let Some(reading) = &self.reading else { return };
        let room = ui.available_height();
        self.figure.ui(ui, ctx, reading, (room * 0.48).max(1.0));
        let pos = ctx.focus.query_or_last(&reading.trace);
        let rest = ui.available_rect_before_wrap();
        if rest.width() < ctx.theme.body_size * 42.0 {
            ScrollArea::vertical().id_salt("below").auto_shrink(false).show(ui, |ui| {
                ladder::ladder_ui(ui, ctx, reading, pos);
                ui.add_space(ctx.theme.body_size);
                card::card_ui(ui, ctx, reading, pos);
                ui.add_space(ctx.theme.body_size);
                card::cuts_ui(ui, ctx.theme, reading);
            });
            return;
        }
        let (left, right) = rest.split_left_right_at_fraction(0.54);
        let left = left.with_max_x(left.right() - ctx.theme.body_size);
        column_ui(ui, left, "merges", |ui| {
            ladder::ladder_ui(ui, ctx, reading, pos);
        });
        column_ui(ui, right, "facts", |ui| {
            card::card_ui(ui, ctx, reading, pos);
            ui.add_space(ctx.theme.body_size * 0.6);
            card::cuts_ui(ui, ctx.theme, reading);
        });
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let trace = ctx.trace;
        let pos = ctx.focus.query_or_last(trace);
        let Some(token) = trace.tokens.get(pos) else {
            return String::new();
        };
        let n = trace.tokens.len();
        let vocab = count(trace.model.vocab_size);
        let text = self.describe(ctx, pos);
        let reads = if n == 1 {
            trf(
                "The model never sees letters: it reads {0} number. Here it is {1}, the number of “{2}” in a \
                 vocabulary of {3}.",
                &[&n, &token.id, &text, &vocab],
            )
        } else {
            trf(
                "The model never sees letters: it reads {0} numbers. Here it is {1}, the number of “{2}” in a \
                 vocabulary of {3}.",
                &[&n, &token.id, &text, &vocab],
            )
        };
        format!("{reads}{}", self.ratio())
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn receive(&mut self) {
        if let Some(Ok(reading)) = finished(&mut self.task) {
            self.reading = Some(reading);
        }
    }

    fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let n = ctx.trace.tokens.len();
        let wide = rect.width() > theme.body_size * 6.0 && rect.height() > theme.body_size * 3.0;
        let text = match n {
            _ if !wide => n.to_string(),
            1 => trf("{0} token", &[&n]),
            _ => trf("{0} tokens", &[&n]),
        };
        let ink = *theme.accent;
        let top = painter.text(rect.min, Align2::LEFT_TOP, text, theme.mono_caption(), ink);
        // Beneath the number, or beside it where the rail is crowded.
        let chips = if rect.height() > top.height() * 2.5 {
            rect.with_min_y(top.bottom() + 4.0)
        } else {
            rect.with_min_x((top.right() + 8.0).min(rect.right()))
        };
        paint_chips(painter, chips, ctx);
    }
}

impl Tokens {
    /// Has the text on screen cut into words, unless it has been. A running task is left to
    /// finish, so that the picture keeps moving while someone types.
    fn follow(&mut self, ctx: &Context<'_>) {
        if self.asked == Some(ctx.trace.id) || self.task.is_some() {
            return;
        }
        self.asked = Some(ctx.trace.id);
        let (model, trace) = (Arc::clone(ctx.model), Arc::clone(ctx.trace));
        let job = move |_: &_| Ok(Reading::new(model, trace));
        self.task = Some(Task::spawn(ctx.lane, job));
    }

    /// The token in words; from the last reading, if that is of the text on screen.
    fn describe(&self, ctx: &Context<'_>, pos: usize) -> String {
        let reading = self.reading.as_ref();
        match reading.filter(|reading| reading.trace.id == ctx.trace.id) {
            Some(reading) => figure::describe(reading, pos),
            None => ctx.label(pos),
        }
    }

    /// How tokens lie between words and characters, in this text.
    fn ratio(&self) -> String {
        let Some(reading) = &self.reading else {
            return String::new();
        };
        let [words, tokens, characters] = reading.cuts;
        if words.pieces == 0 || tokens.pieces < 2 {
            return String::new();
        }
        let per = |a: usize, b: usize| crate::gui::look::format::number(a as f32 / b as f32);
        let ratio = trf(
            "In this text a word takes {0} tokens and a token holds {1} characters on average.",
            &[&per(tokens.pieces, words.pieces), &per(characters.pieces, tokens.pieces)],
        );
        format!(" {ratio}")
    }
}

/// Is any token only a piece of a character?
fn has_pieces(reading: &Reading) -> bool {
    let mut tokens = reading.trace.tokens.iter();
    tokens.any(|token| std::str::from_utf8(&token.bytes).is_err())
}

/// A column that scrolls on its own.
fn column_ui(ui: &mut Ui, rect: Rect, name: &str, content: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ScrollArea::vertical().id_salt(name).auto_shrink(false).show(ui, content);
    });
}

/// The tokens as small chips as wide as their texts, as many as fit.
fn paint_chips(painter: &Painter, rect: Rect, ctx: &Context<'_>) {
    let theme = ctx.theme;
    let (height, gap) = ((theme.caption_size * 0.6).round(), 2.0);
    let mut at = rect.min;
    for (pos, token) in ctx.trace.tokens.iter().enumerate() {
        let width = 4.0 + token.span.len().clamp(1, 16) as f32 * 3.0;
        if at.x + width > rect.right() && at.x > rect.left() {
            at = pos2(rect.left(), at.y + height + gap);
        }
        if at.y + height > rect.bottom() {
            return;
        }
        let chip = Rect::from_min_size(at, vec2(width.min(rect.width()), height));
        let color = if ctx.focus.query == Some(pos) { *theme.selection } else { *theme.dim };
        painter.rect_filled(chip, 2.0, color);
        at.x += width + gap;
    }
}
