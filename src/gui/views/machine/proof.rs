//! Why this word? Its score taken apart into parts that add up to it.

use crate::background::Latest;
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{empty_ui, fitted_text};
use crate::model::Part;
use crate::session::{Proof, prove};
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::TraceId;
use egui::{Align2, Color32, ComboBox, Rect, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many tokens can be asked about.
const CHOICES: usize = 20;
/// How many sources of a head are listed when it is unfolded.
const SOURCES: usize = 8;

/// The page: which word is asked about, and against which other.
#[derive(Debug, Default)]
pub struct ProofPage {
    proof: Latest<(TraceId, Option<u32>, Option<u32>, usize), Proof>,
    token: Option<u32>,
    against: Option<u32>,
    /// The heads whose sources are shown.
    open: BTreeSet<(usize, usize)>,
}

/// One row: a part, or a head with all its sources.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: String,
    value: f32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Embedding,
    Head(usize, usize),
    /// What a head brought from one token.
    Source {
        layer: usize,
        head: usize,
        source: usize,
    },
    Mlp(usize),
    Bias,
    /// Everything that is not listed.
    Rest,
}

impl ProofPage {
    pub fn receive(&mut self) {
        self.proof.receive();
    }

    pub fn is_busy(&self) -> bool {
        self.proof.is_busy()
    }

    fn ask(&mut self, ctx: &Context<'_>) {
        let key = (ctx.trace.id, self.token, self.against, Arc::as_ptr(ctx.model) as usize);
        let (model, trace) = (Arc::clone(ctx.model), Arc::clone(ctx.trace));
        let (token, against) = (self.token, self.against);
        self.proof.ask(ctx.lane, key, |_| move |_: &_| prove(&model, &trace, token, against));
    }

    pub fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let size = ctx.model.info.vocab_size as u32;
        self.token = self.token.filter(|&token| token < size);
        self.against = self.against.filter(|&token| token < size);
        let label = |id: u32| ctx.model.tokenizer.token(id).label();
        let best = ctx.next.ranked.first().map(|&id| id as u32);
        let asked = self.token.or(best);
        ui.label(tr("Why"));
        let shown = asked.map(label).unwrap_or_default();
        let choice = ComboBox::from_id_salt("proof token").selected_text(shown);
        let choice = choice.show_ui(ui, |ui| {
            for &id in ctx.next.ranked.iter().take(CHOICES) {
                let id = id as u32;
                if ui.selectable_label(asked == Some(id), label(id)).clicked() {
                    self.token = (Some(id) != best).then_some(id);
                }
            }
        });
        choice.response.on_hover_text(tr("The word whose score is taken apart"));
        ui.label(tr("and not"));
        let shown = self.against.map_or_else(|| "–".to_owned(), label);
        let choice = ComboBox::from_id_salt("proof against").selected_text(shown);
        let choice = choice.show_ui(ui, |ui| {
            if ui.selectable_label(self.against.is_none(), "–").clicked() {
                self.against = None;
            }
            for &id in ctx.next.ranked.iter().take(CHOICES) {
                let id = id as u32;
                if Some(id) != asked
                    && ui.selectable_label(self.against == Some(id), label(id)).clicked()
                {
                    self.against = Some(id);
                }
            }
        });
        choice
            .response
            .on_hover_text(tr("Another word: then the lead over its score is taken apart"));
    }

    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.ask(ctx);
        let theme = ctx.theme;
        let proof = match self.proof.answer() {
            None => return empty_ui(ui, theme, tr("Reading …")),
            Some(Err(problem)) => {
                return empty_ui(
                    ui,
                    theme,
                    &format!("{}. {}", tr(&problem.why), tr(&problem.cure)),
                );
            }
            Some(Ok(proof)) => proof.clone(),
        };
        heading_ui(ui, theme, &proof);
        let height = (theme.body_size * 1.6).round();
        let rows = self.rows(ctx, &proof);
        let most = rows.iter().map(|row| row.value.abs()).fold(f32::MIN_POSITIVE, f32::max);
        let mut toggled = None;
        ScrollArea::vertical().id_salt("proof").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for row in &rows {
                let response = row_ui(ui, theme, row, (most, height));
                let hint = match row.kind {
                    Kind::Head(..) => tr("Click to unfold what it read from each token"),
                    Kind::Source { .. } => tr("Click to see this look in the view Attention"),
                    Kind::Mlp(_) => tr("Click to see this layer's neurons"),
                    Kind::Embedding => tr("The vector of the token itself, and of its place"),
                    Kind::Bias => tr("Numbers that are added whatever the text"),
                    Kind::Rest => tr("Everything else, added up"),
                };
                if response.on_hover_text(hint).clicked() {
                    toggled = Some(row.kind);
                }
            }
            ui.add_space(theme.body_size * 0.5);
            sum_ui(ui, theme, &proof);
            ui.add_space(theme.body_size * 0.5);
            let note = tr(
                "Exact, with attention and the last norm's scale as they were in this run. It shows who spoke for the word directly, not why they did: what a part would do in another text, an experiment shows.",
            );
            ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
        });
        match toggled {
            Some(Kind::Head(layer, head)) if !self.open.remove(&(layer, head)) => {
                self.open.insert((layer, head));
            }
            Some(Kind::Source { layer, head, source }) => {
                ctx.send(Command::Select(Target::Head { layer, head }));
                let query = ctx.trace.tokens.len().saturating_sub(1);
                ctx.send(Command::Select(Target::Cell { query, key: source }));
                ctx.send(Command::Show("attention"));
            }
            Some(Kind::Mlp(layer)) => {
                let head = ctx.pinned.head;
                ctx.send(Command::Select(Target::Head { layer, head }));
                ctx.send(Command::Show("mlp"));
            }
            _ => {}
        }
    }

    /// The parts, the strongest first, with the sources of unfolded heads beneath them. They add up.
    fn rows(&self, ctx: &Context<'_>, proof: &Proof) -> Vec<Row> {
        let attribution = &proof.attribution;
        let mut parts = vec![
            Row {
                name: tr("embedding and position").to_owned(),
                value: attribution.embed + attribution.pos_embed,
                kind: Kind::Embedding,
            },
            Row {
                name: tr("all biases").to_owned(),
                value: attribution.attention_biases.iter().sum::<f32>() + attribution.bias,
                kind: Kind::Bias,
            },
        ];
        for (layer, (heads, &mlp)) in attribution.heads.iter().zip(&attribution.mlps).enumerate() {
            for (head, &value) in heads.iter().enumerate() {
                let name = self.head_name(ctx, proof, (layer, head));
                parts.push(Row { name, value, kind: Kind::Head(layer, head) });
            }
            parts.push(Row { name: trf("MLP {0}", &[&layer]), value: mlp, kind: Kind::Mlp(layer) });
        }
        parts.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
        let listed = 24.min(parts.len());
        let rest: f32 = parts[listed..].iter().map(|row| row.value).sum();
        let n_rest = parts.len() - listed;
        parts.truncate(listed);
        let mut rows = Vec::new();
        for row in parts {
            let kind = row.kind;
            rows.push(row);
            if let Kind::Head(layer, head) = kind
                && self.open.contains(&(layer, head))
            {
                rows.extend(sources(ctx, proof, (layer, head)));
            }
        }
        if n_rest > 0 {
            rows.push(Row {
                name: trf("{0} more parts", &[&n_rest]),
                value: rest,
                kind: Kind::Rest,
            });
        }
        rows
    }

    fn head_name(&self, ctx: &Context<'_>, proof: &Proof, (layer, head): (usize, usize)) -> String {
        let sources = &proof.attribution.sources[layer][head];
        let most = sources.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        let mark = if self.open.contains(&(layer, head)) { "▾" } else { "▸" };
        let from = most.map(|(source, _)| ctx.label(source)).unwrap_or_default();
        format!("{mark} {}", trf("head {0}.{1}, most from “{2}”", &[&layer, &head, &from]))
    }

    pub fn explain(&self, ctx: &Context<'_>) -> String {
        let Some(Ok(proof)) = self.proof.answer() else {
            return String::new();
        };
        let parts = proof.attribution.parts();
        let heads = parts.iter().filter(|(part, _)| matches!(part, Part::Head { .. }));
        let Some((Part::Head { layer, head, source }, value)) =
            heads.max_by(|a, b| a.1.total_cmp(&b.1))
        else {
            return String::new();
        };
        trf(
            "The score of “{0}” is a sum of {1} parts. The strongest look is head {2}.{3} at “{4}”: {5} of {6}.",
            &[
                &proof.token.label(),
                &parts.len(),
                layer,
                head,
                &ctx.label(*source),
                &number(*value),
                &number(proof.logit),
            ],
        )
    }

    pub fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        let Some(Ok(proof)) = self.proof.answer() else {
            return Vec::new();
        };
        let parts = proof.attribution.parts();
        let of_head = |part: Part| match part {
            Part::Head { head, source, .. } => {
                (head.to_string(), source.to_string(), ctx.label(source))
            }
            _ => Default::default(),
        };
        let layer = |part: Part| part.layer().map_or_else(String::new, |layer| layer.to_string());
        vec![
            Table::new("parts")
                .text("part", parts.iter().map(|(part, _)| part.kind()))
                .text("layer", parts.iter().map(|(part, _)| layer(*part)))
                .text("head", parts.iter().map(|(part, _)| of_head(*part).0))
                .text("source", parts.iter().map(|(part, _)| of_head(*part).1))
                .text("source_token", parts.iter().map(|(part, _)| of_head(*part).2))
                .number("value", parts.iter().map(|&(_, value)| value)),
        ]
    }
}

/// What a head brought from each token, the most first; the rest in one row, so that they add up.
fn sources(ctx: &Context<'_>, proof: &Proof, (layer, head): (usize, usize)) -> Vec<Row> {
    let mut all: Vec<(usize, f32)> =
        proof.attribution.sources[layer][head].iter().copied().enumerate().collect();
    all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let row = |&(source, value): &(usize, f32)| Row {
        name: format!("      {}", trf("from “{0}” ({1})", &[&ctx.label(source), &source])),
        value,
        kind: Kind::Source { layer, head, source },
    };
    let mut rows: Vec<Row> = all.iter().take(SOURCES).map(row).collect();
    if let Some(rest) = all.get(SOURCES..).filter(|rest| !rest.is_empty()) {
        let value = rest.iter().map(|(_, value)| value).sum();
        rows.push(Row {
            name: format!("      {}", trf("from {0} more tokens", &[&rest.len()])),
            value,
            kind: Kind::Rest,
        });
    }
    rows
}

fn heading_ui(ui: &mut Ui, theme: &Theme, proof: &Proof) {
    let text = match &proof.against {
        None => trf(
            "The score (logit) of “{0}” is {1}. It is the sum of:",
            &[&proof.token.label(), &format!("{:.4}", proof.logit)],
        ),
        Some(against) => trf(
            "“{0}” leads “{1}” by {2}. That is the sum of:",
            &[&proof.token.label(), &against.label(), &format!("{:.4}", proof.logit)],
        ),
    };
    ui.label(RichText::new(text).font(theme.body()));
}

fn color(theme: &Theme, kind: Kind) -> Color32 {
    match kind {
        Kind::Head(_, head) | Kind::Source { head, .. } => theme.head(head),
        Kind::Mlp(_) => *theme.mlp,
        Kind::Embedding => *theme.residual,
        Kind::Bias | Kind::Rest => *theme.dim,
    }
}

fn row_ui(ui: &mut Ui, theme: &Theme, row: &Row, (most, height): (f32, f32)) -> egui::Response {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let value = signed(row.value);
    let name = format!("{}, {value}", row.name.trim());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, *theme.raised);
    }
    let label = (rect.width() * 0.42).min(theme.body_size * 22.0);
    let numbers = theme.caption_size * 5.5;
    fitted_text(
        painter,
        pos2(rect.left() + 4.0, rect.center().y),
        Align2::LEFT_CENTER,
        &row.name,
        theme.body(),
        *theme.text,
        label - 8.0,
    );
    painter.text(
        pos2(rect.left() + label + numbers - 8.0, rect.center().y),
        Align2::RIGHT_CENTER,
        value,
        theme.mono(),
        *theme.text,
    );
    let track = Rect::from_min_max(
        pos2(rect.left() + label + numbers, rect.top() + height * 0.2),
        pos2(rect.right() - 6.0, rect.bottom() - height * 0.2),
    );
    if track.width() > 4.0 {
        // One scale for both signs. Zero stands at a third: what speaks for a word is usually larger than
        // what speaks against it; what is longer than its side is cut there, and its number says so.
        let zero = track.left() + track.width() / 3.0;
        let end = (zero + row.value / most * track.width() * 2.0 / 3.0).max(track.left());
        let bar = Rect::from_x_y_ranges(zero.min(end)..=zero.max(end), track.y_range());
        painter.rect_filled(bar, 2.0, color(theme, row.kind));
        painter.vline(zero, rect.y_range(), Stroke::new(1.0, *theme.outline));
    }
    response
}

/// The sum, and how far rounding takes it from the model's own score.
fn sum_ui(ui: &mut Ui, theme: &Theme, proof: &Proof) {
    let total = proof.attribution.total();
    let off = (total - proof.logit).abs();
    let text = trf(
        "sum {0} = the model's own {1}, off by {2} (rounding)",
        &[&format!("{total:.4}"), &format!("{:.4}", proof.logit), &format!("{off:.0e}")],
    );
    ui.label(RichText::new(text).font(theme.mono()).color(*theme.accent));
}

/// A contribution with its sign.
fn signed(value: f32) -> String {
    format!("{value:+.4}").replace('-', "−")
}
