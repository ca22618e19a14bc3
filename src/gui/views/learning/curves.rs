//! The curves of a run: how surprised it is, and what its heads come to do.

use super::send;
use crate::gui::contract::command::Learn;
use crate::gui::contract::view::Context;
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{empty_ui, heading_ui, row_break};
use crate::session::training::{Check, Roles, Run, step_of};
use crate::text::{tr, trf};
use egui::{Color32, RichText, Ui};
use egui_plot::{AxisHints, HLine, Line, LineStyle, Plot, PlotPoints, VLine};

/// Points of a curve that are drawn at most.
const MOST: usize = 600;

/// A curve with its name, its colour, and how it is drawn.
struct Drawn {
    name: String,
    /// What several curves have in common that are named one after the other.
    kind: Option<String>,
    color: Color32,
    style: LineStyle,
    points: Vec<[f64; 2]>,
}

/// The mean of as many neighbouring losses as make so many points.
pub fn thinned(losses: &[f32], n_points: usize) -> Vec<[f64; 2]> {
    let size = losses.len().div_ceil(n_points.clamp(1, MOST)).max(1);
    let mean = |(i, part): (usize, &[f32])| {
        let sum: f64 = part.iter().map(|loss| f64::from(*loss)).sum();
        [(i * size) as f64 + (part.len() - 1) as f64 / 2.0, sum / part.len() as f64]
    };
    losses.chunks(size).enumerate().map(mean).collect()
}

/// Draws how surprised the model is by what it practises, and by what it never practises.
pub fn loss_ui(ui: &mut Ui, ctx: &mut Context<'_>, [run, earlier]: [Option<&Run>; 2]) {
    let theme = ctx.theme;
    heading_ui(ui, theme, tr("How surprised it is by each next token"));
    let Some(run) = run else {
        return empty_ui(ui, theme, tr("Start, and watch it fall"));
    };
    let mut curves = Vec::new();
    if let Some(earlier) = earlier {
        curves.push(Drawn {
            name: tr("the run before").to_owned(),
            kind: None,
            color: theme.dim.gamma_multiply(0.7),
            style: LineStyle::Solid,
            points: thinned(&earlier.progress().losses, MOST),
        });
    }
    let (knows_nothing, is_fresh) = {
        let progress = run.progress();
        curves.push(Drawn {
            name: tr("what it practises").to_owned(),
            kind: None,
            color: *theme.accent,
            style: LineStyle::Solid,
            points: thinned(&progress.losses, MOST),
        });
        let held_out = |check: &Check| Some([check.step as f64, f64::from(check.held_out?)]);
        let is_fresh = run.recipe.is_fresh();
        let name =
            if is_fresh { tr("what it never practises") } else { tr("a story it never read") };
        curves.push(Drawn {
            name: name.to_owned(),
            kind: None,
            color: *theme.residual,
            style: LineStyle::Dashed { length: 8.0 },
            points: progress.checks.iter().filter_map(held_out).collect(),
        });
        ((progress.vocab_size.max(1) as f64).ln(), is_fresh)
    };
    let baseline = is_fresh.then(|| {
        let choices = trf("knows nothing: {0} equal choices", &[&run.progress().vocab_size]);
        (choices, knows_nothing)
    });
    let units = tr("loss in nats, by steps");
    plot_ui(ui, ctx, ("loss", units), curves, baseline.as_ref(), Some(run));
}

/// Draws what each head comes to do.
pub fn heads_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: Option<&Run>) {
    let theme = ctx.theme;
    heading_ui(ui, theme, tr("What its heads come to do"));
    let Some(run) = run else {
        return empty_ui(ui, theme, tr("Heads look nowhere in particular at first"));
    };
    let mut curves = Vec::new();
    {
        let progress = run.progress();
        let checks = || progress.checks.iter();
        let heads = checks().next().map(|check| check.heads.iter().map(Vec::len));
        let heads: Vec<(usize, usize)> = heads
            .into_iter()
            .flatten()
            .enumerate()
            .flat_map(|(layer, n_heads)| (0..n_heads).map(move |head| (layer, head)))
            .collect();
        let kinds: [(&str, LineStyle, Score); 2] = [
            (tr("looks at what followed it before"), LineStyle::Solid, |roles| roles.induction),
            (tr("looks at the token before"), LineStyle::Dotted { spacing: 5.0 }, |roles| {
                roles.previous
            }),
        ];
        for (kind, style, score) in kinds {
            for (hue, &(layer, head)) in heads.iter().enumerate() {
                let point = |check: &Check| {
                    let roles = check.heads.get(layer)?.get(head)?;
                    Some([check.step as f64, f64::from(score(roles)?)])
                };
                let points: Vec<[f64; 2]> = checks().filter_map(point).collect();
                // Only heads that come to do something are named.
                let most = points.iter().map(|point| point[1]).fold(0.0, f64::max);
                let is_named = most >= NAMED;
                let name = if is_named { format!("{layer}.{head}") } else { String::new() };
                let kind = is_named.then(|| kind.to_owned());
                let color = theme.head(hue);
                curves.push(Drawn { name, kind, color, style, points });
            }
        }
    }
    plot_ui(ui, ctx, ("heads", tr("share of attention, by steps")), curves, None, Some(run));
}

/// What a head is drawn by.
type Score = fn(&Roles) -> Option<f32>;

/// Attention that a head must send somewhere to be named for it.
const NAMED: f64 = 0.3;

/// Draws how strongly each part of the model is changed.
pub fn gradients_ui(ui: &mut Ui, ctx: &mut Context<'_>, run: Option<&Run>) {
    let theme = ctx.theme;
    heading_ui(ui, theme, tr("How strongly each part is pulled"));
    let Some(run) = run else {
        return empty_ui(ui, theme, tr("Every part is pulled towards the text"));
    };
    let mut curves: Vec<Drawn> = Vec::new();
    for check in &run.progress().checks {
        for (part, length) in &check.gradients {
            let point = [check.step as f64, f64::from(*length)];
            let (name, kind) = part.split_once(' ').unwrap_or((part, ""));
            let kind = Some(tr(kind)).filter(|_| !kind.is_empty());
            let is_it =
                |curve: &&mut Drawn| curve.name == tr(name) && curve.kind.as_deref() == kind;
            if let Some(curve) = curves.iter_mut().find(is_it) {
                curve.points.push(point);
                continue;
            }
            let color = if part.ends_with("attention") {
                *theme.attention
            } else if part.ends_with("MLP") {
                *theme.mlp
            } else {
                *theme.residual
            };
            let (name, kind) = (tr(name).to_owned(), kind.map(str::to_owned));
            curves.push(Drawn { name, kind, color, style: LineStyle::Solid, points: vec![point] });
        }
    }
    curves.sort_by(|a, b| a.kind.cmp(&b.kind));
    plot_ui(
        ui,
        ctx,
        ("gradients", tr("length of the gradient, by steps")),
        curves,
        None,
        Some(run),
    );
}

/// Draws curves over the steps; a click looks at the model as it was then.
fn plot_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    (name, unit): (&str, &str),
    curves: Vec<Drawn>,
    baseline: Option<&(String, f64)>,
    run: Option<&Run>,
) {
    let theme: &Theme = ctx.theme;
    legend_ui(ui, theme, unit, &curves, baseline);
    style(ui, theme);
    let group = egui::Id::unique("steps of learning");
    let plot = Plot::new(name)
        .link_axis(group, [true, false])
        .link_cursor(group, [true, false])
        .include_x(0.0)
        .include_y(0.0)
        .allow_scroll(false)
        .allow_drag([true, false])
        .allow_zoom([true, false])
        .show_background(false)
        .grid_spacing(egui::Rangef::new(6.0, 80.0))
        .custom_x_axes(vec![steps_axis(theme)])
        .grid_color(theme.outline.gamma_multiply(0.7))
        .label_formatter(|at| match at {
            egui_plot::HoverPosition::NearDataPoint { plot_name, position, .. } => {
                Some(format!("{plot_name}\n{} {:.0}: {:.3}", tr("step"), position.x, position.y))
            }
            egui_plot::HoverPosition::Elsewhere { .. } => None,
        });
    let looking = step_of(&ctx.model.source);
    let width = theme.stroke + 0.5;
    let response = plot.show(ui, |plot| {
        if let Some((name, y)) = baseline {
            plot.hline(
                HLine::new(name.clone(), *y)
                    .color(*theme.dim)
                    .style(LineStyle::Dashed { length: 4.0 }),
            );
        }
        if let Some(step) = looking {
            plot.vline(VLine::new("", step as f64).color(*theme.selection).width(width));
        }
        for curve in curves {
            plot.line(
                Line::new(curve.name, PlotPoints::new(curve.points))
                    .color(curve.color)
                    .style(curve.style)
                    .width(width),
            );
        }
        plot.pointer_coordinate()
    });
    let clicked = response.response.clicked().then_some(response.inner).flatten();
    if let (Some(at), Some(_)) = (clicked, run) {
        send(ctx, Learn::Look(at.x.max(0.0) as usize));
    }
    let about = tr("Click: every view shows the model as it was then");
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, about));
}

/// Steps are whole and begin with 0; their labels keep apart.
fn steps_axis<'a>(theme: &Theme) -> AxisHints<'a> {
    let spacing = egui::Rangef::new(theme.caption_size * 2.4, theme.caption_size * 3.4);
    AxisHints::new_x().label_spacing(spacing).formatter(|mark, _| {
        let is_step = mark.value >= 0.0 && mark.value.fract() == 0.0;
        if is_step { format!("{:.0}", mark.value) } else { String::new() }
    })
}

/// What the curves are, in a row above them: inside, it would hide them.
fn legend_ui(
    ui: &mut Ui,
    theme: &Theme,
    unit: &str,
    curves: &[Drawn],
    baseline: Option<&(String, f64)>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.label(RichText::new(unit).font(theme.caption()).color(*theme.dim));
        let mut last = None;
        for curve in curves.iter().filter(|curve| !curve.name.is_empty()) {
            let mark = mark(curve.style);
            let same_kind = curve.kind.is_some() && last == Some(&curve.kind);
            let text = match &curve.kind {
                Some(_) if same_kind => curve.name.clone(),
                Some(kind) => format!("{mark}\u{a0}{kind}: {}", curve.name),
                None => format!("{mark}\u{a0}{}", curve.name),
            };
            last = Some(&curve.kind);
            entry_ui(ui, theme, text, curve.color);
        }
        if let Some((name, _)) = baseline {
            entry_ui(ui, theme, format!("╌\u{a0}{name}"), *theme.dim);
        }
    });
}

fn entry_ui(ui: &mut Ui, theme: &Theme, text: String, color: Color32) {
    let galley = ui.painter().layout_no_wrap(text, theme.caption(), color);
    row_break(ui, galley.size().x);
    ui.label(galley);
}

/// How a curve is drawn, as a letter.
fn mark(style: LineStyle) -> &'static str {
    match style {
        LineStyle::Solid => "━",
        LineStyle::Dotted { .. } => "┈",
        LineStyle::Dashed { .. } => "╌",
    }
}

/// The letters of axes and legends in the theme's sizes.
fn style(ui: &mut Ui, theme: &Theme) {
    let styles = &mut ui.style_mut().text_styles;
    styles.insert(egui::TextStyle::Small, theme.caption());
    styles.insert(egui::TextStyle::Body, theme.caption());
    styles.insert(egui::TextStyle::Monospace, theme.mono_caption());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_curves_keep_their_mean() {
        let losses: Vec<f32> = (0..5000).map(|i| (i % 7) as f32).collect();
        let points = thinned(&losses, 100);
        assert_eq!(points.len(), 100);
        assert_eq!(points[0][0], 24.5);
        let mean = points.iter().map(|point| point[1]).sum::<f64>() / 100.0;
        assert!((mean - 3.0).abs() < 0.01);
        assert_eq!(thinned(&losses[..3], 100), [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]);
        assert!(thinned(&[], 100).is_empty());
    }
}
