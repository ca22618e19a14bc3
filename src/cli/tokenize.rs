//! `headlight tokenize`: what the model reads.

use super::{ModelArgs, print, print_json};
use crate::problem::Result;
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct TokenizeArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text to cut
    text: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TokenizeArgs) -> Result<()> {
    let model = args.model.open()?;
    let tokens = model.encode(&args.model.text(&model, &args.text)?)?;
    if args.json {
        let row = |t: &crate::trace::Token| -> Value {
            json!({ "id": t.id, "text": t.text, "bytes": t.bytes, "start": t.span.start, "end": t.span.end })
        };
        let rows: Vec<Value> = tokens.iter().map(row).collect();
        return print_json(&json!({ "tokens": rows }));
    }
    let mut table = format!("{:>5} {:>7}  {:<20} bytes\n", "pos", "id", "token");
    for (pos, token) in tokens.iter().enumerate() {
        let bytes = token.byte_label();
        let bytes = bytes.trim_matches(['<', '>']);
        table += &format!("{pos:>5} {:>7}  {:<20} {bytes}\n", token.id, token.label());
    }
    print(&table)
}
