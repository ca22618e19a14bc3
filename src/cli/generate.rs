//! `headlight generate`: the text goes on.

use super::predict::SamplingArgs;
use super::{ModelArgs, print, print_json};
use crate::math::beam::{BeamSettings, Finished};
use crate::math::sampling::Sampling;
use crate::model::{Checkpoint, Search};
use crate::problem::{Problem, Result};
use crate::session::{self, Generation, TextStream, must_predict_next, write_beams};
use crate::trace::Token;
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The text to continue, or to translate if the model is a translator
    #[arg(long)]
    text: String,
    /// How many tokens to write at most; a translator's own files say it, too
    #[arg(long)]
    tokens: Option<usize>,
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
    must_predict_next(&model)?;
    let mut sampling: Sampling = args.sampling.sampling();
    if let Some(search) = model.search() {
        return translate(args, &model, sampling, search.clone());
    }
    let Some(n_tokens) = args.tokens else {
        let why = "this model writes on for as long as it is asked to";
        return Err(Problem::new("How much is to be written?", why).cure("Give --tokens N"));
    };
    if let Some(width) = args.beams {
        return beams(args, &model, &sampling, (width.into(), n_tokens));
    }
    if args.greedy {
        sampling.temperature = 0.0;
    }
    let text = args.model.text(&model, &args.text)?;
    let generation = Generation::new(&model, &text, sampling, args.seed)?.take(n_tokens);
    if args.json {
        let tokens: Vec<_> = generation.collect();
        let ids: Vec<u32> = tokens.iter().map(|t| t.id).collect();
        let rows: Vec<Value> =
            tokens.iter().map(|t| json!({ "id": t.id, "token": t.text })).collect();
        let text = model.tokenizer.decode(&ids);
        return print_json(&json!({ "prompt": args.text, "text": text, "tokens": rows }));
    }
    if !args.model.chat {
        print(&args.text)?;
    }
    let mut stream = TextStream::default();
    for token in generation {
        print(&stream.push(&token.bytes))?;
    }
    print(&format!("{}\n", stream.finish()))
}

/// Beam search: the best text, or as JSON all that were finished.
fn beams(
    args: &GenerateArgs,
    model: &Checkpoint,
    sampling: &Sampling,
    (width, n_tokens): (usize, usize),
) -> Result<()> {
    let settings = BeamSettings {
        length_penalty: args.length_penalty,
        ..BeamSettings::new(width, n_tokens, model.network.ends())
    };
    let prompt = args.model.text(model, &args.text)?;
    let finished = write_beams(model, &prompt, sampling, settings)?;
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

/// A translation: by beams, or drawn token by token when a temperature or a cut was asked for.
fn translate(
    args: &GenerateArgs,
    model: &Checkpoint,
    sampling: Sampling,
    mut search: Search,
) -> Result<()> {
    let limit = search.max_length.saturating_sub(1).min(model.info.n_ctx);
    let n_tokens = args.tokens.unwrap_or(limit);
    search.max_length = n_tokens.saturating_add(1);
    let is_drawn = sampling != Sampling::default();
    search.num_beams = match args.beams {
        Some(width) => width.into(),
        None if args.greedy || is_drawn => 1,
        None => search.num_beams,
    };
    if args.beams.is_some() {
        search.length_penalty = f64::from(args.length_penalty);
    }
    let tokens: Vec<Token> = if search.num_beams > 1 {
        let finished = session::translate(model, &args.text, &search)?;
        let best = finished.first().map_or(&[][..], |best| &best.tokens);
        best.iter().map(|&id| model.tokenizer.token(id)).collect()
    } else {
        let temperature = if is_drawn { sampling.temperature } else { 0.0 };
        let sampling = Sampling { temperature, ..sampling };
        let generation = Generation::new(model, &args.text, sampling, args.seed)?;
        generation.limited(n_tokens).take(n_tokens).collect()
    };
    let text = model.text_of(&tokens);
    let text = text.trim();
    if !args.json {
        return print(&format!("{text}\n"));
    }
    let rows = tokens.iter().map(|t| json!({ "id": t.id, "token": t.text }));
    let rows: Vec<Value> = rows.collect();
    print_json(&json!({ "prompt": args.text, "text": text, "tokens": rows }))
}
