//! `headlight attribute`: what each part of the model gives to a score.

use super::{ModelArgs, print, print_json};
use crate::files::write_atomically;
use crate::model::Part;
use crate::problem::{Problem, Result};
use crate::session::{Proof, prove};
use crate::table::Table;
use crate::trace::Trace;
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct AttributeArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text the model reads
    #[arg(long)]
    text: String,
    /// The id of the token whose score is taken apart [default: the most probable next one]
    #[arg(long, value_name = "ID")]
    token: Option<u32>,
    /// The id of another token: what is taken apart is the lead over its score
    #[arg(long, value_name = "ID")]
    against: Option<u32>,
    /// How many parts to list, the strongest first
    #[arg(long, default_value_t = 20)]
    top: usize,
    /// Print JSON: every part, in the order of the forward pass
    #[arg(long)]
    json: bool,
    /// Write every part to a file ending in .json or .csv
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &AttributeArgs) -> Result<()> {
    let model = args.model.open()?;
    let trace = model.trace(&args.model.text(&model, &args.text)?)?;
    let proof = prove(&model, &trace, args.token, args.against)?;
    if let Some(out) = &args.out {
        write(&proof, out)?;
    }
    match (args.json, &args.out) {
        (true, _) => print_json(&document(&proof)),
        (false, Some(_)) => Ok(()),
        (false, None) => print(&strongest(&proof, &trace, args.top)),
    }
}

/// All of it, for scripts: the values of the parts add up to the logit.
fn document(proof: &Proof) -> Value {
    let parts: Vec<Value> = proof.attribution.parts().into_iter().map(json_part).collect();
    let mut document = json!({
        "token": proof.token.id,
        "text": proof.token.text,
        "logit": proof.logit,
        "parts": parts,
    });
    if let Some(against) = &proof.against {
        document["against"] = json!(against.id);
    }
    document
}

fn json_part((part, value): (Part, f32)) -> Value {
    let mut row = Map::new();
    row.insert("part".into(), part.kind().into());
    if let Some(layer) = part.layer() {
        row.insert("layer".into(), layer.into());
    }
    if let Part::Head { head, source, .. } = part {
        row.insert("head".into(), head.into());
        row.insert("source".into(), source.into());
    }
    row.insert("value".into(), value.into());
    Value::Object(row)
}

fn write(proof: &Proof, out: &Path) -> Result<()> {
    let extension = out.extension().and_then(|extension| extension.to_str());
    let text = match extension {
        Some("json") => format!("{:#}\n", document(proof)),
        Some("csv") => table(proof).csv(),
        _ => {
            let why = format!("its name ends neither in .json nor in .csv: {}", out.display());
            return Err(Problem::new("Could not write the parts", why)
                .cure("Give --out a name with one of these endings"));
        }
    };
    write_atomically(out, text.as_bytes())
        .map_err(|e| Problem::new("Could not write the parts", format!("{e}: {}", out.display())))
}

/// One row for each part; what a part does not have is left empty.
fn table(proof: &Proof) -> Table {
    let parts = proof.attribution.parts();
    let or_empty = |n: Option<usize>| n.map_or_else(String::new, |n| n.to_string());
    let of_head = |part: Part, pick: fn(usize, usize) -> usize| match part {
        Part::Head { head, source, .. } => Some(pick(head, source)),
        _ => None,
    };
    Table::new("parts")
        .text("part", parts.iter().map(|(part, _)| part.kind()))
        .text("layer", parts.iter().map(|(part, _)| or_empty(part.layer())))
        .text("head", parts.iter().map(|(part, _)| or_empty(of_head(*part, |head, _| head))))
        .text("source", parts.iter().map(|(part, _)| or_empty(of_head(*part, |_, source| source))))
        .number("value", parts.iter().map(|&(_, value)| value))
}

/// The strongest parts for people, and the sum.
fn strongest(proof: &Proof, trace: &Trace, n: usize) -> String {
    let mut parts = proof.attribution.parts();
    parts.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    let of = match &proof.against {
        None => format!("logit of {:?}", proof.token.label()),
        Some(against) => {
            format!("lead of {:?} over {:?}", proof.token.label(), against.label())
        }
    };
    let mut text = format!("{of}: {:.4}\n", proof.logit);
    for (part, value) in parts.iter().take(n) {
        text += &format!("{value:>+10.4}  {}\n", name(*part, trace));
    }
    if let Some(rest) = parts.get(n..).filter(|rest| !rest.is_empty()) {
        let sum: f32 = rest.iter().map(|(_, value)| value).sum();
        text += &format!("{sum:>+10.4}  {} more parts\n", rest.len());
    }
    let total = proof.attribution.total();
    text + &format!("{total:>+10.4}  sum; off by {:.1e} (rounding)\n", (total - proof.logit).abs())
}

/// A part in words.
fn name(part: Part, trace: &Trace) -> String {
    match part {
        Part::Embed => "the token's embedding".to_owned(),
        Part::PosEmbed => "the position's embedding".to_owned(),
        Part::Head { layer, head, source } => {
            format!("head {layer}.{head} from {:?} ({source})", trace.label(source))
        }
        Part::AttnBias { layer } => format!("attention bias {layer}"),
        Part::Mlp { layer } => format!("MLP {layer}"),
        Part::Bias => "the last biases".to_owned(),
    }
}
