//! `headlight trace`: every activation of one forward pass, as a file.

use super::{ModelArgs, TargetArgs, print};
use crate::problem::{Problem, Result};
use crate::trace::Shape;
use crate::trace::matches;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text the model reads
    #[arg(long)]
    text: String,
    #[command(flatten)]
    target: TargetArgs,
    /// File to write: .safetensors, or .json
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Activations to keep, e.g. `blocks.*.attn.hook_pattern`; may be repeated
    #[arg(long, value_name = "PATTERN")]
    hooks: Vec<String>,
}

pub(super) fn run(args: &TraceArgs) -> Result<()> {
    let model = args.model.open()?;
    let text = args.model.text(&model, &args.text)?;
    let trace = args.target.trace(&model, &text)?;
    let keep = |name: &str| {
        args.hooks.is_empty() || args.hooks.iter().any(|pattern| matches(name, pattern))
    };
    for pattern in &args.hooks {
        if !trace.names().iter().any(|name| matches(name, pattern)) {
            let why = format!("--hooks {pattern} is the name of no activation of this model");
            return Err(Problem::new("There is nothing to record", why).cure(
                "docs/hooks.md lists the names; * stands for anything, as in `blocks.*.attn.hook_pattern`",
            ));
        }
    }
    let kept = trace.names().iter().filter(|name| keep(name)).count();
    trace.save(&args.out, keep)?;
    if trace.dropped > 0 {
        let which = if trace.model.shape == Shape::Decoder { "first" } else { "last" };
        eprintln!(
            "The text has {} tokens; the model holds {}: the {which} {} were left out",
            trace.dropped + trace.tokens.len(),
            trace.model.n_ctx,
            trace.dropped
        );
    }
    let tokens = trace.tokens.len();
    print(&format!("{kept} activations of {tokens} tokens: {}\n", args.out.display()))
}
