//! Where a number on screen is in the recording, in the names that `trace` writes.

use super::view::Context;
use crate::trace::Hook;

/// The address of a number: `blocks.4.attn.hook_pattern[1, 7, 2]`.
pub fn origin(ctx: &Context<'_>, hook: Hook, index: &[usize]) -> String {
    let name = ctx.trace.name_in_files(hook, &ctx.model.info);
    let index: Vec<String> = index.iter().map(ToString::to_string).collect();
    format!("{name}[{}]", index.join(", "))
}

/// A text about a number, with its address in a line beneath.
pub fn with_origin(ctx: &Context<'_>, text: &str, hook: Hook, index: &[usize]) -> String {
    format!("{text}\n{}", origin(ctx, hook, index))
}
