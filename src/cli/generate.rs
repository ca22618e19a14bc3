//! `headlight generate`: the text goes on.

use super::predict::SamplingArgs;
use super::{ModelArgs, print, print_json};
use crate::math::beam::{BeamSettings, Finished};
use crate::math::sampling::Sampling;
use crate::model::Checkpoint;
use crate::problem::Result;
use crate::session::{Generation, TextStream, write_beams};
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
    /// Follow N texts at once and write the likeliest (beam search, as in transformers)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=8),
          conflicts_with_all = ["greedy", "temperature", "top_k", "top_p", "min_p", "typical_p", "seed"])]
    beams: Option<u8>,
    /// With --beams: the power of its length that a text's log-probability is divided by
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        requires = "beams",
        allow_negative_numbers = true
    )]
    length_penalty: f32,
    /// Print JSON with the ids, when done
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &GenerateArgs) -> Result<()> {
    let model = args.model.open()?;
    let mut sampling: Sampling = args.sampling.sampling();
    if let Some(width) = args.beams {
        return beams(args, &model, &sampling, width.into());
    }
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

/// Beam search: the best text, or as JSON all that were finished.
fn beams(args: &GenerateArgs, model: &Checkpoint, sampling: &Sampling, width: usize) -> Result<()> {
    let settings = BeamSettings {
        length_penalty: args.length_penalty,
        ..BeamSettings::new(width, args.tokens, model.network.ends())
    };
    let finished = write_beams(model, &args.text, sampling, settings)?;
    let decode = |beam: &Finished| model.tokenizer.decode(&beam.tokens);
    let text = finished.first().map(decode).unwrap_or_default();
    if !args.json {
        return print(&format!("{}{text}\n", args.text));
    }
    let token = |&id: &u32| json!({ "id": id, "token": model.tokenizer.token(id).text });
    let beam = |beam: &Finished| -> Value {
        let tokens: Vec<Value> = beam.tokens.iter().map(token).collect();
        json!({ "text": decode(beam), "tokens": tokens, "log_prob": beam.log_prob, "score": beam.score })
    };
    let beams: Vec<Value> = finished.iter().map(beam).collect();
    let tokens = beams.first().map(|best| best["tokens"].clone());
    print_json(&json!({ "prompt": args.text, "text": text, "tokens": tokens, "beams": beams }))
}
