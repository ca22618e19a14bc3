//! What differs between the two, in three pictures: next token, attention, residual streams.

use super::both::{Both, Difference};
use super::colors;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, number};
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{
    Cells, Chart, Curve, Heatmap, Labels, Mark, PairedBar, bar_scale_ui, empty_ui, legend_ui,
    paired_bar_height, paired_bar_name, paired_bar_ui, paired_head_ui,
};
use crate::text::{tr, trf};
use crate::trace::{Matrix, Predicts};
use egui::{Id, RichText, ScrollArea, Ui, pos2};

fn note_ui(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.label(RichText::new(text).font(theme.caption()).color(*theme.dim));
}

/// The next token on either side.
pub(super) fn next_ui(ui: &mut Ui, ctx: &mut Context<'_>, both: &Both, names: &[String; 2]) {
    let theme = ctx.theme;
    if ctx.trace.model.predicts != Predicts::Next {
        let why = tr("An encoder has no next token");
        return empty_ui(ui, theme, why);
    }
    let next = &both.next;
    let distance = trf("Jensen-Shannon {0} bits", &[&number(next.js_bits)]);
    let short = names.each_ref().map(|name| abbreviate(name, 16));
    let titles = short.each_ref().map(String::as_str);
    paired_head_ui(ui, theme, &distance, titles, colors(theme));
    if !next.is_one_vocabulary {
        let note =
            tr("The models have other vocabularies: tokens of the same text are taken as one");
        note_ui(ui, theme, note);
    }
    let probs = next.rows.iter().flat_map(|(_, probs)| probs);
    let full = bar_scale_ui(ui, theme, probs.copied().fold(0.0, f32::max));
    ui.spacing_mut().item_spacing.y = 1.0;
    let scroll = ScrollArea::vertical().id_salt("next").auto_shrink(false);
    let height = paired_bar_height(theme);
    scroll.show_rows(ui, height, next.rows.len(), |ui, shown| {
        for rank in shown {
            let Some((label, probs)) = next.rows.get(rank) else {
                continue;
            };
            let bar = PairedBar {
                label,
                probs: *probs,
                full,
                colors: colors(theme),
                is_chosen: false,
                id: Id::unique(("compared", rank)),
            };
            paired_bar_ui(ui, theme, &bar).on_hover_text(paired_bar_name(&bar));
        }
    });
}

/// Where the focused head looks on the second side and not on the first.
pub(super) fn attention_ui(ui: &mut Ui, ctx: &mut Context<'_>, both: &Both, names: &[String; 2]) {
    let theme = ctx.theme;
    let (layer, head) = (ctx.focus.layer, ctx.focus.head);
    let [first, second] = names;
    note_ui(ui, theme, &trf("Head {0}.{1}: {2} − {3}", &[&layer, &head, second, first]));
    let Difference { pairs, values } = match both.attention_difference(layer, head) {
        Ok(difference) => difference,
        Err(why) => {
            ui.label(RichText::new(why).color(*theme.dim));
            return;
        }
    };
    if pairs.is_empty() {
        return empty_ui(ui, theme, tr("No tokens stand beside each other"));
    }
    let Some(scale) = Scale::of_differences(&values) else {
        let why = if both.first.is_causal() {
            tr(
                "No difference here: tokens look only back, and only what comes after a change can differ.",
            )
        } else {
            tr("This head looks alike on both sides.")
        };
        ui.label(RichText::new(why).color(*theme.dim));
        return;
    };
    let names: Vec<String> = pairs.iter().map(|&pair| both.label(pair)).collect();
    let matrix = Matrix { rows: pairs.len(), cols: pairs.len(), data: &values };
    difference_ui(ui, ctx, both, &pairs, &names, (matrix, scale));
}

/// The difference as a heatmap over the pairs of tokens.
fn difference_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    both: &Both,
    pairs: &[(usize, usize)],
    names: &[String],
    (matrix, scale): (Matrix<'_>, Scale),
) {
    let theme = ctx.theme;
    let (layer, head) = (ctx.focus.layer, ctx.focus.head);
    legend_ui(ui, theme, scale, tr("difference"));
    let place = |pos: Option<usize>| pairs.iter().position(|pair| Some(pair.0) == pos);
    let heatmap = Heatmap {
        what: format!("compare {layer}.{head} {:?} {:?}", both.first.id, both.second.id),
        matrix,
        scale,
        rows: Labels::asks(theme, names),
        cols: Labels::answers(theme, names),
        focus: (place(ctx.focus.query), place(ctx.focus.key)),
        cells: Cells::of(&both.first),
    };
    let (response, cell) = heatmap.ui(ui, ctx);
    let about = trf("Difference of the attention of layer {0}, head {1}", &[&layer, &head]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &about));
    let Some((row, col)) = cell else { return };
    let (query, key) = (pairs[row].0, pairs[col].0);
    ctx.point(&response, Target::Cell { query, key });
    let value = number(heatmap.value((row, col)).unwrap_or(f32::NAN));
    response.on_hover_text_at_pointer(format!("{} → {}: {value}", names[row], names[col]));
}

/// How alike the two streams are, layer by layer.
pub(super) fn streams_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    both: &Both,
    focus: Option<(usize, usize)>,
) {
    let theme = ctx.theme;
    let Some((a, b)) = focus else {
        return empty_ui(
            ui,
            theme,
            tr("The chosen token has none beside it: click one in the second text"),
        );
    };
    let label = both.label((a, b));
    note_ui(ui, theme, &trf("Residual streams at “{0}”, positions {1} and {2}", &[&label, &a, &b]));
    match both.cosines((a, b)) {
        Ok(cosines) => cosines_ui(ui, ctx, &cosines),
        Err(why) => {
            ui.label(RichText::new(why).color(*theme.dim));
        }
    }
}

/// The cosines as a curve; a click chooses a layer.
fn cosines_ui(ui: &mut Ui, ctx: &mut Context<'_>, cosines: &[f32]) {
    let theme = ctx.theme;
    let layers = 0..cosines.len().saturating_sub(1);
    let names: Vec<String> =
        std::iter::once(tr("in").to_owned()).chain(layers.map(|layer| layer.to_string())).collect();
    let last = number(cosines.last().copied().unwrap_or(f32::NAN));
    let about = trf("Cosine of the two streams after each layer, {0} in the end", &[&last]);
    let points = (0..).zip(cosines).map(|(i, &cosine)| pos2(i as f32, cosine));
    let chart = Chart {
        name: &about,
        x_title: tr("after layer"),
        y_title: tr("cosine (1 = same direction)"),
        x_names: &names,
        y_holds: 0.0..=1.0,
        curves: &[Curve {
            name: String::new(),
            color: *theme.text,
            mark: Mark::Numbers,
            points: points.collect(),
        }],
        cursor: Some(ctx.focus.layer as f32 + 1.0),
    };
    let (response, x) = chart.ui(ui, theme);
    let place = x.map_or(0, |x| x.round() as usize);
    if let Some(layer) = place.checked_sub(1) {
        let head = ctx.pinned.head;
        ctx.point(&response, Target::Head { layer, head });
    }
}
