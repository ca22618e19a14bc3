//! `headlight learn`: a model from nothing, or a model taught more.

use super::fetch;
use crate::files::write_atomically;
use crate::model::learn::{Fresh, Lesson, Material, Order, Rule, Vocabulary, Windows};
use crate::problem::{Problem, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Debug, Args)]
pub(super) struct LearnArgs {
    /// The model to teach: a folder, a GGUF file, hf:owner/name, or a bundled model
    #[arg(long, value_name = "MODEL", required_unless_present = "new")]
    model: Option<String>,
    /// A new model instead, in GPT-2's form: layers=2,heads=2,width=32[,mlp=off][,positions=off]
    #[arg(long, value_name = "SIZES", conflicts_with = "model", requires = "vocab", value_parser = sizes)]
    new: Option<Fresh>,
    /// The new model's tokens: chars, the characters of the text, or bpe:N, bytes and N merges
    #[arg(long, value_name = "KIND", requires = "new", value_parser = vocabulary)]
    vocab: Option<Vocabulary>,
    /// The text to learn
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// How many steps
    #[arg(long)]
    steps: usize,
    /// How large a step is
    #[arg(long, default_value_t = 1e-3)]
    rate: f32,
    /// The rule by which parameters follow their gradients
    #[arg(long, value_enum, default_value_t = OptimizerName::Adamw)]
    optimizer: OptimizerName,
    /// How strongly numbers are drawn towards zero
    #[arg(long, default_value_t = 0.0)]
    weight_decay: f32,
    /// How many rows of text a step reads
    #[arg(long, default_value_t = 8)]
    rows: usize,
    /// How many tokens of each row are asked for [default: 64, or as many as the model holds]
    #[arg(long, value_name = "TOKENS")]
    context: Option<usize>,
    /// In which order rows are read: as given, or shuffled
    #[arg(long, value_enum, default_value_t = OrderName::Shuffled)]
    order: OrderName,
    /// Decides all that is random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Learn only low-rank additions to the matrices (`LoRA`), of this rank
    #[arg(long, value_name = "RANK")]
    lora: Option<usize>,
    /// The folder to write the model to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A file for the losses before each step, as JSON
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OptimizerName {
    Adamw,
    Sgd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OrderName {
    Given,
    Shuffled,
}

/// A row of a new model, when nothing else is said.
const CONTEXT: usize = 64;

pub(super) fn run(args: &LearnArgs) -> Result<()> {
    let text = std::fs::read_to_string(&args.data).map_err(|e| {
        Problem::new("Could not read the text", format!("{e}: {}", args.data.display()))
            .cure("Give a file of plain text in UTF-8")
    })?;
    check(args)?;
    let mut material = if let (Some(new), Some(vocabulary)) = (args.new, args.vocab) {
        let context = args.context.unwrap_or(CONTEXT);
        Fresh { context, ..new }.make(vocabulary, &text, args.seed)?
    } else {
        let name = args.model.as_deref().unwrap_or_default();
        fetch::fetch(name)?;
        Material::open(name)?
    };
    let config = material.parsed()?;
    let n_ctx = config.info("").n_ctx;
    let context = args.context.unwrap_or(CONTEXT.min(n_ctx));
    if context > n_ctx {
        let why = format!("a context of {context} is more than the {n_ctx} tokens the model holds");
        return Err(Problem::new("The model cannot learn", why));
    }
    if let Some(rank) = args.lora {
        material.parameters.learn_low_rank(rank, args.seed)?;
    }
    let tokens = material.tokenizer.encode_bare(&text)?;
    let tokens = tokens.iter().map(|token| token.id).collect();
    let order = match args.order {
        OrderName::Given => Order::Given,
        OrderName::Shuffled => Order::Shuffled,
    };
    let mut windows = Windows::new(tokens, context, order, args.seed)?;
    let rule = Rule {
        rate: args.rate,
        weight_decay: args.weight_decay,
        is_adaptive: args.optimizer == OptimizerName::Adamw,
    };
    let mut lesson = Lesson::new(config, material.parameters.clone(), rule)?;

    let (start, mut losses) = (Instant::now(), Vec::with_capacity(args.steps.min(1 << 20)));
    let mut outcome = Ok(());
    for step in 0..args.steps {
        match lesson.step(&windows.next(args.rows)) {
            Ok(loss) => losses.push(loss),
            Err(problem) => {
                outcome =
                    Err(Problem { why: format!("step {}: {}", step + 1, problem.why), ..problem });
                break;
            }
        }
        if (step + 1) % args.steps.div_ceil(20).max(1) == 0 {
            eprintln!("step {:>6}  loss {:.4} nats", step + 1, losses.last().unwrap_or(&0.0));
        }
    }
    let [all, learned] = lesson.parameters.count();
    if let Some(log) = &args.log {
        let document = json!({
            "losses": losses,
            "tokens": losses.len() * args.rows * context,
            "seconds": start.elapsed().as_secs_f64(),
            "parameters": all,
            "learned": learned,
        });
        write_atomically(log, document.to_string().as_bytes()).map_err(|e| {
            Problem::new("Could not write the losses", format!("{e}: {}", log.display()))
        })?;
    }
    outcome?;
    material.save(&lesson.parameters, &args.out)
}

/// Numbers that no learning can be done with.
fn check(args: &LearnArgs) -> Result<()> {
    let is_rate = |x: f32| x.is_finite() && x >= 0.0;
    let why = if !is_rate(args.rate) || !is_rate(args.weight_decay) {
        "--rate and --weight-decay must be numbers of at least 0"
    } else if args.rows == 0 {
        "--rows must be at least 1"
    } else if args.context == Some(0) {
        "--context must be at least 1"
    } else {
        return Ok(());
    };
    Err(Problem::new("The model cannot learn", why))
}

fn sizes(text: &str) -> std::result::Result<Fresh, String> {
    let mut fresh = Fresh {
        layers: 2,
        heads: 2,
        width: 32,
        context: CONTEXT,
        has_mlp: true,
        has_positions: true,
    };
    for field in text.split(',') {
        let (name, value) =
            field.split_once('=').ok_or_else(|| format!("{field:?} is not name=value"))?;
        let number = || value.parse().map_err(|e| format!("{name}={value}: {e}"));
        let switch = || match value {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(format!("{name}={value}: on or off")),
        };
        match name {
            "layers" => fresh.layers = number()?,
            "heads" => fresh.heads = number()?,
            "width" => fresh.width = number()?,
            "mlp" => fresh.has_mlp = switch()?,
            "positions" => fresh.has_positions = switch()?,
            _ => return Err(format!("{name} is none of layers, heads, width, mlp, positions")),
        }
    }
    Ok(fresh)
}

fn vocabulary(text: &str) -> std::result::Result<Vocabulary, String> {
    match text.strip_prefix("bpe:") {
        Some(n) => n.parse().map(Vocabulary::Merges).map_err(|e| format!("{n}: {e}")),
        None if text == "chars" => Ok(Vocabulary::Characters),
        None => Err("chars, or bpe:N".to_owned()),
    }
}
