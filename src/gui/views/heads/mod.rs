//! All heads of all layers at a glance, and one of them large.
//!
//! Each tile is one head's attention pattern: rows are the tokens that ask, columns those that
//! answer. Letters in the masked corner of a tile name the habits the head shows in this text,
//! computed from the pattern (see [`crate::math::heads`]). Two more tiles show all heads together:
//! their average, and attention rollout, which follows attention through all layers.

mod badges;
mod data;
mod glow;
mod grid;
mod looks;
mod reading;

use crate::background::{Cancel, Task, finished};
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::look::format::{number, percent};
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{Cells, Heatmap, Labels, empty_ui, legend_ui};
use crate::math::heads::HeadRole;
use crate::session::habits::sight;
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Hook, Matrix, TraceId};
use badges::{badge_chip_ui, score_line};
use egui::{Painter, Rect, RichText, Ui};
use reading::Reading;
use std::sync::Arc;

/// Attention weights lie between 0 and 1 in every head, so all heads share one scale.
const WEIGHTS: Scale = Scale::Sequential { max: 1.0 };

/// A reading that looks at more numbers than this is made in the background.
const CHEAP: usize = 500_000;

/// The view.
#[derive(Debug, Default)]
pub struct Heads {
    large: Large,
    /// The head chosen when something else was made large; another choice brings heads back.
    chosen: (usize, usize),
    /// The badge the tiles are judged by.
    role: Option<HeadRole>,
    reading: Option<Reading>,
    task: Option<Task<Reading>>,
    asked: Option<TraceId>,
    glow: glow::Glow,
}

const TABS: [Tab; 3] = [
    Tab::new("By layer", "Every head in its place"),
    Tab::new(
        "Ranked",
        "Heads with the highest score of the chosen badge first; diffuse ranks by entropy",
    ),
    Tab::new("From one token", "Whom all heads look at from one token, strongest first"),
];
const RANKED: usize = 1;
const LOOKS: usize = 2;

/// What is drawn large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Large {
    #[default]
    Head,
    Mean,
    Rollout,
}

impl Large {
    fn name(self) -> &'static str {
        match self {
            Self::Head => "one head",
            Self::Mean => "average of all heads",
            Self::Rollout => "rollout",
        }
    }
}

impl View for Heads {
    fn id(&self) -> &'static str {
        "heads"
    }

    fn name(&self) -> &'static str {
        "All heads"
    }

    fn question(&self) -> &'static str {
        "Who looks at whom?"
    }

    fn shows_attention(&self) -> bool {
        true
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn receive(&mut self) {
        if let Some(Ok(reading)) = finished(&mut self.task) {
            self.reading = Some(reading);
        }
    }

    fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.update(ctx);
        let theme = ctx.theme;
        legend_ui(ui, theme, WEIGHTS, tr("attention weight"));
        let (title, ink) = match self.large {
            Large::Head => (
                trf("Layer {0}, head {1}", &[&ctx.focus.layer, &ctx.focus.head]),
                theme.head(ctx.focus.head),
            ),
            large => (trf("Large: {0}", &[&tr(large.name())]), *theme.text),
        };
        ui.label(RichText::new(title).color(ink).font(theme.body()));
        ui.spacing_mut().item_spacing.x = theme.caption_size * 0.35;
        let sight = sight(ctx.trace);
        self.role = self.role.filter(|&role| sight.allows(role));
        for role in HeadRole::ALL.into_iter().filter(|&role| sight.allows(role)) {
            let chip = badge_chip_ui(ui, theme, role, self.reading.as_ref(), self.role);
            if chip.clicked() {
                self.role = (self.role != Some(role)).then_some(role);
            }
        }
        if ctx.tab == RANKED {
            self.role.get_or_insert(HeadRole::Diffuse);
        }
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.update(ctx);
        let room = ui.available_rect_before_wrap();
        // The grid on one side and the chosen head on the other, or one above the other.
        let wide = room.width() > room.height() * 1.15;
        let (grid, large) = if wide {
            room.split_left_right_at_fraction(0.46)
        } else {
            room.split_top_bottom_at_fraction(0.46)
        };
        let gap = ctx.theme.body_size;
        let child = |rect: Rect| egui::UiBuilder::new().max_rect(rect);
        ui.scope_builder(child(grid), |ui| match ctx.tab {
            LOOKS => self.looks_ui(ui, ctx),
            _ => self.grid_ui(ui, ctx),
        });
        let large = if wide {
            large.with_min_x(large.left() + gap)
        } else {
            large.with_min_y(large.top() + gap)
        };
        ui.scope_builder(child(large), |ui| self.large_ui(ui, ctx));
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        match self.large {
            Large::Head if ctx.tab == LOOKS => looks::explain_looks(ctx),
            Large::Head => self.explain_head(ctx),
            Large::Mean => explain_all(
                ctx,
                self.current(ctx).map(Reading::mean),
                tr("The mean of all heads of all layers"),
                tr("Averages hide what single heads do: compare the tiles."),
            ),
            Large::Rollout => explain_all(
                ctx,
                self.current(ctx).map(Reading::rollout),
                tr("Rollout: the product over the layers of ½ mean of the heads + ½ identity"),
                tr(
                    "It follows attention and the skip connections down to the input (Abnar & Zuidema 2020).",
                ),
            ),
        }
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        grid::thumbnail(painter, rect, ctx);
    }
}

impl Heads {
    /// Has the recording read, and heeds a choice of head made elsewhere.
    fn update(&mut self, ctx: &Context<'_>) {
        let chosen = (ctx.pinned.layer, ctx.pinned.head);
        if self.chosen != chosen {
            (self.chosen, self.large) = (chosen, Large::Head);
        }
        if self.asked == Some(ctx.trace.id) {
            return;
        }
        self.asked = Some(ctx.trace.id);
        if Reading::cost(ctx.trace) <= CHEAP {
            self.task = None;
            self.reading = Some(Reading::of(ctx.trace, &Cancel::default()));
        } else {
            let trace = Arc::clone(ctx.trace);
            let read = move |cancel: &Cancel| Ok(Reading::of(&trace, cancel));
            self.task = Some(Task::spawn(ctx.lane, read));
        }
    }

    /// The reading, when it is that of the recording on screen.
    fn current(&self, ctx: &Context<'_>) -> Option<&Reading> {
        let reading = self.reading.as_ref();
        reading.filter(|reading| reading.id == ctx.trace.id)
    }

    /// What is pointed at, with its tokens.
    fn large_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let (focus, trace) = (ctx.focus, Arc::clone(ctx.trace));
        let (matrix, origin, name) = match self.large {
            Large::Head => (
                trace.pattern(focus.layer, focus.head),
                Some((Hook::Block(focus.layer, BlockHook::Pattern), focus.head)),
                trf("Attention pattern of layer {0}, head {1}", &[&focus.layer, &focus.head]),
            ),
            Large::Mean | Large::Rollout => {
                let Some(reading) = self.current(ctx) else {
                    return empty_ui(ui, ctx.theme, tr("Reading all heads …"));
                };
                let matrix = match self.large {
                    Large::Rollout => reading.rollout(),
                    _ => reading.mean(),
                };
                let name = tr(self.large.name()).to_owned();
                (Some(matrix), None, name)
            }
        };
        let Some(matrix) = matrix else {
            return empty_ui(ui, ctx.theme, tr("This recording holds no attention"));
        };
        let names: Vec<String> = (0..trace.tokens.len()).map(|pos| ctx.label(pos)).collect();
        let keys: Vec<String> =
            (0..trace.key_tokens().len()).map(|key| ctx.key_label(key)).collect();
        let heatmap = Heatmap {
            what: format!("large {name}"),
            matrix,
            scale: WEIGHTS,
            rows: Labels::asks(ctx.theme, &names),
            cols: Labels::answers(ctx.theme, &keys),
            focus: (focus.query, focus.key),
            cells: Cells::of(&trace),
        };
        let shown = heatmap.show(ui, ctx);
        heatmap.point(&shown, &name, origin, ctx);
    }

    fn explain_head(&self, ctx: &Context<'_>) -> String {
        let (focus, trace) = (ctx.focus, ctx.trace);
        let Some(pattern) = trace.pattern(focus.layer, focus.head) else {
            return String::new();
        };
        let (query, key, weight) = strongest(ctx, pattern);
        let (q, k) = (ctx.label(query), ctx.key_label(key));
        let (weight, whole) = (percent(weight), percent(1.0));
        let badges = self.current(ctx).map(|r| r.badges(focus.layer, focus.head));
        let badges: Vec<String> = badges
            .unwrap_or_default()
            .into_iter()
            .map(|(role, score)| format!("{} {}", tr(role.name()), number(score.value)))
            .collect();
        let habits = if badges.is_empty() {
            tr("It has no badge for this text.").to_owned()
        } else {
            trf("Its badges with their scores: {0}.", &[&badges.join(", ")])
        };
        if !trace.is_causal() {
            let whom = if trace.is_cross() {
                tr("Rows are tokens of the translation, columns tokens of the source text.")
            } else {
                tr("Nothing is hidden: an encoder's tokens look back and ahead.")
            };
            return trf(
                "Rows ask, columns answer: in layer {0}, head {1}, “{2}” gives {3} of its attention to “{4}”. \
                 Each row sums to {5}. {6} {7}",
                &[&focus.layer, &focus.head, &q, &weight, &k, &whole, &whom, &habits],
            );
        }
        trf(
            "Rows ask, columns answer: in layer {0}, head {1}, “{2}” gives {3} of its attention to “{4}”. \
             Each row sums to {5}; hatched cells are the future, which a token may not see. {6}",
            &[&focus.layer, &focus.head, &q, &weight, &k, &whole, &habits],
        )
    }
}

/// The chosen cell of a pattern, or the strongest of the chosen row: query, key and weight.
fn strongest(ctx: &Context<'_>, pattern: Matrix<'_>) -> (usize, usize, f32) {
    let query = ctx.focus.query_or_last(ctx.trace);
    let row = pattern.row(query);
    let largest = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    let key = ctx.focus.key.or(largest).unwrap_or(0);
    (query, key, row.get(key).copied().unwrap_or(0.0))
}

fn explain_all(ctx: &Context<'_>, matrix: Option<Matrix<'_>>, what: &str, note: &str) -> String {
    let Some(matrix) = matrix else {
        return format!("{what}.");
    };
    let (query, key, weight) = strongest(ctx, matrix);
    let (q, k) = (ctx.label(query), ctx.key_label(key));
    trf("{0}: for “{1}”, “{2}” counts {3}. {4}", &[&what, &q, &k, &percent(weight), &note])
}

/// What to say about a head's habits: every score and the badges it earned.
fn habits(reading: &Reading, layer: usize, head: usize) -> String {
    let line = |role| Some(score_line(role, reading.score(layer, head, role)?));
    let lines: Vec<String> = HeadRole::ALL.into_iter().filter_map(line).collect();
    lines.join("\n")
}
