//! `headlight generate`: the text goes on.

use super::predict::SamplingArgs;
use super::{ModelArgs, print, print_json};
use crate::math::sampling::Sampling;
use crate::problem::Result;
use crate::session::{Generation, TextStream};
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text to continue
    #[arg(long)]
    text: String,
    /// How many tokens to write at most
    #[arg(long)]
    tokens: usize,
    #[command(flatten)]
    sampling: SamplingArgs,
    /// Decides the draws: the same seed writes the same text
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Always take the most probable token
    #[arg(long, conflicts_with = "temperature")]
    greedy: bool,
    /// Print JSON with the ids, when done
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &GenerateArgs) -> Result<()> {
    let model = args.model.open()?;
    let mut sampling: Sampling = args.sampling.sampling();
    if args.greedy {
        sampling.temperature = 0.0;
    }
    let generation = Generation::new(&model, &args.text, sampling, args.seed)?.take(args.tokens);
    if args.json {
        let tokens: Vec<_> = generation.collect();
        let ids: Vec<u32> = tokens.iter().map(|t| t.id).collect();
        let rows: Vec<Value> = tokens
            .iter()
            .map(|t| json!({ "id": t.id, "token": t.text }))
            .collect();
        let text = model.tokenizer.decode(&ids);
        return print_json(&json!({ "prompt": args.text, "text": text, "tokens": rows }));
    }
    print(&args.text)?;
    let mut stream = TextStream::default();
    for token in generation {
        print(&stream.push(&token.bytes))?;
    }
    print(&format!("{}\n", stream.finish()))
}
