//! Where a number on screen is in the recording, in the names that `trace` writes.

use crate::gui::contract::view::Context;
use crate::text::trf;
use crate::trace::{BlockHook, Hook, ModelInfo};

/// The address of a number: `blocks.4.attn.hook_pattern[1, 7, 2]`.
pub fn origin(ctx: &Context<'_>, hook: Hook, index: &[usize]) -> String {
    let name = ctx.trace.name_in_files(hook, &ctx.model.info);
    let index: Vec<String> = index.iter().map(ToString::to_string).collect();
    format!("{name}[{}]", index.join(", "))
}

/// A text about numbers that are computed from recorded ones, with the address of these in a line
/// beneath.
pub fn with_source(ctx: &Context<'_>, text: &str, hook: Hook, index: &[usize]) -> String {
    let source = trf("computed from {0}", &[&origin(ctx, hook, index)]);
    format!("{text}\n{source}")
}

/// The stream that leaves a layer, or where there is none, the one that enters the first.
pub fn stream_after(layer: Option<usize>, model: &ModelInfo) -> Hook {
    match layer {
        None => Hook::Block(0, BlockHook::ResidPre),
        Some(layer) => Hook::Block(layer, model.leaving()),
    }
}

/// A text about a number, with its address in a line beneath.
pub fn with_origin(ctx: &Context<'_>, text: &str, hook: Hook, index: &[usize]) -> String {
    format!("{text}\n{}", origin(ctx, hook, index))
}
