//! The command line: the same core as the window, for scripts and for checking us.
//!
//! Results go to standard output, problems to standard error. Exit codes: 0 done, 1 a problem with
//! the cause and the cure, 2 wrong usage.

mod attribute;
mod edits;
mod experiment;
mod fetch;
mod generate;
mod learn;
mod lessons;
mod models;
mod predict;
mod tokenize;
mod trace;

pub use predict::SamplingArgs;

use crate::model::{BUNDLED, Checkpoint, DeviceKind, Target};
use crate::problem::{Problem, Result};
use crate::trace::Trace;
use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

/// See inside a transformer: type a sentence and watch every step of the model, live.
#[derive(Debug, Parser)]
#[command(name = "headlight", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[cfg(feature = "gui")]
    #[command(flatten)]
    window: crate::gui::WindowArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Record every activation of a forward pass to a file
    Trace(trace::TraceArgs),
    /// List the most probable next tokens
    Predict(predict::PredictArgs),
    /// Write on after a text
    Generate(generate::GenerateArgs),
    /// Cut a text into tokens
    Tokenize(tokenize::TokenizeArgs),
    /// Change parts of the model and see what becomes of the next token
    Ablate(experiment::AblateArgs),
    /// Switch every head off in turn and see which mattered for a token
    Sweep(experiment::SweepArgs),
    /// Take the score of a token apart: what each part of the model gives to it
    Attribute(attribute::AttributeArgs),
    /// Train a new model on a text, or teach a model more
    Learn(learn::LearnArgs),
    /// List lessons, or check what they say
    Lessons(lessons::LessonsArgs),
    /// List models, or describe one
    Models(models::ModelsArgs),
    /// Render a view to a PNG file, without a display
    #[cfg(feature = "gui")]
    Shot(Box<crate::gui::ShotArgs>),
}

/// Which model to use, and where to compute.
#[derive(Debug, Clone, Args)]
pub struct ModelArgs {
    /// A folder, a GGUF file, hf:owner/name, or a bundled model [default: storybook]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Put the text into the form in which the model expects to be spoken to
    #[arg(long)]
    pub chat: bool,
    /// The backend to compute with
    #[arg(long, value_name = "NAME", default_value = "flex", value_parser = device)]
    pub device: DeviceKind,
}

impl ModelArgs {
    /// The chosen model's folder or bundled name.
    pub fn name(&self) -> &str {
        self.model.as_deref().unwrap_or(BUNDLED[0].name)
    }

    /// Opens the chosen model; one on Hugging Face that is not here yet is downloaded first.
    fn open(&self) -> Result<Checkpoint> {
        fetch::fetch(self.name())?;
        Checkpoint::open(self.name(), self.device)
    }

    /// The text the model reads: as it is, or in the model's chat form.
    ///
    /// # Errors
    /// When the chat form is asked for and the model has none.
    pub fn text(&self, model: &Checkpoint, text: &str) -> Result<String> {
        match (&model.chat, self.chat) {
            (_, false) => Ok(text.to_owned()),
            (Some(chat), true) => chat.render(text),
            (None, true) if let Some(problem) = &model.chat_problem => Err(problem.clone()),
            (None, true) => Err(Problem::new(
                "There is no chat form",
                "the model comes without a chat template",
            )
            .cure(
                "Leave --chat out, or use a model made for chats, such as SmolLM2-135M-Instruct",
            )),
        }
    }
}

/// What a translator's decoder reads.
#[derive(Debug, Clone, Args)]
pub struct TargetArgs {
    /// Of a translator: the translation its decoder is to write [default: only its start token]
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,
}

impl TargetArgs {
    /// Runs the model on a text, and on the translation if one is given.
    fn trace(&self, model: &Checkpoint, text: &str) -> Result<Trace> {
        let target = match &self.target {
            Some(_) if model.translator().is_none() => {
                return Err(Problem::new(
                    "There is no use for --target",
                    format!("{} is no translator: it reads one text", model.info.name),
                )
                .cure("Leave --target out"));
            }
            Some(target) => Target::Text(target),
            None => Target::Start,
        };
        model.trace_target(text, target, &[])
    }
}

fn device(name: &str) -> std::result::Result<DeviceKind, String> {
    DeviceKind::named(name).ok_or_else(|| {
        let names: Vec<&str> = DeviceKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("this build has: {}", names.join(", "))
    })
}

/// Runs the program with the arguments it was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Trace(args)) => trace::run(&args),
        Some(Command::Predict(args)) => predict::run(&args),
        Some(Command::Generate(args)) => generate::run(&args),
        Some(Command::Tokenize(args)) => tokenize::run(&args),
        Some(Command::Ablate(args)) => experiment::ablate(&args),
        Some(Command::Sweep(args)) => experiment::run_sweep(&args),
        Some(Command::Attribute(args)) => attribute::run(&args),
        Some(Command::Learn(args)) => learn::run(&args),
        Some(Command::Lessons(args)) => lessons::run(&args),
        Some(Command::Models(args)) => models::run(&args),
        #[cfg(feature = "gui")]
        Some(Command::Shot(args)) => crate::gui::shot(&args),
        #[cfg(feature = "gui")]
        None => crate::gui::run(arguments.window),
        #[cfg(not(feature = "gui"))]
        None => {
            Err(Problem::new("There is no window to open", "this build lacks the feature \"gui\"")
                .cure("Use a subcommand; `headlight --help` lists them"))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a result to standard output. A reader that went away (`| head`) is no problem.
fn print(text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Problem::new("Could not write the result", e))
        }
        _ => Ok(()),
    }
}

/// Writes a JSON value and a line break to standard output.
fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&format!("{value}\n"))
}
