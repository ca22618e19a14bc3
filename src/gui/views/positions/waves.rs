//! Sinusoidal positions, the alternative of the original paper, to play with.

use super::table::Table;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, number};
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{
    Cells, Chart, Curve, Heatmap, Labels, Mark, colored_heading_ui, heading_ui, panels_ui,
    row_break,
};
use crate::math::sinusoid::Sinusoid;
use crate::text::{tr, trf};
use crate::trace::{Matrix, Positions};
use egui::{Color32, Pos2, Slider, Ui, pos2};

const WAVES: Scale = Scale::Diverging { limit: 1.0 };
/// More curves than this cannot be told apart.
const MOST_CURVES: usize = 5;
/// Hues of heads lie in a circle; every so many steps apart they differ well.
const HUE_STEP: usize = 5;

/// This part's own state: what the sliders say, and the numbers they give.
pub struct Waves {
    sinusoid: Sinusoid,
    n_positions: usize,
    /// The dimensions drawn as curves.
    chosen: Vec<usize>,
    /// `[n_positions, d_model]`, and what it was computed for.
    table: (Option<(Sinusoid, usize)>, Vec<f32>),
}

impl Default for Waves {
    fn default() -> Self {
        Self {
            sinusoid: Sinusoid { d_model: 64, base: 10_000.0 },
            n_positions: 64,
            chosen: vec![0, 8, 16, 32],
            table: (None, Vec::new()),
        }
    }
}

impl Waves {
    /// The encoding as a table.
    pub fn data(&self) -> crate::table::Table {
        let (cols, data) = (self.sinusoid.d_model, self.sinusoid.table(self.n_positions));
        let (rows, data) = (self.n_positions, data.as_slice());
        let name = format!("sinusoidal_base_{}", self.sinusoid.base);
        super::data::matrix(&name, ["pos", "dim"], Matrix { rows, cols, data })
    }

    /// The three numbers that make the encoding.
    pub fn controls(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        let Sinusoid { d_model, base } = &mut self.sinusoid;
        let text = |text: &str| egui::RichText::new(text).font(ctx.theme.body());
        ui.spacing_mut().slider_width *= 0.6;
        let needed = ctx.theme.body_size * 13.5;
        let add = |ui: &mut Ui, name: &str, tip: &str, slider: Slider<'_>| {
            row_break(ui, needed);
            let label = ui.label(text(tr(name))).id;
            ui.add(slider).labelled_by(label).on_hover_text(tr(tip));
        };
        add(ui, "d_model", "Numbers per position", Slider::new(d_model, 2..=512).step_by(2.0));
        let slider = Slider::new(base, 10.0..=100_000.0).logarithmic(true).fixed_decimals(0);
        add(ui, "base", "How much slower the last wave is than the first", slider);
        let slider = Slider::new(&mut self.n_positions, 2..=256);
        add(ui, "positions", "How many positions are drawn", slider);
    }

    /// The encoding, some of its dimensions, and the dot product against distance.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, table: &Table) {
        self.update();
        let columns: [(f32, &[f32]); 2] = [(0.5, &[1.0]), (0.5, &[0.5, 0.5])];
        panels_ui(ui, ctx.theme, &columns, |ui, panel| match panel {
            0 => self.table_ui(ui, ctx),
            1 => self.curves_ui(ui, ctx),
            _ => self.distance_ui(ui, ctx, table),
        });
    }

    /// One or two sentences with the numbers of these waves.
    pub fn explain(&self, ctx: &Context<'_>) -> String {
        let Sinusoid { d_model, base } = self.sinusoid;
        let waves = trf(
            "The original transformer (Vaswani et al. 2017) computes positions: dimension 2i is sin(pos / {0}^(2i/{1})), \
             2i + 1 the cosine. The fastest wave repeats after {2} positions, the slowest after {3}.",
            &[
                &count(base.round() as usize),
                &d_model,
                &n_positions(self.sinusoid.wavelength(0)),
                &n_positions(self.sinusoid.wavelength(d_model.saturating_sub(1))),
            ],
        );
        let here = match ctx.trace.model.positions {
            Positions::Sinusoidal => "{0} uses such waves, all sines before all cosines.",
            Positions::Learned => "{0} learned its own.",
            Positions::Rotary => "{0} adds none: it turns queries and keys by such waves.",
        };
        format!("{waves} {}", trf(here, &[&ctx.trace.model.name]))
    }

    fn update(&mut self) {
        let wanted = Some((self.sinusoid, self.n_positions));
        if self.table.0 != wanted {
            self.table = (wanted, self.sinusoid.table(self.n_positions));
        }
        self.chosen.retain(|&dim| dim < self.sinusoid.d_model);
    }

    fn table_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let (theme, d_model) = (ctx.theme, self.sinusoid.d_model);
        colored_heading_ui(
            ui,
            theme,
            tr("Each dimension is a wave over the positions"),
            (WAVES, tr("value")),
        );
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let (rows, cols) = (names(self.n_positions), names(d_model));
        let pos = ctx.focus.query_or_last(ctx.trace);
        let heatmap = Heatmap {
            what: format!("waves {:?} {}", self.sinusoid, self.n_positions),
            matrix: Matrix { rows: self.n_positions, cols: d_model, data: &self.table.1 },
            scale: WAVES,
            rows: Labels { title: tr("position"), names: &rows, color: *theme.text },
            cols: Labels {
                title: tr("dimension → (click for a curve)"),
                names: &cols,
                color: *theme.text,
            },
            focus: (Some(pos).filter(|&pos| pos < self.n_positions), None),
            cells: Cells::Stretch,
        };
        let shown = heatmap.show(ui, ctx);
        shown.say(tr("Sinusoidal position vectors"), |pos, dim| {
            let value = number(self.sinusoid.value(pos, dim));
            let wave = n_positions(self.sinusoid.wavelength(dim));
            trf(
                "position {0}, dimension {1}: {2}\nthe wave repeats after {3} positions",
                &[&pos, &dim, &value, &wave],
            )
        });
        for (i, &dim) in self.chosen.iter().enumerate() {
            if !shown.grid.cols.contains(&dim) {
                continue;
            }
            let rect = shown.grid.col(dim).expand(1.0);
            let stroke = egui::Stroke::new(theme.stroke + 0.5, hue(ctx, i));
            ui.painter().rect_stroke(rect, 0.0, stroke, egui::StrokeKind::Outside);
        }
        let Some((pos, dim)) = shown.pointed else {
            return;
        };
        if shown.response.clicked() {
            self.toggle(dim);
        } else if pos < ctx.trace.tokens.len() {
            ctx.point(&shown.response, Target::Token(pos));
        }
    }

    fn toggle(&mut self, dim: usize) {
        if self.chosen.contains(&dim) {
            self.chosen.retain(|&other| other != dim);
        } else {
            self.chosen.push(dim);
            let surplus = self.chosen.len().saturating_sub(MOST_CURVES);
            self.chosen.drain(..surplus);
        }
    }

    fn curves_ui(&self, ui: &mut Ui, ctx: &Context<'_>) {
        let theme = ctx.theme;
        heading_ui(ui, theme, tr("Some dimensions as curves"));
        let curves = self.chosen.iter().enumerate().map(|(i, &dim)| {
            let values = self.table.1.iter().skip(dim).step_by(self.sinusoid.d_model.max(1));
            let wave = n_positions(self.sinusoid.wavelength(dim));
            Curve {
                name: trf("dim {0}, repeats after {1}", &[&dim, &wave]),
                color: hue(ctx, i),
                mark: Mark::Line,
                points: values.enumerate().map(|(pos, &value)| pos2(pos as f32, value)).collect(),
            }
        });
        let curves: Vec<Curve> = curves.collect();
        let pos = ctx.focus.query_or_last(ctx.trace);
        let chart = Chart {
            name: tr("Chosen dimensions of the sinusoidal positions"),
            x_title: tr("position"),
            y_title: tr("value"),
            x_names: &[],
            y_holds: -1.0..=1.0,
            curves: &curves,
            cursor: Some(pos as f32).filter(|_| pos < self.n_positions),
        };
        chart.ui(ui, theme);
    }

    fn distance_ui(&self, ui: &mut Ui, ctx: &Context<'_>, table: &Table) {
        let theme = ctx.theme;
        heading_ui(ui, theme, tr("Dot product of two positions against their distance"));
        let share = |values: &[f32]| -> Vec<Pos2> {
            let whole = values.first().copied().unwrap_or(1.0);
            let points = values.iter().enumerate().take(self.n_positions);
            points.map(|(distance, value)| pos2(distance as f32, value / whole)).collect()
        };
        let dots: Vec<f32> = (0..self.n_positions).map(|d| self.sinusoid.dot_at(d)).collect();
        let mut curves = vec![Curve {
            name: tr("sinusoidal, the same from every position").to_owned(),
            color: *theme.accent,
            mark: Mark::Line,
            points: share(&dots),
        }];
        if let Some(fetched) = &table.fetched {
            let name = if is_sinusoidal(ctx) {
                "the waves of {0}, mean over positions"
            } else {
                "learned by {0}, mean over positions"
            };
            curves.push(Curve {
                name: trf(name, &[&ctx.trace.model.name]),
                color: *theme.residual,
                mark: Mark::Line,
                points: share(&fetched.similarity.dot_by_distance),
            });
        }
        let chart = Chart {
            name: tr("Dot product against distance"),
            x_title: tr("distance in positions"),
            y_title: tr("dot product ÷ that at distance 0"),
            x_names: &[],
            y_holds: 0.0..=1.0,
            curves: &curves,
            cursor: None,
        };
        let (response, x) = chart.ui(ui, theme);
        let Some(x) = x else { return };
        let distance = x.round().max(0.0) as usize;
        let dot = number(self.sinusoid.dot_at(distance));
        response.on_hover_text_at_pointer(trf("distance {0}: dot product {1}", &[&distance, &dot]));
    }
}

/// A wavelength: a fraction of a position matters only in short ones.
pub(super) fn n_positions(wavelength: f32) -> String {
    if wavelength < 1000.0 { number(wavelength) } else { count(wavelength.round() as usize) }
}

/// The colour of the n-th curve.
fn hue(ctx: &Context<'_>, i: usize) -> Color32 {
    ctx.theme.head(i * HUE_STEP)
}

/// Does the model compute its positions?
fn is_sinusoidal(ctx: &Context<'_>) -> bool {
    ctx.trace.model.positions == Positions::Sinusoidal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_adds_a_curve_and_another_takes_it_away() {
        let mut waves = Waves::default();
        waves.toggle(3);
        assert_eq!(waves.chosen, [0, 8, 16, 32, 3]);
        waves.toggle(8);
        waves.toggle(1);
        waves.toggle(2);
        assert_eq!(waves.chosen, [16, 32, 3, 1, 2]);
    }

    #[test]
    fn fewer_dimensions_have_fewer_curves() {
        let mut waves = Waves::default();
        waves.sinusoid.d_model = 10;
        waves.update();
        assert_eq!((waves.chosen.as_slice(), waves.table.1.len()), (&[0, 8][..], 640));
    }
}
