//! `headlight models`: what can be opened, and what it is.

use super::{ModelArgs, print, print_json};
use crate::model::{BUNDLED, megabytes, trace_bytes};
use crate::problem::Result;
use crate::trace::{ModelInfo, Predicts, Shape};
use clap::{Args, Subcommand};
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// List the bundled models
    List,
    /// Describe a model: architecture, parameters, memory, hyper-parameters
    Info {
        /// A folder, a GGUF file, hf:owner/name, or a bundled model
        model: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &ModelsArgs) -> Result<()> {
    match &args.command {
        ModelsCommand::List => {
            let names: Vec<&str> = BUNDLED.iter().map(|bundled| bundled.name).collect();
            print(&format!("{}\n", names.join("\n")))
        }
        ModelsCommand::Info { model, json } => info(model, *json),
    }
}

fn info(model: &str, as_json: bool) -> Result<()> {
    let args = ModelArgs {
        model: Some(model.to_owned()),
        chat: false,
        device: crate::model::DeviceKind::default(),
    };
    let checkpoint = args.open()?;
    let info = &*checkpoint.info;
    let weight_bytes = info.n_params * size_of::<f32>();
    let recording_bytes = trace_bytes(info, info.n_ctx);
    if as_json {
        let mut value = json!(info);
        value["weight_bytes"] = json!(weight_bytes);
        value["recording_bytes"] = json!(recording_bytes);
        value["notes"] = json!(checkpoint.notes);
        return print_json(&value);
    }
    let rows = [
        ("name", info.name.clone()),
        ("architecture", info.architecture.clone()),
        ("kind", kind(info).to_owned()),
        ("parameters", info.n_params.to_string()),
        ("memory", format!("{:.1} MB of weights (f32)", weight_bytes as f64 / 1e6)),
        ("recording", format!("{} at most, of a full context", megabytes(recording_bytes))),
        ("layers", info.n_layers.to_string()),
        ("heads", format!("{} per layer, {} wide", info.n_heads, info.d_head)),
        ("d_model", info.d_model.to_string()),
        ("d_mlp", format!("{} ({})", info.d_mlp, info.activation_function)),
        ("context", format!("{} tokens", info.n_ctx)),
        ("vocabulary", format!("{} tokens", info.vocab_size)),
        ("norm epsilon", format!("{:e}", info.layer_norm_epsilon)),
    ];
    let notes = checkpoint.notes.iter().map(|note| ("note", note.clone()));
    let rows = rows.into_iter().chain(notes);
    print(&rows.map(|(name, value)| format!("{name:<13} {value}\n")).collect::<String>())
}

/// What the model does, in words.
fn kind(info: &ModelInfo) -> &'static str {
    match (info.shape, info.predicts) {
        (Shape::Decoder, _) => "decoder: says what comes next",
        (Shape::Encoder, Predicts::Masked) => {
            "encoder: guesses masked words, makes vectors of texts"
        }
        (Shape::Encoder, _) => "encoder: makes vectors of texts",
        (Shape::EncoderDecoder, _) => {
            "encoder and decoder: translates; the sizes are the decoder's"
        }
    }
}
