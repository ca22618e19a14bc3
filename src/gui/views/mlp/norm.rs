//! The norm before the MLP: the stream centred, if it is `LayerNorm`, and scaled, number by number.

use crate::gui::contract::origin::with_origin;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{Cells, Heatmap, Labels, empty_ui, heading_ui, legend_ui};
use crate::math::vector::mean;
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Hook, Matrix, NormKind, Trace};
use egui::{Rect, RichText, Ui, UiBuilder};

/// One position going through the norm.
struct Norm<'a> {
    /// Where the stream before is recorded.
    read: BlockHook,
    /// The stream before, `[d_model]`.
    before: &'a [f32],
    /// Before the learned weight and bias, `[d_model]`.
    after: &'a [f32],
    /// Where that is recorded.
    hook: BlockHook,
    /// What was taken away; `RMSNorm` takes nothing away.
    mean: Option<f32>,
    /// √(variance + ε), or √(mean of squares + ε).
    scale: f32,
}

impl<'a> Norm<'a> {
    fn of(trace: &'a Trace, layer: usize, pos: usize) -> Option<Self> {
        let at = |hook| trace.block(layer, hook)?.at(&[pos]);
        let read = trace.model.read_by_mlp();
        let before = at(read)?;
        let hook = normalized(trace);
        let scale = match hook {
            BlockHook::Ln1Normalized => BlockHook::Ln1Scale,
            _ => BlockHook::Ln2Scale,
        };
        Some(Self {
            read,
            before,
            after: at(hook)?,
            hook,
            mean: (trace.model.norm == NormKind::Layer).then(|| mean(before)),
            scale: at(scale)?.first().copied()?,
        })
    }

    /// The dimension that stands out most.
    fn extreme(&self) -> Option<usize> {
        super::neurons::strongest_at(self.after)
    }
}

/// The norm between attention and MLP: after the one, or before the other.
pub(super) fn normalized(trace: &Trace) -> BlockHook {
    if trace.model.post_norm { BlockHook::Ln1Normalized } else { BlockHook::Ln2Normalized }
}

fn chosen<'a>(ctx: &Context<'a>) -> Option<Norm<'a>> {
    Norm::of(ctx.trace, ctx.focus.layer, ctx.focus.query_or_last(ctx.trace))
}

/// Before and after as strips, each with its own scale, and the two numbers between them.
pub fn norm_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let trace = ctx.trace.clone();
    let (layer, pos) = (ctx.focus.layer, ctx.focus.query_or_last(&trace));
    let theme = ctx.theme;
    let Some(norm) = Norm::of(&trace, layer, pos) else {
        return empty_ui(ui, theme, tr("This recording holds no norm"));
    };
    let (name, formula) = match norm.mean {
        Some(_) => ("LayerNorm", tr("(x − mean) / scale")),
        None => ("RMSNorm", tr("x / scale")),
    };
    let heading = if trace.model.post_norm {
        "{0} after the attention of layer {1}: {2}"
    } else {
        "{0} before the MLP of layer {1}: {2}"
    };
    let heading = trf(heading, &[&name, &layer, &formula]);
    heading_ui(ui, theme, heading);
    let scale = number(norm.scale);
    let facts = match norm.mean {
        Some(mean) => trf("mean {0}   scale √(variance + ε) {1}", &[&number(mean), &scale]),
        None => trf("scale √(mean of squares + ε) {0}", &[&scale]),
    };
    ui.label(RichText::new(facts).font(theme.mono()).color(*theme.text));
    let room = ui.available_rect_before_wrap();
    // No higher than a row of a heatmap becomes, with legend and names above it.
    let height = (room.height() * 0.54).min(theme.body_size * 6.0 + theme.caption_size * 7.5);
    let (top, bottom) = room.split_top_bottom_at_y((room.top() + height).round());
    let dims: Vec<String> = (0..norm.before.len()).map(|dim| dim.to_string()).collect();
    let before = Strip {
        name: &trf("before: the stream ({0})", &[&norm.read.name()]),
        what: format!("before norm {layer} {pos}"),
        values: norm.before,
        cols: &dims,
        hook: Hook::Block(layer, norm.read),
        pos,
    };
    // The same columns as above: their names need not be written again.
    let after = Strip {
        name: &trf("after ({0})", &[&norm.hook.name()]),
        what: format!("after norm {layer} {pos}"),
        values: norm.after,
        cols: &[],
        hook: Hook::Block(layer, norm.hook),
        pos,
    };
    before.ui(ui, ctx, top);
    after.ui(ui, ctx, bottom.with_min_y(bottom.top() + (theme.caption_size * 0.7).round()));
}

/// A vector as one row of cells.
struct Strip<'a> {
    name: &'a str,
    /// Distinguishes its picture.
    what: String,
    values: &'a [f32],
    cols: &'a [String],
    /// Where the numbers are in the recording.
    hook: Hook,
    pos: usize,
}

impl Strip<'_> {
    fn ui(&self, ui: &mut Ui, ctx: &mut Context<'_>, rect: Rect) {
        let (theme, values) = (ctx.theme, self.values);
        ui.scope_builder(UiBuilder::new().id_salt(&self.what).max_rect(rect), |ui| {
            let scale = Scale::without_outliers(values);
            legend_ui(ui, theme, scale, self.name);
            let title = if self.cols.is_empty() { "" } else { tr("dimension →") };
            let heatmap = Heatmap {
                what: self.what.clone(),
                matrix: Matrix { rows: 1, cols: values.len(), data: values },
                scale,
                rows: Labels { title: "", names: &[String::new()], color: *theme.text },
                cols: Labels { title, names: self.cols, color: *theme.text },
                focus: (None, None),
                cells: Cells::Stretch,
            };
            if self.cols.is_empty() {
                // Without names the margin above the cells is not needed.
                ui.add_space(-(theme.caption_size * 2.0).round());
            }
            heatmap.show(ui, ctx).say(self.name, |_, dim| {
                let value = number(values.get(dim).copied().unwrap_or(f32::NAN));
                with_origin(
                    ctx,
                    &trf("dimension {0}: {1}", &[&dim, &value]),
                    self.hook,
                    &[self.pos, dim],
                )
            });
        });
    }
}

/// One sentence with the numbers of the dimension that stands out most.
pub fn explain(ctx: &Context<'_>) -> String {
    let Some(norm) = chosen(ctx) else {
        return String::new();
    };
    let Some(dim) = norm.extreme() else {
        return String::new();
    };
    let at = |values: &[f32]| values.get(dim).copied().unwrap_or(f32::NAN);
    let is_post = ctx.trace.model.post_norm;
    let [before, scale, after] = [at(norm.before), norm.scale, at(norm.after)].map(number);
    let Some(mean) = norm.mean else {
        let text = if is_post {
            "After the attention the stream is brought to mean square 1: in dimension {0}, {1} / {2} = {3}."
        } else {
            "Before the MLP the stream is brought to mean square 1: in dimension {0}, {1} / {2} = {3}."
        };
        return trf(text, &[&dim, &before, &scale, &after]);
    };
    let mean = if mean < 0.0 { format!("({})", number(mean)) } else { number(mean) };
    let text = if is_post {
        "After the attention the stream is brought to mean 0 and variance 1: in dimension {0}, \
         ({1} − {2}) / {3} = {4}."
    } else {
        "Before the MLP the stream is brought to mean 0 and variance 1: in dimension {0}, \
         ({1} − {2}) / {3} = {4}."
    };
    trf(text, &[&dim, &before, &mean, &scale, &after])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn before_mean_and_scale_give_after() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("I love cats").unwrap();
        let norm = Norm::of(&trace, 2, 1).unwrap();
        for (x, y) in norm.before.iter().zip(norm.after) {
            assert!(((x - norm.mean.unwrap()) / norm.scale - y).abs() < 1e-4);
        }
        let dim = norm.extreme().unwrap();
        assert!(norm.after.iter().all(|y| y.abs() <= norm.after[dim].abs()));
        assert!(Norm::of(&trace, 99, 0).is_none());
    }
}
