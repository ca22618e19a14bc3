//! The positions as tables, those on screen first.

use super::Positions;
use crate::gui::contract::view::Context;
use crate::table::Table;
use crate::trace::Matrix;

pub(super) fn tables(view: &Positions, ctx: &Context<'_>) -> Vec<Table> {
    let learned = view.table.fetched.as_ref();
    let vectors = learned.map(|fetched| matrix("positions", ["pos", "dim"], fetched.vectors()));
    let cosines = learned.map(|fetched| {
        let side = fetched.similarity.side;
        let data = &fetched.similarity.cosine;
        let cosines = Matrix { rows: side, cols: side, data };
        matrix("cosines", ["pos", "other"], cosines)
    });
    let parts: [Vec<Table>; 4] = [
        vectors.into_iter().chain(cosines).collect(),
        super::sum::table(ctx).into_iter().collect(),
        vec![view.waves.data()],
        view.order.data().into_iter().collect(),
    ];
    let mut tables: Vec<Vec<Table>> = parts.into();
    let n_parts = tables.len();
    tables.rotate_left(ctx.tab.min(n_parts - 1));
    tables.into_iter().flatten().collect()
}

/// One row for each number of a matrix.
pub(super) fn matrix(name: &str, axes: [&str; 2], matrix: Matrix<'_>) -> Table {
    let cols = matrix.cols.max(1);
    let n = matrix.data.len();
    Table::new(name)
        .integer(axes[0], (0..n).map(|i| i / cols))
        .integer(axes[1], (0..n).map(|i| i % cols))
        .number("value", matrix.data.iter().copied())
}
