//! The paths and cosines as tables.

use super::ContextView;
use super::paths::{Mark, Picture};
use crate::table::Table;

pub(super) fn tables(view: &ContextView) -> Vec<Table> {
    let Some(picture) = &view.picture else {
        return Vec::new();
    };
    vec![paths(picture), cosines(picture)]
}

/// 0 is the input of the first layer, `l + 1` what leaves layer `l`.
fn paths(picture: &Picture) -> Table {
    let steps = || {
        picture.paths.iter().flat_map(|path| {
            let steps = path.points.iter().zip(&path.norms).enumerate();
            steps.map(move |(step, (&[x, y], &norm))| (path.mark, step, x, y, norm))
        })
    };
    Table::new("paths")
        .integer("sentence", steps().map(|step| step.0.sentence))
        .integer("pos", steps().map(|step| step.0.pos))
        .text("token", steps().map(|step| token(picture, step.0)))
        .integer("step", steps().map(|step| step.1))
        .number("component_1", steps().map(|step| step.2))
        .number("component_2", steps().map(|step| step.3))
        .number("norm", steps().map(|step| step.4))
}

fn cosines(picture: &Picture) -> Table {
    let steps = || {
        let curves = picture.curves.iter();
        curves.flat_map(|curve| {
            let cosines = curve.cosines.iter().enumerate();
            cosines.map(move |(step, &cosine)| (curve.label.clone(), step, cosine))
        })
    };
    Table::new("cosines")
        .text("compared", steps().map(|step| step.0))
        .integer("step", steps().map(|step| step.1))
        .number("cosine", steps().map(|step| step.2))
}

fn token(picture: &Picture, mark: Mark) -> String {
    let trace = picture.request.traces.get(mark.sentence);
    trace.map_or(String::new(), |trace| trace.label(mark.pos))
}
