//! The neurons of one layer: over the whole text, and for one token.

use crate::gui::contract::command::Target;
use crate::gui::contract::origin::with_origin;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{Cells, Heatmap, Labels, colored_heading_ui, empty_ui, heading_ui};
use crate::text::{tr, trf};
use crate::trace::{Activation, BlockHook, Hook, Matrix, TraceId};
use egui::{Align2, Color32, Rect, Response, ScrollArea, Sense, Ui, pos2, vec2};

/// As many neurons as can be looked at; the strongest of them.
const MOST: usize = 60;
/// So many even when their numbers do not all fit beside them.
const FEWEST: usize = 16;
/// How many are ranked for one token.
const RANKED: usize = 20;

/// The neurons of a layer by their strength over the text.
#[derive(Default)]
pub struct Neurons {
    made_for: Option<(TraceId, usize)>,
    strongest: Vec<usize>,
    scale: Option<Scale>,
}

impl Neurons {
    /// Ranks the neurons again, if the recording or the layer is another.
    pub fn update(&mut self, ctx: &Context<'_>) {
        let wanted = Some((ctx.trace.id, ctx.focus.layer));
        if self.made_for == wanted {
            return;
        }
        self.made_for = wanted;
        let post = ctx.trace.block(ctx.focus.layer, BlockHook::MlpPost);
        let post = post.and_then(Activation::as_matrix);
        self.strongest = post.map(|post| strongest(post, MOST)).unwrap_or_default();
        self.scale = post.map(|post| Scale::around_zero(post.data));
    }

    /// The strongest neurons down, the tokens across.
    pub fn heatmap_ui(&self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let (theme, focus, trace) = (ctx.theme, ctx.focus, ctx.trace.clone());
        let post = trace.block(focus.layer, BlockHook::MlpPost).and_then(Activation::as_matrix);
        let (Some(post), Some(scale)) = (post, self.scale) else {
            return empty_ui(ui, theme, tr("This recording holds no neurons"));
        };
        let room = ui.available_height() - theme.caption_size * 10.0;
        let n = ((room / (theme.caption_size * 1.25)) as usize).clamp(FEWEST, MOST);
        let shown = self.shown(n, focus.neuron.filter(|&neuron| neuron < post.cols));
        let heading = if shown.len() < post.cols {
            "The strongest {0} of {1} neurons"
        } else {
            "The {0} of {1} neurons"
        };
        let heading = trf(heading, &[&shown.len(), &post.cols]);
        colored_heading_ui(ui, theme, heading, (scale, tr("activation")));
        let data: Vec<f32> = shown
            .iter()
            .flat_map(|&neuron| {
                (0..post.rows).map(move |pos| post.get(pos, neuron).unwrap_or(f32::NAN))
            })
            .collect();
        let rows: Vec<String> = shown.iter().map(|neuron| format!("n{neuron}")).collect();
        let cols: Vec<String> = (0..post.rows).map(|pos| ctx.label(pos)).collect();
        let row = focus.neuron.and_then(|neuron| shown.iter().position(|&other| other == neuron));
        let heatmap = Heatmap {
            what: format!("neurons {} {n} {:?}", focus.layer, shown.last()),
            matrix: Matrix { rows: shown.len(), cols: post.rows, data: &data },
            scale,
            rows: Labels { title: tr("neuron, by peak"), names: &rows, color: *theme.mlp },
            cols: Labels { title: tr("token →"), names: &cols, color: *theme.text },
            focus: (row, Some(focus.query_or_last(&trace))),
            cells: Cells::Stretch,
        };
        let drawn = heatmap.show(ui, ctx);
        let name = trf("Neurons of layer {0} for each token", &[&focus.layer]);
        let hook = Hook::Block(focus.layer, BlockHook::MlpPost);
        drawn.say(&name, |row, pos| {
            let neuron = shown.get(row).copied().unwrap_or(0);
            let value = number(post.get(pos, neuron).unwrap_or(f32::NAN));
            let text = trf("neuron {0} at “{1}”: {2}", &[&neuron, &ctx.label(pos), &value]);
            with_origin(ctx, &text, hook, &[pos, neuron])
        });
        if let Some((row, pos)) = drawn.pointed
            && let Some(&neuron) = shown.get(row)
        {
            point_at(&drawn.response, ctx, neuron, pos);
        }
    }

    /// The strongest neurons, and the chosen one even if it is not among them.
    fn shown(&self, n: usize, chosen: Option<usize>) -> Vec<usize> {
        let mut shown: Vec<usize> = self.strongest.iter().copied().take(n).collect();
        if let Some(neuron) = chosen.filter(|neuron| !shown.contains(neuron)) {
            shown.pop();
            shown.push(neuron);
        }
        shown
    }
}

/// A cell of the picture is a neuron and a token: both are pointed at.
fn point_at(response: &Response, ctx: &mut Context<'_>, neuron: usize, pos: usize) {
    let target = Target::Neuron { layer: ctx.focus.layer, neuron };
    if response.clicked() {
        ctx.point(response, Target::Token(pos));
    }
    ctx.point(response, target);
}

/// The neurons with the largest activation anywhere in the text, either way, largest first.
fn strongest(post: Matrix<'_>, most: usize) -> Vec<usize> {
    let mut peaks = vec![0.0_f32; post.cols];
    for pos in 0..post.rows {
        for (peak, value) in peaks.iter_mut().zip(post.row(pos)) {
            *peak = peak.max(value.abs());
        }
    }
    ranked(&peaks, most)
}

/// The indices of the largest numbers, by size, largest first.
fn ranked(numbers: &[f32], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[b].abs().total_cmp(&numbers[a].abs()));
    order.truncate(most);
    order
}

/// The strongest neuron for a token.
pub fn strongest_at(values: &[f32]) -> Option<usize> {
    ranked(values, 1).first().copied()
}

/// The neurons that say most about one token.
pub fn ranked_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (theme, focus, trace) = (ctx.theme, ctx.focus, ctx.trace.clone());
    let pos = focus.query_or_last(&trace);
    let post = trace.block(focus.layer, BlockHook::MlpPost).and_then(|post| post.at(&[pos]));
    let Some(post) = post else { return };
    heading_ui(ui, theme, trf("Strongest for “{0}”", &[&ctx.label(pos)]));
    let order = ranked(post, RANKED);
    let limit = order.first().map_or(1.0, |&neuron| post[neuron].abs()).max(f32::MIN_POSITIVE);
    let signed = order.iter().any(|&neuron| post[neuron] < 0.0);
    ScrollArea::vertical().id_salt("ranked neurons").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for neuron in order {
            let target = Target::Neuron { layer: focus.layer, neuron };
            let outline = if focus.holds(target) { Some(*theme.selection) } else { None };
            let bar = SignedBar { neuron, value: post[neuron], limit, signed, outline };
            let response = bar.ui(ui, theme);
            ctx.point(&response, target);
        }
    });
}

/// One row: the neuron, its bar from zero, its value.
struct SignedBar {
    neuron: usize,
    value: f32,
    /// The size of value drawn as a full bar.
    limit: f32,
    /// Is there room for negative values left of zero?
    signed: bool,
    outline: Option<Color32>,
}

impl SignedBar {
    fn ui(&self, ui: &mut Ui, theme: &Theme) -> Response {
        let height = (theme.body_size * 1.45).round();
        let size = vec2(ui.available_width(), height);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let name = trf("Neuron {0}, {1}", &[&self.neuron, &number(self.value)]);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let painter = ui.painter();
        if response.hovered() || response.has_focus() {
            painter.rect_filled(rect, 4.0, *theme.raised);
        }
        let (label, value) = (theme.caption_size * 4.0, theme.caption_size * 5.2);
        let at = rect.left_center() + vec2(4.0, 0.0);
        painter.text(
            at,
            Align2::LEFT_CENTER,
            format!("n{}", self.neuron),
            theme.mono_caption(),
            *theme.mlp,
        );
        let at = rect.right_center() - vec2(4.0, 0.0);
        painter.text(
            at,
            Align2::RIGHT_CENTER,
            number(self.value),
            theme.mono_caption(),
            *theme.text,
        );
        let room = Rect::from_min_max(
            pos2(rect.left() + label, rect.top() + height * 0.22),
            pos2(rect.right() - value, rect.bottom() - height * 0.22),
        );
        if room.width() > 1.0 && self.value.is_finite() {
            let (zero, unit) = if self.signed {
                (room.center().x, room.width() / 2.0)
            } else {
                (room.left(), room.width())
            };
            let end = zero + unit * (self.value / self.limit).clamp(-1.0, 1.0);
            let bar = room.with_min_x(zero.min(end)).with_max_x(zero.max(end));
            let scale = Scale::Diverging { limit: self.limit };
            painter.rect_filled(
                bar,
                2.0,
                theme.color(scale, self.value.signum() * self.limit * 0.66),
            );
            painter.vline(zero, rect.y_range(), theme.line(theme.outline));
        }
        if let Some(color) = self.outline {
            let stroke = egui::Stroke::new(theme.stroke + 1.0, color);
            painter.rect_stroke(rect, 4.0, stroke, egui::StrokeKind::Inside);
        }
        response.on_hover_text(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_come_first_whichever_their_sign() {
        // Two tokens, four neurons; peaks 1, 5, 3, 0.
        let post = Matrix { rows: 2, cols: 4, data: &[1.0, 0.0, -3.0, 0.0, -1.0, -5.0, 2.0, 0.0] };
        assert_eq!(strongest(post, 3), [1, 2, 0]);
        assert_eq!(strongest_at(post.row(0)), Some(2));
        assert_eq!(strongest_at(&[]), None);
    }

    #[test]
    fn the_chosen_neuron_is_always_shown() {
        let neurons = Neurons { strongest: vec![4, 2, 7], ..Neurons::default() };
        assert_eq!(neurons.shown(2, Some(7)), [4, 7]);
        assert_eq!(neurons.shown(3, Some(2)), [4, 2, 7]);
        assert_eq!(neurons.shown(3, None), [4, 2, 7]);
    }
}
