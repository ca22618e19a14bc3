//! Two things side by side: two texts, two models, two settings of the sampling, or an experiment and
//! the unchanged model.
//!
//! Change one word and see how far the change travels: which tokens differ, where a head looks
//! instead, from which layer on the residual streams part, and what becomes of the next token. What
//! stands before the first difference cannot change: attention looks only back.

mod both;
mod controls;
mod data;
mod next;
mod pictures;
mod rows;

use crate::background::{Task, finished};
use crate::gui::contract::view::{Context, View};
use crate::gui::look::format::{number, percent};
use crate::gui::look::theme::Theme;
use crate::gui::state::comparison::By;
use crate::gui::widgets::{deck_ui, empty_ui, page_ui};
use crate::math::sampling::Sampling;
use crate::model::{Checkpoint, DeviceKind, Edit};
use crate::problem::{Problem, Result};
use crate::session::second_text;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{Predicts, Trace, TraceId};
use both::Both;
use egui::{Color32, Painter, Rect, RichText, Ui, vec2};
use next::Next;
use pictures::{attention_ui, next_ui, streams_ui};
use std::sync::{Arc, Weak};

/// What the two are called.
fn names(by: By) -> [&'static str; 2] {
    match by {
        By::Edits => ["changed", "unchanged"],
        _ => ["first", "second"],
    }
}

/// The colours of the two texts: the first stands out, the other is neutral.
fn colors(theme: &Theme) -> [Color32; 2] {
    [*theme.accent, *theme.residual]
}

/// Lower than this many times the text size beneath the tokens, the view scrolls.
const LEAST_HEIGHT: f32 = 14.0;

/// The view.
#[derive(Debug, Default)]
pub struct Compare {
    /// The token of the second text that was clicked, and the chosen one of the first at that time.
    partner: Option<(Option<usize>, usize)>,
    reading: Option<Task<Answer>>,
    asked: Option<Question>,
    answer: Option<Answer>,
    problem: Option<Problem>,
    /// The name of the second model as it is being typed.
    typed_model: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone)]
struct Question {
    by: By,
    model: Weak<Checkpoint>,
    first: TraceId,
    /// The second text.
    text: String,
    /// The second model's name.
    other: String,
    samplings: [Sampling; 2],
    edits: Vec<Edit>,
}

/// What came of it.
#[derive(Debug)]
struct Answer {
    by: By,
    both: Both,
    /// The second model, once it was opened.
    other: Option<Arc<Checkpoint>>,
}

impl View for Compare {
    fn id(&self) -> &'static str {
        "compare"
    }

    fn name(&self) -> &'static str {
        "Compare"
    }

    fn question(&self) -> &'static str {
        "What is the difference?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.controls_ui(ui, ctx);
        self.ask(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let by = ctx.comparison.by;
        if let Some(problem) = &self.problem {
            let text = format!("{}: {}. {}", problem.what, problem.why, problem.cure);
            ui.label(RichText::new(text).color(*theme.error));
        }
        let Some(answer) = self.answer.as_ref().filter(|answer| answer.by == by) else {
            let hint = match by {
                By::Text => tr("Type a second text above"),
                By::Model => tr("Choose a second model above"),
                By::Sampling => tr("Reading …"),
                By::Edits => tr("No experiment is in force: change a part of the model first"),
            };
            return empty_ui(ui, theme, hint);
        };
        let both = &answer.both;
        let names = Self::names(ctx, answer);
        if by == By::Sampling {
            let note = tr(
                "The same model read the same text: attention and streams are equal, only the choice differs.",
            );
            ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
            return next_ui(ui, ctx, both, &names);
        }
        let focus = self.focus(ctx, both);
        let least = rows::height(theme) + theme.body_size * LEAST_HEIGHT;
        let mut clicked = None;
        page_ui(ui, least, |ui| {
            clicked = rows::rows_ui(ui, ctx, both, &names, focus);
            let panels = [tr("Next token"), tr("Attention"), tr("Residual streams")];
            deck_ui(ui, theme, &panels, |ui, panel| match panel {
                0 => next_ui(ui, ctx, both, &names),
                1 => attention_ui(ui, ctx, both, &names),
                _ => streams_ui(ui, ctx, both, focus),
            });
        });
        if let Some(pos) = clicked {
            self.partner = Some((ctx.pinned.query, pos));
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        let by = ctx.comparison.by;
        let Some(answer) = self.answer.as_ref().filter(|answer| answer.by == by) else {
            return tr("Two things side by side: their tokens, their attention, and what each would say next.").to_owned();
        };
        let both = &answer.both;
        let names = Self::names(ctx, answer);
        let best = |side: usize| match &both.next.best[side] {
            Some((label, prob)) => format!("“{label}” ({})", percent(*prob)),
            None => tr("nothing").to_owned(),
        };
        let bits = number(both.next.js_bits);
        let mut text = if ctx.trace.model.predicts == Predicts::Next {
            trf(
                "Next after {0}: {1}, after {2}: {3}. Jensen-Shannon divergence {4} bits, from 0 for no difference to 1.",
                &[&names[0], &best(0), &names[1], &best(1), &bits],
            )
        } else {
            String::new()
        };
        if by == By::Text {
            let (n, of) = (both.n_different(), both.columns.len());
            let differ = trf("{0} of {1} places differ.", &[&n, &of]);
            text = format!("{differ} {text}");
        }
        if by != By::Sampling
            && let Some(Ok(cosines)) = self.focus(ctx, both).map(|pair| both.cosines(pair))
            && let Some((first, last)) = cosines.first().zip(cosines.last())
        {
            let (first, last) = (number(*first), number(*last));
            let cosines = trf(
                "The streams' cosine is {0} as they enter and {1} as they leave.",
                &[&first, &last],
            );
            text = format!("{text} {cosines}");
        }
        text
    }

    fn tables(&self, _ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self)
    }

    fn receive(&mut self) {
        match finished(&mut self.reading) {
            Some(Ok(answer)) => (self.answer, self.problem) = (Some(answer), None),
            Some(Err(problem)) => self.problem = Some(problem),
            None => {}
        }
    }

    fn is_busy(&self) -> bool {
        self.reading.is_some()
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let both = self.answer.as_ref().map(|answer| &answer.both);
        let n = both.map_or(ctx.trace.tokens.len(), |both| both.columns.len());
        let step = rect.width() / n.max(1) as f32;
        let row = (rect.height() / 2.0 - 3.0).min(theme.body_size);
        for i in 0..n {
            let column = both.and_then(|both| both.columns.get(i));
            let is_same = column.is_none_or(|&c| both.is_some_and(|both| both.is_same(c)));
            let places = column.map_or([Some(i); 2], |c| [c.first, c.second]);
            for (line, place) in places.into_iter().enumerate() {
                let min = rect.min + vec2(i as f32 * step, line as f32 * (row + 4.0));
                let tile = Rect::from_min_size(min, vec2((step * 0.8).max(1.0), row));
                let color = if is_same { *theme.outline } else { colors(theme)[line] };
                if place.is_some() {
                    painter.rect_filled(tile, 2.0, color);
                }
            }
        }
    }
}

impl Compare {
    /// The second text: what was typed, or a small change of the first.
    fn second(ctx: &Context<'_>) -> String {
        let typed = ctx.comparison.text.clone();
        typed.unwrap_or_else(|| controls::variation(ctx.trace.typed()))
    }

    /// What the two are called on screen.
    fn names(ctx: &Context<'_>, answer: &Answer) -> [String; 2] {
        match &answer.other {
            Some(other) if answer.by == By::Model => {
                [ctx.model.info.name.clone(), other.info.name.clone()]
            }
            _ => names(answer.by).map(|name| tr(name).to_owned()),
        }
    }

    /// Has what is compared read, if it has changed. The newest question wins; until it is answered,
    /// the last picture stays.
    fn ask(&mut self, ctx: &Context<'_>) {
        let by = ctx.comparison.by;
        let comparison = ctx.comparison;
        let question = Question {
            by,
            model: Arc::downgrade(ctx.model),
            first: ctx.trace.id,
            text: Self::second(ctx),
            other: comparison.model.clone(),
            samplings: [ctx.sampling.clone(), comparison.sampling.clone()],
            edits: ctx.edits.to_vec(),
        };
        if self.asked.as_ref().is_some_and(|asked| asked.is(&question)) {
            return;
        }
        self.asked = Some(question.clone());
        (self.reading, self.problem) = (None, None);
        let (model, first) = (Arc::clone(ctx.model), Arc::clone(ctx.trace));
        let baseline = ctx.baseline.map(Arc::clone);
        let last = self.answer.as_ref().and_then(|answer| answer.other.clone());
        let is_answerable = match by {
            By::Text | By::Sampling => true,
            By::Model => !comparison.model.is_empty(),
            By::Edits => baseline.is_some(),
        };
        if is_answerable {
            let answer = move |_: &_| question.answer(&model, first, baseline, last);
            self.reading = Some(Task::spawn(ctx.lane, answer));
        } else {
            self.answer = None;
        }
    }

    /// The pair of tokens that is compared: the chosen one and the one beside it unless another was
    /// clicked, or the last ones.
    fn focus(&self, ctx: &Context<'_>, both: &Both) -> Option<(usize, usize)> {
        let query = ctx.focus.query;
        let (first, second) =
            (both.first.tokens.len().checked_sub(1)?, both.second.tokens.len().checked_sub(1)?);
        let partner = self.partner.filter(|&(of, pos)| of == query && pos <= second);
        let partner = partner.map(|(_, pos)| pos);
        let Some(query) = query else {
            return Some((first, partner.unwrap_or(second)));
        };
        let query = query.min(first);
        Some((query, partner.or(both.partner(query))?))
    }
}

impl Question {
    /// Is it the same question? What its answer does not depend on is left out.
    fn is(&self, other: &Self) -> bool {
        let is_same = match self.by {
            By::Text => (&self.text, &self.edits) == (&other.text, &other.edits),
            By::Model => self.other == other.other,
            By::Sampling => self.samplings == other.samplings,
            By::Edits => true,
        };
        is_same
            && Weak::ptr_eq(&self.model, &other.model)
            && (self.first, self.by) == (other.first, other.by)
    }

    /// Reads what has to be read. `last` is the second model that was opened last.
    fn answer(
        &self,
        model: &Arc<Checkpoint>,
        first: Arc<Trace>,
        baseline: Option<Arc<Trace>>,
        last: Option<Arc<Checkpoint>>,
    ) -> Result<Answer> {
        let mut other = last;
        let (second, next) = match self.by {
            By::Text => {
                let second = second_text(model, &self.text, &self.edits, &first)?;
                let next = Next::of_models([model; 2], [&first, &second]);
                (second, next)
            }
            By::Model => {
                let opened = other.take().filter(|other| other.source == self.other);
                let opened = match opened {
                    Some(opened) => opened,
                    None => Arc::new(Checkpoint::open(
                        &self.other,
                        DeviceKind::of(&model.network.device()),
                    )?),
                };
                let second = second_text(&opened, first.typed(), &[], &first)?;
                let next = Next::of_models([model, &opened], [&first, &second]);
                other = Some(opened);
                (second, next)
            }
            By::Sampling => {
                let logits = first.next_logits().unwrap_or_default();
                let context: Vec<u32> = first.tokens.iter().map(|token| token.id).collect();
                let probs = |sampling: &Sampling| sampling.apply(logits, &context).probs;
                let probs = self.samplings.each_ref().map(probs);
                let next = Next::new(model, [&probs[0], &probs[1]]);
                (Arc::clone(&first), next)
            }
            By::Edits => {
                let second = baseline.unwrap_or_else(|| Arc::clone(&first));
                let next = Next::of_models([model; 2], [&first, &second]);
                (second, next)
            }
        };
        Ok(Answer { by: self.by, both: Both::new(first, second, next), other })
    }
}
