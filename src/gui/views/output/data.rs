//! The whole vocabulary as a table.

use super::Output;
use crate::gui::contract::view::Context;
use crate::table::Table;

/// Every token with its logit, `exp(logit - max)` and probability, best first.
pub(super) fn tables(view: &Output, ctx: &Context<'_>) -> Vec<Table> {
    let Some(picture) = &view.picture else {
        return Vec::new();
    };
    let readout = &picture.readout;
    let order = || readout.order.iter().copied();
    let token = |id| ctx.model.tokenizer.token(id).text;
    let table = Table::new("output")
        .integer("rank", 0..readout.order.len())
        .integer("id", order())
        .text("token", order().map(token))
        .number("logit", order().map(|id| readout.logit(id)))
        .number("exp", order().map(|id| readout.exp(id)))
        .number("prob", order().map(|id| readout.prob(id)));
    let facts = Table::new("facts")
        .integer("pos", [picture.of.1])
        .text("after", [ctx.label(picture.of.1)])
        .number("max_logit", [readout.max])
        .number("sum_of_exp", [readout.sum])
        .number("entropy_bits", [readout.entropy_bits])
        .number("effective_choices", [readout.effective_choices]);
    vec![table, facts]
}
