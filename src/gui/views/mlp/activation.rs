//! The activation function, with one token's neurons on it. In a gated MLP it is the gate's, and each
//! neuron is multiplied by what the gate lets through.

use super::neurons::strongest_at;
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::widgets::{Chart, Curve, Mark, empty_ui, heading_ui};
use crate::model::ActivationFunction;
use crate::text::{tr, trf};
use crate::trace::BlockHook;
use egui::{Pos2, Ui, pos2};
use std::borrow::Cow;

/// Points of the drawn curve.
const SAMPLES: usize = 200;

/// One position's neurons, `[d_mlp]` each.
struct Neurons<'a> {
    /// Before the activation function.
    pre: &'a [f32],
    /// After it.
    activated: Cow<'a, [f32]>,
    /// What each is multiplied by then, in a gated MLP.
    linear: Option<&'a [f32]>,
    /// What is written: activated, times linear if there is a gate.
    post: &'a [f32],
}

impl<'a> Neurons<'a> {
    fn of(ctx: &'a Context<'_>) -> Option<Self> {
        let pos = ctx.focus.query_or_last(ctx.trace);
        let at = |hook| ctx.trace.block(ctx.focus.layer, hook)?.at(&[pos]);
        let (pre, post) = (at(BlockHook::MlpPre)?, at(BlockHook::MlpPost)?);
        if !ctx.trace.model.gated_mlp {
            return Some(Self { pre, activated: Cow::Borrowed(post), linear: None, post });
        }
        let name = &ctx.trace.model.activation_function;
        let function = ActivationFunction::from_name(name)?;
        let activated = pre.iter().map(|&x| function.eval(x)).collect();
        Some(Self {
            pre,
            activated: Cow::Owned(activated),
            linear: Some(at(BlockHook::MlpPreLinear)?),
            post,
        })
    }

    /// `n5: 1.2 becomes 0.9`, and with a gate `× −2 = −1.8`.
    fn describe(&self, neuron: usize) -> String {
        let at = |values: &[f32]| number(values.get(neuron).copied().unwrap_or(f32::NAN));
        let activated =
            trf("n{0}: {1} becomes {2}", &[&neuron, &at(self.pre), &at(&self.activated)]);
        match self.linear {
            Some(linear) => format!("{activated}, × {} = {}", at(linear), at(self.post)),
            None => activated,
        }
    }
}

/// The neuron spoken of: the chosen one, or the strongest.
fn neuron(ctx: &Context<'_>, post: &[f32]) -> Option<usize> {
    ctx.focus.neuron.filter(|&neuron| neuron < post.len()).or_else(|| strongest_at(post))
}

/// The curve, a dot for each neuron, and the chosen neuron.
pub fn curve_ui(ui: &mut Ui, ctx: &Context<'_>) {
    let theme = ctx.theme;
    let Some(neurons) = Neurons::of(ctx) else {
        return empty_ui(ui, theme, tr("This recording holds no neurons"));
    };
    let name = &ctx.trace.model.activation_function;
    let heading = match neurons.linear {
        Some(_) => trf("The gate's activation function {0}", &[name]),
        None => trf("The activation function {0}", &[name]),
    };
    heading_ui(ui, theme, heading);
    let finite = || neurons.pre.iter().copied().filter(|x| x.is_finite());
    let low = finite().fold(-4.0, f32::min);
    let high = finite().fold(2.0, f32::max);
    let mut curves = Vec::new();
    if let Some(function) = ActivationFunction::from_name(name) {
        curves.push(curve(function, low, high, *theme.dim));
    }
    let dots = neurons.pre.iter().zip(&*neurons.activated);
    let dots: Vec<Pos2> = dots.map(|(&x, &y)| pos2(x, y)).collect();
    let chosen = neuron(ctx, neurons.post).and_then(|neuron| Some((neuron, *dots.get(neuron)?)));
    let label = ctx.label(ctx.focus.query_or_last(ctx.trace));
    curves.push(Curve {
        name: trf("{0} neurons at “{1}”", &[&neurons.pre.len(), &label]),
        color: *theme.mlp,
        mark: Mark::Dots,
        points: dots,
    });
    if let Some((neuron, dot)) = chosen {
        let is_pinned = ctx.focus.neuron == Some(neuron);
        curves.push(Curve {
            name: neurons.describe(neuron),
            color: if is_pinned { *theme.selection } else { *theme.text },
            mark: Mark::Steps,
            points: vec![dot],
        });
    }
    let chart = Chart {
        name: tr("Activation function with the token's neurons"),
        x_title: tr("before (hook_pre)"),
        y_title: match neurons.linear {
            Some(_) => tr("what the gate lets through"),
            None => tr("after (hook_post)"),
        },
        x_names: &[],
        y_holds: 0.0..=1.0,
        curves: &curves,
        cursor: None,
    };
    chart.ui(ui, theme);
}

fn curve(function: ActivationFunction, low: f32, high: f32, color: egui::Color32) -> Curve {
    let xs = (0..=SAMPLES).map(|i| low + (high - low) * i as f32 / SAMPLES as f32);
    Curve {
        name: String::new(),
        color,
        mark: Mark::Line,
        points: xs.map(|x| pos2(x, function.eval(x))).collect(),
    }
}

/// One or two sentences with this token's numbers.
pub fn explain(ctx: &Context<'_>) -> String {
    let Some(neurons) = Neurons::of(ctx) else {
        return String::new();
    };
    let Some(neuron) = neuron(ctx, neurons.post) else {
        return String::new();
    };
    let pre = neurons.pre;
    let at = |values: &[f32]| number(values.get(neuron).copied().unwrap_or(f32::NAN));
    let n_on = pre.iter().filter(|&&x| x > 0.0).count();
    let label = ctx.label(ctx.focus.query_or_last(ctx.trace));
    let name = &ctx.trace.model.activation_function;
    if let Some(linear) = neurons.linear {
        return trf(
            "For “{0}”, the gates of {1} of the {2} neurons of layer {3} are above 0 and let through. Neuron \
             {4}: {5}({6}) × {7} = {8}. Each neuron writes its own vector into the stream, times this number.",
            &[
                &label,
                &n_on,
                &pre.len(),
                &ctx.focus.layer,
                &neuron,
                name,
                &at(pre),
                &at(linear),
                &at(neurons.post),
            ],
        );
    }
    trf(
        "For “{0}”, {1} of the {2} neurons of layer {3} are above 0 and let through; the rest are held near 0. \
         Neuron {4}: {5}({6}) = {7}. Each neuron writes its own vector into the stream, times this number.",
        &[&label, &n_on, &pre.len(), &ctx.focus.layer, &neuron, name, &at(pre), &at(neurons.post)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn the_dots_lie_on_the_curve() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("I love cats").unwrap();
        let function = ActivationFunction::from_name(&trace.model.activation_function).unwrap();
        let at = |hook| trace.block(1, hook).unwrap().at(&[2]).unwrap();
        for (x, y) in at(BlockHook::MlpPre).iter().zip(at(BlockHook::MlpPost)) {
            assert!((function.eval(*x) - y).abs() < 1e-5);
        }
    }
}
