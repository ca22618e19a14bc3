//! The curves of a run: how surprised it is, and what its heads come to do.

use super::send;
use crate::gui::contract::command::Learn;
use crate::gui::contract::view::Context;
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{empty_ui, heading_ui, row_break};
use crate::session::training::{Check, Run, step_of};
use crate::text::{tr, trf};
use egui::{Color32, RichText, Ui};
use egui_plot::{HLine, Line, LineStyle, Plot, PlotPoints, VLine};

/// Points of a curve that are drawn at most.
const MOST: usize = 600;

/// A curve with its name, its colour, and how it is drawn.
struct Drawn {
    name: String,
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
            color: theme.dim.gamma_multiply(0.7),
            style: LineStyle::Solid,
            points: thinned(&earlier.progress().losses, MOST),
        });
    }
    let (knows_nothing, is_fresh) = {
        let progress = run.progress();
        curves.push(Drawn {
            name: tr("what it practises").to_owned(),
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
    let units = tr("loss in nats");
    plot_ui(ui, ctx, ("loss", units), curves, baseline, Some(run));
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
        let sizes = progress
            .checks
            .first()
            .map(|check| check.heads.iter().map(Vec::len).collect::<Vec<_>>());
        for (layer, n_heads) in sizes.unwrap_or_default().into_iter().enumerate() {
            for head in 0..n_heads {
                let roles = |check: &Check| check.heads.get(layer)?.get(head).copied();
                let point = |check: &Check, score: Option<f32>| {
                    Some([check.step as f64, f64::from(score?)])
                };
                let checks = || progress.checks.iter();
                let kinds = [
                    (
                        tr("looks at what followed it before"),
                        LineStyle::Solid,
                        checks().filter_map(|c| point(c, roles(c)?.induction)).collect::<Vec<_>>(),
                    ),
                    (
                        tr("looks at the token before"),
                        LineStyle::Dotted { spacing: 5.0 },
                        checks().filter_map(|c| point(c, roles(c)?.previous)).collect(),
                    ),
                ];
                for (kind, style, points) in kinds {
                    // Only heads that come to do something are named.
                    let most = points.iter().map(|point| point[1]).fold(0.0, f64::max);
                    let name = if most >= NAMED {
                        format!("{layer}.{head} {kind}")
                    } else {
                        String::new()
                    };
                    curves.push(Drawn {
                        name,
                        color: theme.head(layer * n_heads + head),
                        style,
                        points,
                    });
                }
            }
        }
    }
    plot_ui(ui, ctx, ("heads", tr("share of attention")), curves, None, Some(run));
}

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
            match curves.iter_mut().find(|curve| curve.name == *part) {
                Some(curve) => curve.points.push(point),
                None => {
                    let color = if part.ends_with("attention") {
                        *theme.attention
                    } else if part.ends_with("MLP") {
                        *theme.mlp
                    } else {
                        *theme.residual
                    };
                    curves.push(Drawn {
                        name: part.clone(),
                        color,
                        style: LineStyle::Solid,
                        points: vec![point],
                    });
                }
            }
        }
    }
    plot_ui(ui, ctx, ("gradients", tr("length of the gradient")), curves, None, Some(run));
}

/// Draws curves over the steps; a click looks at the model as it was then.
fn plot_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    (name, unit): (&str, &str),
    curves: Vec<Drawn>,
    baseline: Option<(String, f64)>,
    run: Option<&Run>,
) {
    let theme: &Theme = ctx.theme;
    legend_ui(ui, theme, unit, &curves, baseline.as_ref());
    style(ui, theme);
    let group = egui::Id::unique("steps of learning");
    let plot = Plot::new(name)
        .link_axis(group, [true, false])
        .link_cursor(group, [true, false])
        .x_axis_label(tr("step"))
        .include_x(0.0)
        .include_y(0.0)
        .allow_scroll(false)
        .allow_drag([true, false])
        .allow_zoom([true, false])
        .show_background(false)
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
        if let Some((name, y)) = &baseline {
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
        let named = curves.iter().filter(|curve| !curve.name.is_empty());
        let named = named.map(|curve| (curve.name.as_str(), curve.color, mark(&curve.style)));
        let baseline = baseline.map(|(name, _)| (name.as_str(), *theme.dim, "╌"));
        for (name, color, mark) in named.chain(baseline) {
            let text = format!("{mark}\u{a0}{name}");
            let galley = ui.painter().layout_no_wrap(text, theme.caption(), color);
            row_break(ui, galley.size().x);
            ui.label(galley);
        }
    });
}

/// How a curve is drawn, as a letter.
fn mark(style: &LineStyle) -> &'static str {
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
