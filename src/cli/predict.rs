//! `headlight predict`: the next-token table.

use super::{ModelArgs, TargetArgs, print, print_json};
use crate::math::sampling::Sampling;
use crate::model::Checkpoint;
use crate::problem::{Problem, Result};
use crate::session::{Candidate, Masked, candidates, masked, must_predict_next};
use crate::trace::{Predicts, Trace};
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct PredictArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text the model reads
    #[arg(long)]
    text: String,
    #[command(flatten)]
    target: TargetArgs,
    /// How many tokens to list
    #[arg(long, default_value_t = 10)]
    top: usize,
    #[command(flatten)]
    sampling: SamplingArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a token is chosen.
#[derive(Debug, Clone, Args)]
pub struct SamplingArgs {
    /// Divides the scores: below 1 bolder, above 1 more even, 0 always the most probable
    #[arg(long, default_value_t = 1.0, value_parser = temperature)]
    temperature: f32,
    /// Keep only the K most probable tokens
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    top_k: Option<u64>,
    /// Keep the fewest tokens that together reach this probability
    #[arg(long, value_name = "P", value_parser = fraction)]
    top_p: Option<f32>,
    /// Keep tokens at least this probable relative to the most probable one
    #[arg(long, value_name = "P", value_parser = fraction)]
    min_p: Option<f32>,
    /// Keep tokens of typical surprise until they reach this probability
    #[arg(long, value_name = "P", value_parser = fraction)]
    typical_p: Option<f32>,
    /// Divide the scores of tokens already in the text by this
    #[arg(long, value_name = "X", value_parser = penalty)]
    repetition_penalty: Option<f32>,
}

impl SamplingArgs {
    /// The settings that were given.
    pub fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_k: self.top_k.map(|k| usize::try_from(k).unwrap_or(usize::MAX)),
            top_p: self.top_p,
            min_p: self.min_p,
            typical_p: self.typical_p,
            repetition_penalty: self.repetition_penalty,
            ..Sampling::default()
        }
    }
}

fn number(text: &str, range: std::ops::RangeInclusive<f32>) -> std::result::Result<f32, String> {
    let number: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    let (low, high) = (range.start(), range.end());
    if range.contains(&number) { Ok(number) } else { Err(format!("must be from {low} to {high}")) }
}

fn temperature(text: &str) -> std::result::Result<f32, String> {
    number(text, 0.0..=100.0)
}

fn fraction(text: &str) -> std::result::Result<f32, String> {
    number(text, 0.0..=1.0)
}

fn penalty(text: &str) -> std::result::Result<f32, String> {
    number(text, 0.01..=100.0)
}

pub(super) fn run(args: &PredictArgs) -> Result<()> {
    let model = args.model.open()?;
    let trace = args.target.trace(&model, &args.model.text(&model, &args.text)?)?;
    if model.info.predicts == Predicts::Masked {
        return print_masked(args, &model, &trace);
    }
    must_predict_next(&model)?;
    let next = candidates(&model, &trace, &args.sampling.sampling(), args.top);
    if args.json {
        let tokens: Vec<&str> = trace.tokens.iter().map(|t| t.text.as_str()).collect();
        let next: Vec<Value> = next.iter().map(json_row).collect();
        return print_json(&json!({ "tokens": tokens, "next": next }));
    }
    print(&table(&next))
}

fn table(next: &[Candidate]) -> String {
    let mut table = format!(
        "{:>7}  {:<20} {:>9} {:>11} {:>11}\n",
        "id", "token", "logit", "probability", "sampling"
    );
    for row in next {
        table += &format!(
            "{:>7}  {:<20} {:>9.4} {:>10.3}% {:>10.3}%\n",
            row.token.id,
            row.token.label(),
            row.logit,
            100.0 * row.prob,
            100.0 * row.sampling_prob
        );
    }
    table
}

/// The guesses for every masked word.
fn print_masked(args: &PredictArgs, model: &Checkpoint, trace: &Trace) -> Result<()> {
    let masked = masked(model, trace, args.top);
    if masked.is_empty() {
        let mask = model.tokenizer.mask().map_or_else(|| "[MASK]".to_owned(), |mask| mask.text);
        let why = format!(
            "{} is an encoder: it guesses masked words, and the text has no {mask}",
            model.info.name
        );
        let cure = format!("Write {mask} in place of a word");
        return Err(Problem::new("There is nothing to predict", why).cure(cure));
    }
    if args.json {
        let tokens: Vec<&str> = trace.tokens.iter().map(|t| t.text.as_str()).collect();
        let row = |at: &Masked| {
            let candidates: Vec<Value> = at.candidates.iter().map(json_row).collect();
            json!({ "pos": at.pos, "candidates": candidates })
        };
        let masked: Vec<Value> = masked.iter().map(row).collect();
        return print_json(&json!({ "tokens": tokens, "masked": masked }));
    }
    for at in &masked {
        print(&format!("masked word at position {}\n{}", at.pos, table(&at.candidates)))?;
    }
    Ok(())
}

fn json_row(row: &Candidate) -> Value {
    json!({
        "id": row.token.id,
        "token": row.token.text,
        "logit": row.logit,
        "prob": row.prob,
        "sampling_prob": row.sampling_prob,
    })
}
