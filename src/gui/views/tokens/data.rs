//! The tokens and cuts as tables.

use super::Tokens;
use crate::gui::contract::view::Context;
use crate::table::Table;
use crate::trace::Token;

pub(super) fn tables(view: &Tokens, ctx: &Context<'_>) -> Vec<Table> {
    let trace = ctx.trace;
    let tokens = || trace.tokens.iter();
    let words = view.reading.iter().filter(|reading| reading.trace.id == trace.id);
    let words = words.flat_map(|reading| reading.places.iter());
    let table = Table::new("tokens")
        .integer("pos", 0..trace.tokens.len())
        .integer("id", tokens().map(|token| token.id))
        .text("token", tokens().map(|token| token.text.clone()))
        .text("shown", (0..trace.tokens.len()).map(|pos| trace.label(pos)))
        .text("bytes", tokens().map(Token::byte_label))
        .integer("start", tokens().map(|token| token.span.start))
        .integer("end", tokens().map(|token| token.span.end))
        .text("special", tokens().map(|token| token.special.to_string()));
    let words: Vec<String> =
        words.map(|place| place.map_or(String::new(), |(word, _)| word.to_string())).collect();
    let mut tables =
        vec![if words.len() == trace.tokens.len() { table.text("word", words) } else { table }];
    if let Some(reading) = &view.reading {
        let cuts = reading.cuts.iter();
        tables.push(
            Table::new("cuts")
                .text("cut_into", ["words", "tokens", "characters"])
                .integer("pieces", cuts.clone().map(|cut| cut.pieces))
                .integer("different", cuts.map(|cut| cut.different)),
        );
    }
    tables
}
