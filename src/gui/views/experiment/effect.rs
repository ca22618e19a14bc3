//! What the edits in force change: the next token, where heads look, and from which layer on.

use crate::background::{Task, finished};
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{
    Cells, Chart, Curve, Heatmap, Labels, Mark, PairedBar, bar_scale_ui, deck_ui, empty_ui,
    legend_ui, paired_bar_height, paired_bar_ui, paired_head_ui,
};
use crate::math::sampling::top;
use crate::model::Checkpoint;
use crate::session::experiment::{Comparison, early_log_probs, moved_attention};
use crate::text::{tr, trf};
use crate::trace::{Matrix, Trace, TraceId};
use egui::{Color32, Id, RichText, ScrollArea, Ui, pos2};
use std::sync::{Arc, Weak};

/// How many tokens are listed.
const LISTED: usize = 40;

/// The colours of before and after.
pub(super) fn colors(theme: &Theme) -> [Color32; 2] {
    [*theme.residual, *theme.accent]
}

/// A line above a picture.
pub(super) fn note_ui(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.label(RichText::new(text).font(theme.caption()).color(*theme.dim));
}

/// The changed model against the unchanged one.
#[derive(Debug, Default)]
pub(super) struct Effect {
    compared: Option<Compared>,
    /// The token asked about.
    token: Option<u32>,
    asked: Option<Question>,
    task: Option<Task<Depth>>,
    depth: Option<Depth>,
}

/// Two recordings of the same text.
#[derive(Debug)]
struct Compared {
    before: Arc<Trace>,
    after: Arc<Trace>,
    comparison: Comparison,
    /// The tokens that are listed: those whose probability changed most, or the most probable ones
    /// if nothing is changed.
    rows: Vec<usize>,
    /// The most probable tokens of the unchanged model.
    best: Vec<usize>,
}

/// What is looked into on the model's thread.
#[derive(Debug, Clone)]
struct Question {
    model: Weak<Checkpoint>,
    traces: (TraceId, TraceId),
    token: u32,
}

impl Question {
    fn is(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.model, &other.model)
            && (self.traces, self.token) == (other.traces, other.token)
    }
}

/// What takes longer than a frame.
#[derive(Debug)]
struct Depth {
    token: u32,
    /// The token's log-probability after each layer, before and after the change.
    early: Option<[Vec<f32>; 2]>,
    /// The head whose attention moved most, and how far.
    moved_most: Option<(usize, usize, f32)>,
    /// What each head adds to the token's score in the unchanged model, `[layer][head]`.
    attribution: Option<Vec<Vec<f32>>>,
}

impl Depth {
    fn of(model: &Checkpoint, before: &Trace, after: &Trace, token: u32) -> Self {
        let early = early_log_probs(model, before, token).zip(early_log_probs(model, after, token));
        let moved = moved_attention(before, after);
        let heads = moved.iter().enumerate().flat_map(|(layer, row)| {
            row.iter().enumerate().map(move |(head, &moved)| (layer, head, moved))
        });
        let pos = before.tokens.len().saturating_sub(1);
        let attribution = model.network.attribute(before, pos, token as usize, None);
        Self {
            token,
            early: early.map(|(before, after)| [before, after]),
            moved_most: heads.max_by(|a, b| a.2.total_cmp(&b.2)).filter(|most| most.2 > 0.0),
            attribution: attribution.map(|attribution| attribution.heads),
        }
    }
}

impl Effect {
    pub fn receive(&mut self) {
        if let Some(Ok(depth)) = finished(&mut self.task) {
            self.depth = Some(depth);
        }
    }

    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// The token asked about.
    pub fn token(&self) -> Option<u32> {
        self.token
    }

    /// The tokens that are listed.
    pub fn rows(&self) -> &[usize] {
        self.compared.as_ref().map_or(&[], |compared| &compared.rows)
    }

    /// The most probable tokens of the unchanged model.
    pub fn best(&self) -> &[usize] {
        self.compared.as_ref().map_or(&[], |compared| &compared.best)
    }

    /// The text both read.
    pub fn text(&self) -> &str {
        self.compared.as_ref().map_or("", |compared| &compared.before.text)
    }

    /// A token's probability before and after.
    pub fn probs(&self, id: usize) -> [f32; 2] {
        self.compared.as_ref().map_or([0.0; 2], |compared| {
            let Comparison { before, after, .. } = &compared.comparison;
            [before, after].map(|probs| probs.get(id).copied().unwrap_or(0.0))
        })
    }

    /// The larger of a token's two probabilities.
    pub fn largest(&self, id: usize) -> f32 {
        let [before, after] = self.probs(id);
        before.max(after)
    }

    /// How far the distributions are apart.
    pub fn kl_bits(&self) -> Option<f32> {
        self.compared.as_ref().map(|compared| compared.comparison.kl_bits)
    }

    /// What each head adds directly to the score of the token asked about, `[layer][head]`.
    pub fn attribution(&self) -> Option<&Vec<Vec<f32>>> {
        let depth = self.depth.as_ref().filter(|depth| Some(depth.token) == self.token)?;
        depth.attribution.as_ref()
    }

    /// Compares the recordings on screen, if they are others than before.
    pub fn update(&mut self, ui: &Ui, ctx: &Context<'_>, asked: Option<u32>) {
        let (before, after) = (ctx.baseline.unwrap_or(ctx.trace), ctx.trace);
        let is_current =
            |compared: &Compared| (compared.before.id, compared.after.id) == (before.id, after.id);
        if !self.compared.as_ref().is_some_and(is_current) {
            let comparison = Comparison::of(before, after);
            let best = top(&comparison.before, LISTED);
            let rows = if before.id == after.id { best.clone() } else { comparison.movers(LISTED) };
            self.compared = Some(Compared {
                before: Arc::clone(before),
                after: Arc::clone(after),
                comparison,
                rows,
                best,
            });
            // The explanation was drawn before.
            ui.ctx().request_repaint();
        }
        let vocab_size = after.model.vocab_size;
        let asked = asked.filter(|&token| (token as usize) < vocab_size);
        self.token = asked.or(self.best().first().map(|&id| id as u32));
        self.ask(ctx);
    }

    fn ask(&mut self, ctx: &Context<'_>) {
        let (Some(token), Some(compared)) = (self.token, &self.compared) else {
            return;
        };
        let question = Question {
            model: Arc::downgrade(ctx.model),
            traces: (compared.before.id, compared.after.id),
            token,
        };
        if self.asked.as_ref().is_some_and(|asked| asked.is(&question)) {
            return;
        }
        self.asked = Some(question);
        let model = Arc::clone(ctx.model);
        let (before, after) = (Arc::clone(&compared.before), Arc::clone(&compared.after));
        self.task =
            Some(Task::spawn(ctx.lane, move |_| Ok(Depth::of(&model, &before, &after, token))));
    }

    /// The picture; a click on a row chooses the token asked about.
    pub fn ui(&self, ui: &mut Ui, ctx: &mut Context<'_>, asked: &mut Option<u32>) {
        let theme = ctx.theme;
        if ctx.edits.is_empty() {
            let names = [tr("Try one of these"), tr("Which head speaks for it?")];
            return deck_ui(ui, theme, &names, |ui, panel| match panel {
                0 => super::suggestions::suggestions_ui(ui, ctx),
                _ => super::heads::attribution_ui(ui, ctx, self),
            });
        }
        let names = [tr("Next token"), tr("Attention"), tr("Layer by layer")];
        deck_ui(ui, theme, &names, |ui, panel| match panel {
            0 => self.next_ui(ui, ctx, asked),
            1 => self.attention_ui(ui, ctx),
            _ => self.layers_ui(ui, ctx),
        });
    }

    fn next_ui(&self, ui: &mut Ui, ctx: &Context<'_>, asked: &mut Option<u32>) {
        let theme = ctx.theme;
        let kl = self.kl_bits().unwrap_or(f32::NAN);
        let distance = trf("KL divergence {0} bits", &[&number(kl)]);
        let names = [tr("before"), tr("after")];
        paired_head_ui(ui, theme, &distance, names, colors(theme));
        let rows = self.rows();
        let largest = rows.iter().map(|&id| self.largest(id)).fold(0.0, f32::max);
        let full = bar_scale_ui(ui, theme, largest);
        ui.spacing_mut().item_spacing.y = 1.0;
        let scroll = ScrollArea::vertical().id_salt("movers").auto_shrink(false);
        scroll.show_rows(ui, paired_bar_height(theme), rows.len(), |ui, shown| {
            for (rank, &id) in rows.iter().enumerate().take(shown.end).skip(shown.start) {
                let label = ctx.model.tokenizer.token(id as u32).label();
                let is_chosen = self.token == Some(id as u32);
                let bar = PairedBar {
                    label: &label,
                    probs: self.probs(id),
                    full,
                    colors: colors(theme),
                    is_chosen,
                    id: Id::unique(("mover", rank)),
                };
                let response = paired_bar_ui(ui, theme, &bar);
                let hint = trf("Click to ask about “{0}”, id {1}", &[&label, &id]);
                if response.on_hover_text(hint).clicked() {
                    *asked = (!is_chosen).then_some(id as u32);
                }
            }
        });
    }

    /// Where the focused head looks now and did not before.
    fn attention_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let (layer, head) = (ctx.focus.layer, ctx.focus.head);
        let patterns = self.compared.as_ref().and_then(|compared| {
            compared.before.pattern(layer, head).zip(compared.after.pattern(layer, head))
        });
        let Some((before, after)) = patterns else {
            return empty_ui(ui, theme, tr("This recording holds no attention"));
        };
        let changes: Vec<f32> = before.data.iter().zip(after.data).map(|(b, a)| a - b).collect();
        let scale = Scale::of_differences(&changes);
        if let Some(scale) = scale {
            let measure = trf("head {0}.{1}, after − before", &[&layer, &head]);
            legend_ui(ui, theme, scale, &measure);
        } else {
            let why = trf(
                "Head {0}.{1} looks where it did: the change comes after it, or is only in what it reads out.",
                &[&layer, &head],
            );
            ui.label(RichText::new(why).color(*theme.dim));
        }
        self.moved_most_ui(ui, ctx);
        if scale.is_some() {
            let matrix = Matrix { data: &changes, ..after };
            change_heatmap_ui(ui, ctx, matrix);
        }
    }

    /// Leads to the head whose attention moved most.
    fn moved_most_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let most = self.depth.as_ref().and_then(|depth| depth.moved_most);
        let Some((layer, head, moved)) = most else {
            return;
        };
        let target = Target::Head { layer, head };
        if ctx.pinned.holds(target) {
            let note = trf("It moved most of all heads: {0} went elsewhere", &[&percent(moved)]);
            ui.label(RichText::new(note).font(ctx.theme.caption()).color(*ctx.theme.dim));
            return;
        }
        let text = trf("Moved most: head {0}.{1} ({2})", &[&layer, &head, &percent(moved)]);
        let hint = "The share of a token's attention that went elsewhere, averaged over all tokens";
        if ui.button(text).on_hover_text(tr(hint)).clicked() {
            ctx.send(Command::Select(target));
        }
    }

    /// The token's log-probability, layer by layer.
    fn layers_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let depth = self.depth.as_ref().filter(|depth| Some(depth.token) == self.token);
        let Some((token, early)) = depth.and_then(|d| Some((d.token, d.early.as_ref()?))) else {
            return note_ui(ui, theme, tr("Layer by layer …"));
        };
        let label = ctx.model.tokenizer.token(token).label();
        let [before, after] = early;
        let end = |values: &Vec<f32>| number(values.last().copied().unwrap_or(f32::NAN));
        let note = trf(
            "ln p of “{0}”, read out after each layer by the logit lens. In the end {1} → {2}",
            &[&label, &end(before), &end(after)],
        );
        note_ui(ui, theme, &note);
        let changes: Vec<f32> = before.iter().zip(after).map(|(b, a)| a - b).collect();
        let names: Vec<String> = std::iter::once(tr("in").to_owned())
            .chain((0..ctx.trace.model.n_layers).map(|layer| layer.to_string()))
            .collect();
        let about = trf("Change of the log-probability of {0} after each layer", &[&label]);
        let points = (0..).zip(&changes).map(|(i, &change)| pos2(i as f32, change));
        let chart = Chart {
            name: &about,
            x_title: tr("after layer"),
            y_title: tr("change of ln p, in nats"),
            x_names: &names,
            y_holds: -0.1..=0.1,
            curves: &[Curve {
                name: String::new(),
                color: *theme.accent,
                mark: Mark::Numbers,
                points: points.collect(),
            }],
            cursor: Some(ctx.focus.layer as f32 + 1.0),
        };
        let (response, x) = chart.ui(ui, theme);
        point_layer(ctx, &response, x);
    }
}

/// Points at the layer under the pointer; the first place on the axis is before any layer.
fn point_layer(ctx: &mut Context<'_>, response: &egui::Response, x: Option<f32>) {
    let place = x.map_or(0, |x| x.round() as usize);
    if let Some(layer) = place.checked_sub(1) {
        let head = ctx.pinned.head;
        ctx.point(response, Target::Head { layer, head });
    }
}

/// The change of the focused head's attention.
fn change_heatmap_ui(ui: &mut Ui, ctx: &mut Context<'_>, matrix: Matrix<'_>) {
    let theme = ctx.theme;
    let (layer, head) = (ctx.focus.layer, ctx.focus.head);
    let names: Vec<String> = (0..ctx.trace.tokens.len()).map(|pos| ctx.label(pos)).collect();
    let heatmap = Heatmap {
        what: format!("attention change {layer}.{head}"),
        matrix,
        scale: Scale::around_zero(matrix.data),
        rows: Labels::asks(theme, &names),
        cols: Labels::answers(theme, &names),
        focus: (ctx.focus.query, ctx.focus.key),
        cells: Cells::Causal,
    };
    let shown = heatmap.show(ui, ctx);
    let about = trf("Change of the attention of layer {0}, head {1}", &[&layer, &head]);
    heatmap.point(&shown, &about, None, ctx);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind, Edit};

    #[test]
    fn depth_agrees_with_the_recordings() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let text = "The cat sat on the";
        let before = model.trace(text).unwrap();
        let edit = Edit::Attention { layer: 1, factor: 0.0 };
        let after = model.trace_edited(text, &[edit]).unwrap();
        let comparison = Comparison::of(&before, &after);
        let depth = Depth::of(&model, &before, &after, 5);
        let early = depth.early.unwrap();
        for (early, probs) in early.iter().zip([&comparison.before, &comparison.after]) {
            assert!((early.last().unwrap() - probs[5].ln()).abs() < 1e-3);
        }
        assert!(depth.moved_most.unwrap().0 > 1);
        assert_eq!(depth.attribution.unwrap().len(), model.info.n_layers);
        assert_eq!(Depth::of(&model, &before, &before, 5).moved_most, None);
    }
}
