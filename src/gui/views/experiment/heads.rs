//! Which head matters for a prediction: every head switched off, one by one, and beside it what each
//! head adds directly to the score.

use super::effect::{Effect, note_ui};
use crate::background::{Task, finished};
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, number, percent};
use crate::gui::look::theme::{ROUNDING, Scale};
use crate::gui::widgets::{Cells, Heatmap, Labels, deck_ui, hatch, legend_ui};
use crate::model::Checkpoint;
use crate::problem::{Problem, Result};
use crate::session::experiment::{Sweep, Sweeper};
use crate::text::{tr, trf};
use crate::trace::Matrix;
use egui::{Button, ComboBox, ProgressBar, RichText, Ui};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How many tokens can be asked about.
const CHOICES: usize = 20;
/// How long heads are tried before others have a turn on the model's thread: the text may have changed.
const TURN: Duration = Duration::from_millis(30);

/// The sweep: asked for, running, done.
#[derive(Debug, Default)]
pub(super) struct Heads {
    task: Option<Task<Sweeper>>,
    /// The sweep between two turns on the model's thread.
    waiting: Option<Sweeper>,
    /// What the running sweep is about, and how many heads it has tried.
    asked: Option<(Question, usize)>,
    swept: Option<(Question, Sweep)>,
    problem: Option<Problem>,
}

/// What a sweep is about.
#[derive(Debug, Clone)]
struct Question {
    model: Weak<Checkpoint>,
    text: String,
    token: u32,
}

impl Question {
    fn now(ctx: &Context<'_>, effect: &Effect) -> Option<Self> {
        Some(Self {
            model: Arc::downgrade(ctx.model),
            text: effect.text().to_owned(),
            token: effect.token()?,
        })
    }

    fn is(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.model, &other.model)
            && (&self.text, self.token) == (&other.text, other.token)
    }
}

impl Heads {
    /// What switching each head off changed, as far as that was tried.
    pub fn table(&self) -> Option<crate::table::Table> {
        let (_, sweep) = self.swept.as_ref()?;
        Some(super::data::grid("log_prob_change", &sweep.changes))
    }

    pub fn receive(&mut self) {
        match finished(&mut self.task) {
            Some(Ok(sweeper)) => {
                self.problem = None;
                if sweeper.done() < sweeper.total() {
                    if let Some((_, done)) = &mut self.asked {
                        *done = sweeper.done();
                        self.waiting = Some(sweeper);
                    }
                } else if let Some((question, _)) = self.asked.take() {
                    self.swept = Some((question, sweeper.found().clone()));
                }
            }
            Some(Err(problem)) => (self.problem, self.asked) = (Some(problem), None),
            None => {}
        }
    }

    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// Which token, and the button that starts or ends the sweep.
    pub fn controls_ui(
        &mut self,
        ui: &mut Ui,
        ctx: &Context<'_>,
        effect: &Effect,
        asked: &mut Option<u32>,
    ) {
        let theme = ctx.theme;
        let Some(token) = effect.token() else { return };
        let name = |id: u32| {
            let label = ctx.model.tokenizer.token(id).label();
            let [before, _] = effect.probs(id as usize);
            trf("“{0}” {1}", &[&abbreviate(&label, 20), &percent(before)])
        };
        if super::controls::is_wide(ui, ctx) {
            ui.label(tr("for the prediction"));
        }
        let choices = ComboBox::from_id_salt("asked").selected_text(name(token));
        let choices = choices.show_ui(ui, |ui| {
            for &id in effect.best().iter().take(CHOICES) {
                let id = id as u32;
                if ui.selectable_label(id == token, name(id)).clicked() {
                    *asked = Some(id);
                }
            }
        });
        choices.response.on_hover_text(tr("The token asked about"));
        let total = ctx.model.info.n_layers * ctx.model.info.n_heads;
        if let Some((question, done)) = &self.asked {
            let progress = ProgressBar::new(*done as f32 / total.max(1) as f32);
            let text = trf("{0} of {1} heads", &[done, &total]);
            ui.add(progress.desired_width(theme.body_size * 14.0).text(text));
            let is_other_model = !Weak::ptr_eq(&question.model, &Arc::downgrade(ctx.model));
            let cancel = ui.button(tr("Cancel")).on_hover_text(tr("End the sweep"));
            if cancel.clicked() || is_other_model {
                (self.task, self.waiting, self.asked) = (None, None, None);
            }
            if let Some(sweeper) = self.waiting.take() {
                self.task = Some(turn(ctx, move |_| Ok(sweeper)));
            }
            return;
        }
        let button = ui.add(Button::new(trf("Switch off all {0} heads, one by one", &[&total])));
        let hint = "Runs the unchanged model once for each head, without it";
        if button.on_hover_text(tr(hint)).clicked() {
            self.start(ctx, effect);
        }
    }

    fn start(&mut self, ctx: &Context<'_>, effect: &Effect) {
        let Some(question) = Question::now(ctx, effect) else {
            return;
        };
        let (text, token) = (question.text.clone(), question.token);
        self.asked = Some((question, 0));
        self.problem = None;
        self.task = Some(turn(ctx, move |model| Sweeper::new(model, &text, Some(token))));
    }

    /// Is the sweep that is shown about what is on screen?
    fn current(&self, ctx: &Context<'_>, effect: &Effect) -> Option<&Sweep> {
        let now = Question::now(ctx, effect)?;
        let (_, sweep) = self.swept.as_ref().filter(|(question, _)| question.is(&now))?;
        Some(sweep)
    }

    /// Both pictures, layers by heads.
    pub fn ui(&self, ui: &mut Ui, ctx: &mut Context<'_>, effect: &Effect) {
        let theme = ctx.theme;
        if let Some(problem) = &self.problem {
            let text = format!("{}: {}", tr(&problem.what), tr(&problem.why));
            ui.label(RichText::new(text).color(*theme.error));
        }
        deck_ui(ui, theme, &[tr("Without each head"), tr("Direct contribution")], |ui, panel| {
            match panel {
                0 => self.sweep_ui(ui, ctx, effect),
                _ => attribution_ui(ui, ctx, effect),
            }
        });
    }

    fn sweep_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>, effect: &Effect) {
        let theme = ctx.theme;
        let Some((question, swept)) = &self.swept else {
            let how = "Not tried yet. The button above switches every head off, one by one, and shows here how the \
                       log-probability of the chosen token changes.";
            ui.label(RichText::new(tr(how)).color(*theme.dim));
            return;
        };
        let label = ctx.model.tokenizer.token(swept.token).label();
        let is_stale = self.current(ctx, effect).is_none();
        if is_stale {
            let of = abbreviate(&question.text, 28);
            let note = trf("Out of date: “{0}” after “{1}”", &[&label, &of]);
            let note = RichText::new(note).font(theme.caption());
            ui.label(note.color(*theme.warning)).on_hover_text(&question.text);
        } else {
            if let Some(verdict) = self.verdict(effect, &label) {
                ui.label(RichText::new(verdict).font(theme.body()));
            }
            note_ui(
                ui,
                theme,
                &trf("What each head gives to ln p of “{0}”: with it − without it", &[&label]),
            );
        }
        let what = format!("sweep {} {}", swept.token, question.text);
        // As at the right: what helps is positive.
        let given: Vec<Vec<f32>> =
            swept.changes.iter().map(|row| row.iter().map(|change| -change).collect()).collect();
        let rect = grid_ui(ui, ctx, &given, what, "nats");
        if is_stale {
            let stroke = egui::Stroke::new(theme.stroke * 0.6, *theme.warning);
            hatch(ui.painter(), rect, stroke, theme.body_size * 1.6);
        }
    }

    /// Which head matters most, in words.
    fn verdict(&self, effect: &Effect, label: &str) -> Option<String> {
        let (_, swept) = self.swept.as_ref()?;
        let before = effect.probs(swept.token as usize)[0];
        let all = swept.changes.iter().enumerate().flat_map(|(layer, row)| {
            row.iter().enumerate().map(move |(head, &change)| (layer, head, change))
        });
        let (layer, head, change) = all.min_by(|a, b| a.2.total_cmp(&b.2))?;
        let after = before * change.exp();
        Some(if change < -ROUNDING {
            trf(
                "Head {0}.{1} matters most: without it “{2}” falls from {3} to {4}.",
                &[&layer, &head, &label, &percent(before), &percent(after)],
            )
        } else {
            trf("No single head helps “{0}”: without any of them it does not fall.", &[&label])
        })
    }

    pub fn explain(&self, ctx: &Context<'_>, effect: &Effect) -> String {
        let Some(token) = effect.token() else {
            return String::new();
        };
        let label = ctx.model.tokenizer.token(token).label();
        let (layer, head) = (ctx.focus.layer, ctx.focus.head);
        let at = |rows: &Vec<Vec<f32>>| rows.get(layer)?.get(head).copied();
        let mut text = String::new();
        if let Some(change) = self.current(ctx, effect).and_then(|sweep| at(&sweep.changes)) {
            let [before, _] = effect.probs(token as usize);
            text = trf(
                "Without head {0}.{1}, ln p of “{2}” changes by {3} nats: its probability of {4} is multiplied by \
                 e^{3} = {5}, which makes {6}.",
                &[
                    &layer,
                    &head,
                    &label,
                    &number(change),
                    &percent(before),
                    &number(change.exp()),
                    &percent(before * change.exp()),
                ],
            ) + " ";
        }
        if let Some(direct) = effect.attribution().and_then(at) {
            text += &trf(
                "Directly, head {0}.{1} adds {2} to the score of “{3}”; what else it does goes through later layers.",
                &[&layer, &head, &number(direct), &label],
            );
        }
        text
    }
}

/// One turn of a sweep on the model's thread.
fn turn(
    ctx: &Context<'_>,
    sweeper: impl FnOnce(&Checkpoint) -> Result<Sweeper> + Send + 'static,
) -> Task<Sweeper> {
    let model = Arc::clone(ctx.model);
    Task::spawn(ctx.lane, move |cancel| {
        let mut sweeper = sweeper(&model)?;
        let start = Instant::now();
        while sweeper.done() < sweeper.total() && !cancel.is_requested() {
            sweeper.step(&model);
            if start.elapsed() > TURN {
                break;
            }
        }
        Ok(sweeper)
    })
}

/// What each head adds to the score by itself.
pub(super) fn attribution_ui(ui: &mut Ui, ctx: &mut Context<'_>, effect: &Effect) {
    let theme = ctx.theme;
    if ctx.trace.model.post_norm {
        let why =
            "In this model every block ends with a norm, so no head adds to the score directly";
        return note_ui(ui, theme, tr(why));
    }
    let (Some(heads), Some(token)) = (effect.attribution(), effect.token()) else {
        return note_ui(ui, theme, tr("Reading …"));
    };
    let label = ctx.model.tokenizer.token(token).label();
    note_ui(
        ui,
        theme,
        &trf("What each head adds directly to the score of “{0}”; click one", &[&label]),
    );
    grid_ui(ui, ctx, heads, format!("attribution {token}"), "logit");
}

/// One number per head, layers down and heads across; clicking a cell selects the head. Returns
/// where it was drawn.
fn grid_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    rows: &[Vec<f32>],
    what: String,
    unit: &str,
) -> egui::Rect {
    let theme = ctx.theme;
    let cols = rows.iter().map(Vec::len).min().unwrap_or(0);
    let cells: Vec<f32> = rows.iter().flat_map(|row| &row[..cols]).copied().collect();
    let scale = Scale::of_differences(&cells);
    if scale.is_none() {
        note_ui(ui, theme, tr("No head makes a difference beyond rounding."));
    }
    let scale = scale.unwrap_or(Scale::Diverging { limit: 1.0 });
    legend_ui(ui, theme, scale, unit);
    let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let heatmap = Heatmap {
        what,
        matrix: Matrix { rows: rows.len(), cols, data: &cells },
        scale,
        rows: Labels { title: tr("layer"), names: &names(rows.len()), color: *theme.text },
        cols: Labels { title: tr("head →"), names: &names(cols), color: *theme.text },
        focus: (
            Some(ctx.focus.layer).filter(|&layer| layer < rows.len()),
            Some(ctx.focus.head).filter(|&head| head < cols),
        ),
        cells: Cells::Stretch,
    };
    let (response, cell) = heatmap.ui(ui, ctx);
    let about = trf("Layers by heads, {0}", &[&unit]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &about));
    let rect = response.rect;
    if let Some((layer, head)) = cell {
        ctx.point(&response, Target::Head { layer, head });
        let value = number(heatmap.value((layer, head)).unwrap_or(f32::NAN));
        let text = trf("head {0}.{1}: {2} {3}", &[&layer, &head, &value, &unit]);
        response.on_hover_text_at_pointer(text);
    }
    rect
}
