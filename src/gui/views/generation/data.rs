//! The tree of continuations as a table.

use super::GenerationView;
use crate::gui::contract::view::Context;
use crate::math::tree::{How, Node};
use crate::table::Table;

/// Every token that was written: after which, how it was chosen, and how probable it was.
pub(super) fn tables(view: &GenerationView, ctx: &Context<'_>) -> Vec<Table> {
    let Some(writer) = &view.writer else {
        return Vec::new();
    };
    let places = writer.tree.places();
    let number = |node| places.iter().position(|place| place.node == node);
    let nodes: Vec<&Node> = places.iter().map(|place| writer.tree.get(place.node)).collect();
    let parent = |node: &&Node| {
        let parent = node.parent.and_then(number);
        parent.map_or(String::new(), |parent| parent.to_string())
    };
    let token = |node: &&Node| {
        let token = node.token.map(|id| ctx.model.tokenizer.token(id));
        token.map_or_else(|| "(the text)".to_owned(), |token| token.text)
    };
    let coin = |node: &&Node| match node.how {
        How::Drawn { coin, .. } => coin,
        _ => f32::NAN,
    };
    let how = |node: &&Node| match node.how {
        How::Drawn { .. } => "drawn",
        How::Beam { .. } => "beam",
        How::Chosen => "chosen",
    };
    let table = Table::new("tree")
        .integer("node", 0..nodes.len())
        .text("after_node", nodes.iter().map(parent))
        .integer("depth", nodes.iter().map(|node| node.depth))
        .integer("id", nodes.iter().map(|node| node.token.map_or(-1, i64::from)))
        .text("token", nodes.iter().map(token))
        .text("how", nodes.iter().map(how))
        .number("coin", nodes.iter().map(coin))
        .number("prob", nodes.iter().map(|node| node.prob))
        .number("log_prob", nodes.iter().map(|node| node.log_prob as f32));
    vec![table]
}
