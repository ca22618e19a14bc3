//! Every token on its way through the filters, as a table.

use super::SamplingView;
use crate::gui::contract::view::Context;
use crate::table::Table;

/// Every token in the order of the score it is drawn by: what each filter that is on looks at, which
/// one cut it, and its probability before and after.
pub(super) fn tables(view: &SamplingView, ctx: &Context<'_>) -> Vec<Table> {
    let Some(made) = &view.made else {
        return Vec::new();
    };
    let stages = &made.stages;
    let order = || stages.order.iter().copied();
    let pick = |values: &[f32], id: usize| values.get(id).copied().unwrap_or(f32::NAN);
    let token = |id| ctx.model.tokenizer.token(id as u32).text;
    let cut_by = |id: usize| {
        let filter = stages.cut_by.get(id).copied().flatten();
        filter.map_or(String::new(), |filter| format!("{filter:?}"))
    };
    let mut table = Table::new("sampling")
        .integer("id", order())
        .text("token", order().map(token))
        .number("logit", order().map(|id| pick(&stages.logits, id)))
        .number("prob", order().map(|id| pick(&stages.own, id)));
    for step in &stages.steps {
        let name = format!("{:?}_{:?}", step.filter, step.measure);
        table = table.number(&name, order().map(|id| pick(&step.values, id)));
    }
    let table = table
        .text("cut_by", order().map(cut_by))
        .number("sampling_prob", order().map(|id| pick(&stages.probs, id)));
    vec![table]
}
