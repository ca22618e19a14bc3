//! `headlight ablate` and `headlight sweep`: what a head is good for.

use super::{ModelArgs, print, print_json};
use crate::model::Edit;
use crate::problem::{Problem, Result};
use crate::session::experiment::{Comparison, sweep};
use clap::Args;
use serde_json::{Value, json};
use std::ops::ControlFlow;

#[derive(Debug, Args)]
pub(super) struct AblateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text the model reads
    #[arg(long)]
    text: String,
    /// Heads to switch off, as layer.head: 3.1,4.0
    #[arg(long, value_delimiter = ',', value_parser = head, required = true)]
    heads: Vec<(usize, usize)>,
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

fn head(text: &str) -> std::result::Result<(usize, usize), String> {
    let pair = text.trim().split_once('.');
    let pair = pair.and_then(|(layer, head)| Some((layer.parse().ok()?, head.parse().ok()?)));
    pair.ok_or_else(|| "write LAYER.HEAD, as in 3.1".to_owned())
}

pub(super) fn ablate(args: &AblateArgs) -> Result<()> {
    let model = args.model.open()?;
    crate::session::must_predict_next(&model)?;
    let (n_layers, n_heads) = (model.info.n_layers, model.info.n_heads);
    if let Some((layer, head)) = args
        .heads
        .iter()
        .find(|&&(l, h)| l >= n_layers || h >= n_heads)
    {
        let why = format!("there is no head {layer}.{head}");
        let cure = format!(
            "Layers go from 0 to {}, heads from 0 to {}",
            n_layers - 1,
            n_heads - 1
        );
        return Err(Problem::new("Could not switch heads off", why).cure(cure));
    }
    let off = |&(layer, head): &(usize, usize)| Edit::Head {
        layer,
        head,
        factor: 0.0,
    };
    let edits: Vec<Edit> = args.heads.iter().map(off).collect();
    let text = args.model.text(&model, &args.text)?;
    let (before, after) = (model.trace(&text)?, model.trace_edited(&text, &edits)?);
    let comparison = Comparison::of(&before, &after);
    let movers = comparison.movers(args.top);
    if args.json {
        let row = |id: &usize| -> Value {
            let token = model.tokenizer.token(*id as u32).text;
            json!({ "id": id, "token": token, "before": comparison.before[*id], "after": comparison.after[*id] })
        };
        let top = crate::math::sampling::top(&comparison.after, args.top);
        return print_json(&json!({
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
    let swept = sweep(&model, &text, args.token, |_, _| ControlFlow::Continue(()))?;
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
