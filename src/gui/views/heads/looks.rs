//! From one token: whom do all heads look at from here, and which of them look at one word most?
//!
//! The text runs down the page. Beside each word stand the heads whose strongest look goes to it, the
//! strongest first, and arcs show how much all heads together give to it. A second token ranks the
//! heads by the weight between the two.

use super::Heads;
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::Context;
use crate::gui::look::format::percent;
use crate::gui::look::theme::Theme;
use crate::text::{tr, trf};
use crate::trace::Trace;
use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, Pos2, Rect, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

/// The most heads that are named beside a word; a count stands for the rest.
const MOST: usize = 8;

/// A head with the weight it gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) layer: usize,
    pub(super) head: usize,
    pub(super) weight: f32,
}

/// The looks of all heads from the token at `query`: for each key the heads whose largest weight is on
/// it, the largest first.
pub(super) fn gathered(trace: &Trace, query: usize) -> Vec<Vec<Look>> {
    let mut keys = vec![Vec::new(); trace.key_tokens().len()];
    for (layer, head) in heads(trace) {
        let Some(pattern) = trace.pattern(layer, head).filter(|p| query < p.rows) else {
            continue;
        };
        let row = pattern.row(query);
        let strongest = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        if let Some(key) = strongest.filter(|&key| row[key] > 0.0) {
            keys[key].push(Look { layer, head, weight: row[key] });
        }
    }
    for looks in &mut keys {
        sort(looks);
    }
    keys
}

/// All heads by the weight that the token at `query` gives to the one at `key`, the largest first.
pub(super) fn between(trace: &Trace, query: usize, key: usize) -> Vec<Look> {
    let weight = |(layer, head)| {
        let weight = trace.pattern(layer, head)?.get(query, key)?;
        Some(Look { layer, head, weight })
    };
    let mut looks: Vec<Look> = heads(trace).filter_map(weight).collect();
    sort(&mut looks);
    looks
}

/// The mean over all heads of what the token at `query` gives to each key, `[key]`.
fn shares(trace: &Trace, query: usize) -> Vec<f32> {
    let n_heads = (trace.model.n_layers * trace.model.n_heads).max(1) as f32;
    let mut shares = vec![0.0; trace.key_tokens().len()];
    for (layer, head) in heads(trace) {
        if let Some(pattern) = trace.pattern(layer, head).filter(|p| query < p.rows) {
            let row = pattern.row(query).iter();
            shares.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight / n_heads);
        }
    }
    shares
}

/// Is this key in the future of this query, where a decoder sees nothing?
fn is_hidden(trace: &Trace, query: usize, key: usize) -> bool {
    trace.is_causal() && !trace.is_cross() && key > query
}

fn heads(trace: &Trace) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
    (0..n_layers).flat_map(move |layer| (0..n_heads).map(move |head| (layer, head)))
}

fn sort(looks: &mut [Look]) {
    looks.sort_by(|a, b| b.weight.total_cmp(&a.weight));
}

/// What is seen in the tab, in a sentence.
pub(super) fn explain_looks(ctx: &Context<'_>) -> String {
    let query = ctx.pinned.query_or_last(ctx.trace);
    let from = ctx.label(query);
    let Some(key) = ctx.pinned.key else {
        return trf(
            "Beside each word stand the heads whose strongest look from “{0}” goes to it, with the \
             share of their attention; arcs are the mean of all heads.",
            &[&from],
        );
    };
    let to = ctx.key_label(key);
    if is_hidden(ctx.trace, query, key) {
        return trf(
            "“{1}” comes after “{0}”: the future is hidden from a token, so no head can look there.",
            &[&from, &to],
        );
    }
    between(ctx.trace, query, key).first().map_or_else(String::new, |look| {
        trf(
            "Of all heads, {0}.{1} looks most from “{2}” to “{3}”: it gives {4} of its attention.",
            &[&look.layer, &look.head, &from, &to, &percent(look.weight)],
        )
    })
}

impl Heads {
    /// The picture of the tab.
    pub(super) fn looks_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let query = ctx.pinned.query_or_last(ctx.trace);
        let from = ctx.label(query);
        let theme = ctx.theme;
        ui.horizontal_wrapped(|ui| match ctx.pinned.key {
            None => {
                ui.label(RichText::new(trf("From “{0}” the heads look at:", &[&from])).strong());
                let hint = tr("Click a word to rank the heads, a token above to look from it.");
                ui.label(RichText::new(hint).color(*theme.dim));
            }
            Some(key) => {
                let to = ctx.key_label(key);
                let title = trf("From “{0}” to “{1}”, head by head:", &[&from, &to]);
                ui.label(RichText::new(title).strong());
                let all = ui.button(tr("All words"));
                if all.on_hover_text(tr("Show whom the heads look at from here")).clicked() {
                    ctx.send(Command::Select(Target::Token(query)));
                }
            }
        });
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| match ctx.pinned.key {
            None => self.words_ui(ui, ctx, query),
            Some(key) if is_hidden(ctx.trace, query, key) => hidden_ui(ui, ctx, query, key),
            Some(key) => self.ranking_ui(ui, ctx, query, key),
        });
    }

    /// The text down the page, with the heads that look at each word.
    fn words_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, query: usize) {
        let (theme, trace) = (ctx.theme, std::sync::Arc::clone(ctx.trace));
        let (looks, shares) = (gathered(&trace, query), shares(&trace, query));
        let labels: Vec<String> = (0..looks.len()).map(|key| ctx.key_label(key)).collect();
        let layout = |text: &String| {
            let galley = ui.painter().layout_no_wrap(text.clone(), theme.body(), *theme.text);
            galley.size().x
        };
        let word = labels.iter().map(layout).fold(0.0, f32::max).min(ui.available_width() * 0.3);
        let gutter = theme.body_size * 4.0;
        let mut rows = Vec::new();
        for (key, looks) in looks.iter().enumerate() {
            let row = ui.horizontal_top(|ui| {
                ui.add_space(gutter);
                let is_hidden = is_hidden(&trace, query, key);
                let is_query = !trace.is_cross() && key == query;
                let ink = match (is_query, is_hidden) {
                    (true, _) => *theme.accent,
                    (_, true) => *theme.dim,
                    _ => *theme.text,
                };
                let size = vec2(word + theme.body_size, theme.body_size * 1.6);
                let text =
                    egui::Button::new(RichText::new(&labels[key]).font(theme.body()).color(ink))
                        .frame(false)
                        .truncate();
                let button = ui.add_sized(size, text);
                ctx.point(&button, Target::Cell { query, key });
                let hint = trf("Rank the heads by their look at “{0}”", &[&labels[key]]);
                button.on_hover_text(if is_hidden {
                    tr("The future is hidden").to_owned()
                } else {
                    hint
                });
                ui.horizontal_wrapped(|ui| {
                    for &look in looks.iter().take(MOST) {
                        self.chip_ui(ui, ctx, look);
                    }
                    if looks.len() > MOST {
                        let more = trf("and {0} more", &[&(looks.len() - MOST)]);
                        ui.label(RichText::new(more).font(theme.caption()).color(*theme.dim));
                    }
                });
                size
            });
            let top = row.response.rect.top();
            rows.push(pos2(row.response.rect.left() + gutter, top + row.inner.y / 2.0));
        }
        let from = if trace.is_cross() { rows.first().copied() } else { rows.get(query).copied() };
        if let Some(from) = from {
            arcs(ui, theme, from, &rows, &shares, gutter);
        }
    }

    /// A head as a button: its name, its weight in words and as a line.
    fn chip_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, look: Look) {
        let theme = ctx.theme;
        let Look { layer, head, weight } = look;
        let (name, share) = (format!("{layer}.{head}"), percent(weight));
        let layout =
            |text: String, ink| ui.painter().layout_no_wrap(text, theme.mono_caption(), ink);
        let name = layout(name, theme.head(head));
        let share = layout(share, *theme.text);
        let pad = theme.caption_size * 0.35;
        let size = vec2(
            name.size().x + share.size().x + 3.0 * pad,
            name.size().y.max(share.size().y) + 2.0 * pad,
        );
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let target = Target::Head { layer, head };
        let is_chosen = ctx.pinned.holds(target);
        ui.painter().rect_filled(rect, 4.0, *theme.raised);
        let bar = vec2(rect.width() * weight.clamp(0.0, 1.0), theme.stroke + 1.0);
        let bar = Rect::from_min_size(pos2(rect.left(), rect.bottom() - bar.y), bar);
        ui.painter().rect_filled(bar, 0.0, theme.head(head));
        let is_pointed = response.hovered() || response.has_focus();
        let stroke = match (is_chosen, is_pointed) {
            (true, _) => theme.selection_stroke(),
            (_, true) => theme.line(theme.accent),
            _ => theme.line(theme.outline),
        };
        ui.painter().rect_stroke(rect, 4.0, stroke, egui::StrokeKind::Inside);
        let mut x = rect.left() + pad;
        for galley in [name, share] {
            let at = Align2::LEFT_CENTER.anchor_size(pos2(x, rect.center().y), galley.size());
            x += galley.size().x + pad;
            ui.painter().galley(at.min, galley, *theme.text);
        }
        let label = trf("Look of head {0}.{1}, {2}", &[&layer, &head, &percent(weight)]);
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, is_chosen, &label)
        });
        if response.clicked() {
            self.large = super::Large::Head;
        }
        ctx.point(&response, target);
        if let Some(reading) = &self.reading {
            response.on_hover_ui(|ui| {
                ui.set_max_width(theme.body_size * 40.0);
                ui.strong(trf("Layer {0}, head {1}", &[&layer, &head]));
                ui.label(super::habits(reading, layer, head));
            });
        }
    }

    /// Every head with the weight between two tokens.
    fn ranking_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, query: usize, key: usize) {
        let looks = between(ctx.trace, query, key);
        for look in looks {
            ui.horizontal(|ui| {
                self.chip_ui(ui, ctx, look);
                let room = (ui.available_width() - ctx.theme.body_size).max(0.0);
                let size = vec2(room, ctx.theme.body_size);
                let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
                let bar = vec2(room * look.weight.clamp(0.0, 1.0), size.y);
                let bar = Rect::from_min_size(rect.min, bar);
                ui.painter().rect_filled(bar, 2.0, ctx.theme.head(look.head));
            });
        }
    }
}

/// Says that a token cannot see what comes after it, and offers to look the other way.
fn hidden_ui(ui: &mut Ui, ctx: &mut Context<'_>, query: usize, key: usize) {
    let (from, to) = (ctx.label(query), ctx.key_label(key));
    let why =
        trf("“{0}” comes before “{1}” and cannot see it: the future is hidden.", &[&from, &to]);
    ui.label(RichText::new(why).font(ctx.theme.body()));
    let swap = ui.button(trf("Look from “{0}” back at “{1}”", &[&to, &from]));
    if swap.on_hover_text(tr("A later token sees the earlier one")).clicked() {
        ctx.send(Command::Select(Target::Cell { query: key, key: query }));
    }
}

/// Curves in the gutter from the token that looks to each word, as wide as all heads' mean look is strong.
fn arcs(ui: &Ui, theme: &Theme, from: Pos2, rows: &[Pos2], shares: &[f32], gutter: f32) {
    for (to, &share) in rows.iter().zip(shares).filter(|(_, share)| **share > 0.005) {
        let reach = gutter * (0.35 + 0.6 * ((to.y - from.y).abs() / 400.0).min(1.0));
        let out = vec2(-reach, 0.0);
        let ink = theme.accent.gamma_multiply(0.25 + 0.75 * share.sqrt());
        let stroke = Stroke::new(theme.stroke + 10.0 * share, ink);
        let points = [from, from + out, *to + out, *to];
        let curve =
            CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
        ui.painter().add(curve);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind, READER};

    #[test]
    fn the_head_that_knows_what_it_means_is_found() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("The cat chased the mouse because it was hungry.").unwrap();
        let at = |word: &str| trace.tokens.iter().position(|t| t.text == word).unwrap();
        let (it, cat) = (at(" it"), at(" cat"));
        let best = between(&trace, it, cat)[0];
        assert_eq!((best.layer, best.head), (7, 6));
        assert!(best.weight > 0.6, "{best:?}");
        assert_eq!(gathered(&trace, it)[cat][0], best);
        let n: usize = gathered(&trace, it).iter().map(Vec::len).sum();
        assert_eq!(n, trace.model.n_layers * trace.model.n_heads, "every head looks somewhere");
        assert!(gathered(&trace, it)[it + 1..].iter().all(Vec::is_empty));
        assert!(is_hidden(&trace, it, it + 1) && !is_hidden(&trace, it, cat));
        assert!((shares(&trace, it).iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn an_encoder_hides_nothing() {
        let model = Checkpoint::bundled(&READER, DeviceKind::default()).unwrap();
        let trace = model.trace("The cat sat on the mat").unwrap();
        assert!(!is_hidden(&trace, 0, 3));
        assert!(between(&trace, 0, 3)[0].weight > 0.0);
    }
}
