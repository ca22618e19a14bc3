//! How long the stream is, and how much attention and the MLP add to it, layer by layer.

use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::widgets::{Chart, Curve, Mark, empty_ui, heading_ui};
use crate::math::vector::norm;
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Trace};
use egui::{Color32, Painter, Rect, Ui, pos2, vec2};

/// The length of one position's vector in every layer; `None` when a layer was not recorded.
fn norms(trace: &Trace, pos: usize, hook: BlockHook) -> Option<Vec<f32>> {
    let layers = 0..trace.model.n_layers;
    layers.map(|layer| Some(norm(trace.block(layer, hook)?.at(&[pos])?))).collect()
}

/// The three lengths as curves over the layers.
pub fn norms_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (theme, trace) = (ctx.theme, ctx.trace.clone());
    let pos = ctx.focus.query_or_last(&trace);
    let curve = |name: &str, color: Color32, hook| {
        let points = norms(&trace, pos, hook)?.into_iter().enumerate();
        let points = points.map(|(layer, norm)| pos2(layer as f32, norm)).collect();
        Some(Curve { name: name.to_owned(), color, mark: Mark::Steps, points })
    };
    let curves: Vec<Curve> = [
        curve(tr("the stream after the layer"), *theme.residual, trace.model.leaving()),
        curve(tr("attention adds"), *theme.attention, BlockHook::AttnOut),
        curve(tr("the MLP adds"), *theme.mlp, BlockHook::MlpOut),
    ]
    .into_iter()
    .flatten()
    .collect();
    if curves.is_empty() {
        return empty_ui(ui, theme, tr("This recording holds no stream"));
    }
    heading_ui(ui, theme, trf("How long are the vectors of “{0}”?", &[&ctx.label(pos)]));
    let names: Vec<String> = (0..trace.model.n_layers).map(|layer| layer.to_string()).collect();
    let chart = Chart {
        name: tr("Lengths of the stream, of attention's and of the MLP's contribution per layer"),
        x_title: tr("layer →"),
        y_title: tr("length of the vector"),
        x_names: &names,
        y_holds: 0.0..=1.0,
        curves: &curves,
        cursor: Some(ctx.focus.layer as f32),
    };
    let (response, x) = chart.ui(ui, theme);
    let Some(x) = x else { return };
    let layer = (x.round().max(0.0) as usize).min(names.len().saturating_sub(1));
    ctx.point(&response, Target::Head { layer, head: ctx.focus.head });
    let lines = curves.iter().filter_map(|curve| {
        Some(format!("{}: {}", curve.name, number(curve.points.get(layer)?.y)))
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    let text = format!("{}\n{lines}", trf("layer {0}", &[&layer]));
    response.on_hover_text_at_pointer(text);
}

/// One sentence with this token's numbers.
pub fn explain(ctx: &Context<'_>) -> String {
    let (trace, layer) = (ctx.trace, ctx.focus.layer);
    let pos = ctx.focus.query_or_last(trace);
    let at = |hook| Some(number(norm(trace.block(layer, hook)?.at(&[pos])?)));
    let lengths = [BlockHook::ResidPre, BlockHook::AttnOut, BlockHook::MlpOut].map(at);
    let [Some(stream), Some(attention), Some(mlp)] = lengths else {
        return String::new();
    };
    trf(
        "Into layer {0} flows a vector of length {1}; attention adds one of length {2}, the MLP one of {3}.",
        &[&layer, &stream, &attention, &mlp],
    )
}

/// What attention and the MLP add in each layer, as bars.
pub fn thumbnail(painter: &Painter, rect: Rect, ctx: &Context<'_>) {
    let (theme, trace) = (ctx.theme, ctx.trace);
    let pos = ctx.focus.query_or_last(trace);
    let added = [(BlockHook::AttnOut, *theme.attention), (BlockHook::MlpOut, *theme.mlp)];
    let added = added.map(|(hook, color)| (norms(trace, pos, hook).unwrap_or_default(), color));
    let largest =
        added.iter().flat_map(|(norms, _)| norms).copied().fold(f32::MIN_POSITIVE, f32::max);
    let step = rect.width() / trace.model.n_layers.max(1) as f32;
    for (i, (norms, color)) in added.into_iter().enumerate() {
        for (layer, norm) in norms.into_iter().enumerate().filter(|(_, norm)| norm.is_finite()) {
            let size = vec2(step * 0.36, rect.height() * norm / largest);
            let left = rect.left() + (layer as f32 + 0.42 * i as f32) * step;
            let min = pos2(left, rect.bottom() - size.y);
            painter.rect_filled(Rect::from_min_size(min, size), 1.0, color);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn lengths_are_those_of_the_recorded_vectors() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("I love cats").unwrap();
        let norms = norms(&trace, 1, BlockHook::MlpOut).unwrap();
        assert_eq!(norms.len(), trace.model.n_layers);
        let row = trace.block(3, BlockHook::MlpOut).unwrap().at(&[1]).unwrap();
        let squares: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        assert!((f64::from(norms[3]) - squares.sqrt()).abs() < 1e-4);
        assert!(super::norms(&trace, 3, BlockHook::MlpOut).is_none());
    }
}
