//! The vectors of a pair of equal tokens, and how alike they stay.

use super::{Reading, cosines};
use crate::gui::contract::view::Context;
use crate::gui::look::format::number;
use crate::gui::look::theme::Scale;
use crate::gui::widgets::{
    Cells, Chart, Curve, Heatmap, Labels, Mark, colored_heading_ui, empty_ui, heading_ui,
};
use crate::text::{tr, trf};
use crate::trace::Matrix;
use egui::{Ui, pos2};

/// Embedding and input of the pair as strips.
pub(super) fn vectors_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    [first, second]: [&Reading; 2],
    (a, b): (usize, usize),
) {
    let theme = ctx.theme;
    let stage = |reading: &Reading, stage: usize, pos: usize| -> Vec<f32> {
        let vectors = reading.stages.get(stage).and_then(|vectors| vectors.at(&[pos]));
        vectors.map(<[f32]>::to_vec).unwrap_or_default()
    };
    // Where the position first shows: in the sum, or in what attention made of rotations.
    let is_added = ctx.trace.model.positions.are_added();
    let later = if is_added { 1 } else { 2 };
    let strips =
        [stage(first, 0, a), stage(second, 0, b), stage(first, later, a), stage(second, later, b)];
    let d_model = strips[0].len();
    if d_model == 0 || strips.iter().any(|strip| strip.len() != d_model) {
        return empty_ui(ui, theme, tr("This recording holds no embeddings"));
    }
    let data = strips.concat();
    let scale = Scale::without_outliers(&data);
    let heading = if is_added {
        "“{0}”: same embedding, then + position"
    } else {
        "“{0}”: same embedding, then after layer 0"
    };
    let heading = trf(heading, &[&first.label(a)]);
    colored_heading_ui(ui, theme, heading, (scale, tr("value")));
    let rows = [
        tr("1st embed").to_owned(),
        tr("2nd embed").to_owned(),
        if is_added { trf("1st + p{0}", &[&a]) } else { tr("1st layer 0").to_owned() },
        if is_added { trf("2nd + p{0}", &[&b]) } else { tr("2nd layer 0").to_owned() },
    ];
    let cols: Vec<String> = (0..d_model).map(|dim| dim.to_string()).collect();
    let heatmap = Heatmap {
        what: format!("order {a} {b} {}", self_key(&data)),
        matrix: Matrix { rows: 4, cols: d_model, data: &data },
        scale,
        rows: Labels { title: "", names: &rows, color: *theme.text },
        cols: Labels { title: tr("dimension →"), names: &cols, color: *theme.text },
        focus: (None, None),
        cells: Cells::Stretch,
    };
    heatmap.show(ui, ctx).say(tr("Embeddings and inputs of the pair"), |row, dim| {
        let value = number(data.get(row * d_model + dim).copied().unwrap_or(f32::NAN));
        trf("{0}, dimension {1}: {2}", &[&rows[row], &dim, &value])
    });
}

/// Distinguishes pictures of other numbers: the second text is not part of the recording.
fn self_key(data: &[f32]) -> u64 {
    data.iter().fold(0, |key: u64, x| key.rotate_left(5) ^ u64::from(x.to_bits()))
}

/// The cosine of the pair from the embedding to the last block.
pub(super) fn cosines_ui(
    ui: &mut Ui,
    ctx: &Context<'_>,
    readings: [&Reading; 2],
    pair: (usize, usize),
) {
    let theme = ctx.theme;
    heading_ui(ui, theme, trf("How alike are the two “{0}”?", &[&readings[0].label(pair.0)]));
    let cosines = cosines(readings, pair);
    let names = [tr("embed"), tr("input")].map(str::to_owned).into_iter();
    let names: Vec<String> =
        names.chain((0..ctx.trace.model.n_layers).map(|l| l.to_string())).collect();
    let points = cosines.iter().enumerate().map(|(x, &y)| pos2(x as f32, y)).collect();
    let chart = Chart {
        name: tr("Cosine between the pair at every stage"),
        x_title: tr("embedding, input, then after each layer"),
        y_title: tr("cosine"),
        x_names: &names,
        y_holds: 0.0..=1.0,
        curves: &[Curve { name: String::new(), color: *theme.residual, mark: Mark::Steps, points }],
        cursor: None,
    };
    let (response, x) = chart.ui(ui, theme);
    let stage = x.map(|x| x.round().max(0.0) as usize);
    if let Some((stage, name)) = stage.and_then(|stage| Some((stage, names.get(stage)?))) {
        let value = number(cosines.get(stage).copied().unwrap_or(f32::NAN));
        response.on_hover_text_at_pointer(trf("{0}: cosine {1}", &[name, &value]));
    }
}
