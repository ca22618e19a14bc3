//! `headlight ablate` and `headlight sweep`: what a part of the model is good for.

use super::edits::EditArgs;
use super::{ModelArgs, print, print_json};
use crate::problem::Result;
use crate::session::experiment::{Comparison, sweep};
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct AblateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text the model reads
    #[arg(long)]
    text: String,
    #[command(flatten)]
    edits: EditArgs,
    /// How many tokens to list
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text the model reads
    #[arg(long)]
    text: String,
    /// The token to ask about, by its id [default: the most probable next one]
    #[arg(long, value_name = "ID")]
    token: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn ablate(args: &AblateArgs) -> Result<()> {
    let model = args.model.open()?;
    crate::session::must_predict_next(&model)?;
    let text = args.model.text(&model, &args.text)?;
    let before = model.trace(&text)?;
    let edits = args.edits.edits(&model, before.tokens.len())?;
    let after = model.trace_edited(&text, &edits)?;
    let comparison = Comparison::of(&before, &after);
    let movers = comparison.movers(args.top);
    if args.json {
        let row = |id: &usize| -> Value {
            let token = model.tokenizer.token(*id as u32).text;
            json!({ "id": id, "token": token, "before": comparison.before[*id], "after": comparison.after[*id] })
        };
        let top = crate::math::sampling::top(&comparison.after, args.top);
        return print_json(&json!({
            "edits": edits.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "kl_bits": comparison.kl_bits,
            "movers": movers.iter().map(row).collect::<Vec<_>>(),
            "next": top.iter().map(row).collect::<Vec<_>>(),
        }));
    }
    let mut table = format!(
        "Kullback-Leibler divergence {:.4} bits; the largest changes:\n",
        comparison.kl_bits
    );
    for id in movers {
        let label = model.tokenizer.token(id as u32).label();
        let percent = |probs: &[f32]| 100.0 * probs[id];
        table += &format!(
            "{id:>7}  {label:<20} {:>8.3}% -> {:>8.3}%\n",
            percent(&comparison.before),
            percent(&comparison.after)
        );
    }
    print(&table)
}

pub(super) fn run_sweep(args: &SweepArgs) -> Result<()> {
    let model = args.model.open()?;
    let text = args.model.text(&model, &args.text)?;
    let swept = sweep(&model, &text, args.token)?;
    let token = model.tokenizer.token(swept.token);
    if args.json {
        return print_json(&json!({
            "token": { "id": swept.token, "token": token.text },
            "log_prob": swept.log_prob,
            "changes": swept.changes,
            "attribution": swept.attribution,
        }));
    }
    let mut table = format!(
        "log-probability of {:?} is {:.4} nats; switching a head off changes it by (rows layers, columns heads):\n",
        token.text, swept.log_prob
    );
    for (layer, row) in swept.changes.iter().enumerate() {
        let cells: String = row.iter().map(|change| format!("{change:>9.4}")).collect();
        table += &format!("{layer:>3} {cells}\n");
    }
    print(&table)
}
