//! The machine in words, with this text's numbers.

use super::paint::Spot;
use super::plan::Plan;
use crate::gui::contract::origin::{origin, stream_after};
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::gui::look::theme::Theme;
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Hook, Predicts};
use egui::{Align2, Painter, Rect, vec2};

/// What is to be seen, in two sentences.
pub fn story(ctx: &Context<'_>, plan: &Plan) -> String {
    let asked = ctx.label(plan.at);
    let Some(last) = plan.sayings.last() else {
        return trf(
            "Each lane is a token, each column a layer. The lines are what heads carry to other tokens; the brightest go to “{0}”.",
            &[&asked],
        );
    };
    let (what, prob) = (&last.label, percent(last.prob));
    let guesses = ctx.trace.model.predicts == Predicts::Masked;
    let mut story = match (plan.decided().filter(|from| *from > 0), guesses) {
        (Some(from), _) => {
            let before = &plan.sayings[from];
            let values: [&dyn std::fmt::Display; 6] =
                [&asked, what, &prob, &from, &before.label, &percent(before.prob)];
            if guesses {
                trf(
                    "In place of “{0}” it says “{1}” ({2}). That leads from layer {3} on; one layer before it would have said “{4}” ({5}).",
                    &values,
                )
            } else {
                trf(
                    "After “{0}” it says “{1}” ({2}). That leads from layer {3} on; one layer before it would have said “{4}” ({5}).",
                    &values,
                )
            }
        }
        (None, true) => trf(
            "In place of “{0}” it says “{1}” ({2}), from the first layer on.",
            &[&asked, what, &prob],
        ),
        (None, false) => {
            trf("After “{0}” it says “{1}” ({2}), from the first layer on.", &[&asked, what, &prob])
        }
    };
    if let Some((layer, head, source, value)) = plan.strongest() {
        story += " ";
        story += &trf(
            "Of all heads {0}.{1} adds most to its score: +{2}, read from “{3}”.",
            &[&layer, &head, &number(value), &ctx.label(source)],
        );
    }
    story
}

/// What a part is and where its numbers are.
pub fn tip(ctx: &Context<'_>, plan: &Plan, spot: Spot) -> String {
    let computed = |hook, index: &[usize]| trf("computed from {0}", &[&origin(ctx, hook, index)]);
    match spot {
        Spot::Token(pos) => {
            let next = tr("Click to ask about it: the lines and words are then its own");
            format!("{} · {pos}\n{next}", ctx.label(pos))
        }
        Spot::Lamp { layer, head } => {
            let share =
                plan.brought.get(layer).and_then(|heads| heads.get(head)).copied().unwrap_or(0.0);
            let text = trf(
                "Head {0}.{1} brings “{2}” as much as {3} of its stream from other tokens. Click for its attention",
                &[&layer, &head, &ctx.label(plan.at), &percent(share)],
            );
            let z = Hook::Block(layer, BlockHook::Pattern);
            format!("{text}\n{}", computed(z, &[head, plan.at]))
        }
        Spot::Link(link) => {
            let source = ctx.trace.encoder.as_deref().filter(|_| link.is_cross);
            let at = if link.is_cross { BlockHook::CrossPattern } else { BlockHook::Pattern };
            let pattern = Hook::Block(link.layer, at);
            let key = source.map_or_else(|| ctx.label(link.key), |source| source.label(link.key));
            let text = trf(
                "Head {0}.{1}: “{2}” looks at “{3}” with {4}",
                &[&link.layer, &link.head, &ctx.label(link.query), &key, &number(link.weight)],
            );
            let address = origin(ctx, pattern, &[link.head, link.query, link.key]);
            let carried = trf("carried: as much as {0} of its stream", &[&percent(link.carried)]);
            format!("{text}\n{address}\n{carried}")
        }
        Spot::Adds { layer, pos, part } => {
            let (shares, hook) = if part == 0 {
                (&plan.attention, BlockHook::AttnOut)
            } else {
                (&plan.mlp, BlockHook::MlpOut)
            };
            let share = shares.get(layer).and_then(|row| row.get(pos)).copied().unwrap_or(0.0);
            let values: [&dyn std::fmt::Display; 3] = [&layer, &ctx.label(pos), &percent(share)];
            let text = if part == 0 {
                trf("Attention of layer {0} adds to “{1}” as much as {2} of its stream", &values)
            } else {
                trf("The MLP of layer {0} adds to “{1}” as much as {2} of its stream", &values)
            };
            format!("{text}\n{}", computed(Hook::Block(layer, hook), &[pos]))
        }
        Spot::Saying(i) => {
            let Some(saying) = plan.sayings.get(i) else { return String::new() };
            let text = trf(
                "If it stopped after layer {0} it would say “{1}” ({2})",
                &[&(i - 1), &saying.label, &percent(saying.prob)],
            );
            format!("{text}\n{}", computed(stream_after(Some(i - 1), &ctx.trace.model), &[plan.at]))
        }
        Spot::Next(i) => {
            let Some(saying) = plan.next.get(i) else { return String::new() };
            let text = trf(
                "“{0}”: {1}, before temperature and filters. Click to see why",
                &[&saying.label, &percent(saying.prob)],
            );
            format!("{text}\n{}", computed(Hook::Logits, &[plan.at]))
        }
    }
}

/// Says that not every token has a lane of its own.
pub fn bundled_ui(painter: &Painter, theme: &Theme, area: Rect, n: usize) {
    let text = trf("{0} tokens share lanes", &[&n]);
    let galley = painter.layout_no_wrap(text, theme.caption(), *theme.dim);
    let rect =
        Align2::RIGHT_BOTTOM.anchor_size(area.right_bottom() - vec2(4.0, 0.0), galley.size());
    painter.rect_filled(rect.expand(2.0), 2.0, *theme.background);
    painter.galley(rect.min, galley, *theme.dim);
}
