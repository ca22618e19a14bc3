//! `headlight shot`: a view as a picture, without a display, by the same code as the window.

use crate::cli::{ModelArgs, SamplingArgs};
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::Tab;
use crate::gui::look::theme::Theme;
use crate::gui::picture::export::{Format, Picture, unknown_format};
use crate::gui::picture::raster;
use crate::gui::shell::app::App;
use crate::gui::state::comparison::Comparison;
use crate::gui::state::saved::{Learning, Saved};
use crate::gui::state::stack::Stack;
use crate::gui::views;
use crate::model::{Checkpoint, Edit};
use crate::problem::{Problem, Result};
use crate::table::nothing_to_save;
use crate::text::LANGUAGES;
use crate::trace::ModelInfo;
use clap::Args;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What to draw.
#[derive(Debug, Args)]
pub struct ShotArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The view's id
    #[arg(long, value_parser = view)]
    view: String,
    /// The tab of the view that is on, by its id: word-order
    #[arg(long)]
    tab: Option<String>,
    /// The text the model reads
    #[arg(long)]
    text: Option<String>,
    /// dark, light or projector
    #[arg(long, default_value = "dark", value_parser = theme)]
    theme: String,
    /// Size of the picture in pixels
    #[arg(long, default_value = "1920x1080", value_parser = size)]
    size: [usize; 2],
    /// Pixels per point: 2 draws everything twice as large
    #[arg(long, default_value_t = 1.0)]
    scale: f32,
    /// Zoom every picture to this part: left,top,right,bottom from 0 to 1
    #[arg(long, value_parser = zoom)]
    zoom: Option<egui::Rect>,
    #[command(flatten)]
    sampling: SamplingArgs,
    /// Decides the draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What is selected, e.g. token=3,second=1,layer=2,head=1,neuron=7
    #[arg(long, value_parser = select)]
    select: Option<Pinned>,
    /// An experiment in force, as JSON: [{"Head":{"layer":4,"head":1,"factor":0.0}}]
    #[arg(long, value_parser = edits, value_name = "JSON")]
    edits: Option<Edits>,
    /// Of a translator: the translation its decoder reads [default: its own]
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,
    /// Of a translator: the part to look at: encoder, decoder or cross
    #[arg(long, default_value = "decoder", value_parser = stack)]
    stack: Stack,
    /// What the text is compared with, as JSON: {"text":"The dog sat"},
    /// {"by":"model","model":"storybook"}, {"by":"sampling","sampling":{"temperature":0.5}} or
    /// {"by":"edits"}
    #[arg(long, value_parser = comparison, value_name = "JSON")]
    comparison: Option<Comparison>,
    /// Code of the language: en, es
    #[arg(long, default_value = "en", value_parser = language)]
    lang: String,
    /// A lesson on screen at a step: 010-next-word:2; `list` for the list of lessons
    #[arg(long, value_name = "NAME:STEP")]
    lesson: Option<String>,
    /// Train a small model for so many steps before; views other than `learning` then show it. With the
    /// tab `teach-it` the open model is taught a sentence
    #[arg(long, value_name = "STEPS")]
    learn: Option<usize>,
    /// What lies over the picture
    #[arg(long, value_parser = ["help", "palette", "greeting"])]
    with: Option<String>,
    /// As in front of a class: big type, the picture alone
    #[arg(long)]
    presenting: bool,
    /// The view alone, as the window saves it, instead of the whole window
    #[arg(long)]
    alone: bool,
    /// The file to write: .png or .svg for the picture, .csv or .json for the view's numbers
    #[arg(long, value_parser = out)]
    out: PathBuf,
}

type Pinned = crate::gui::state::selection::Selection;

/// A list that is one argument, not several.
#[derive(Debug, Clone)]
struct Edits(Vec<Edit>);

/// Frames drawn at most until everything has come to rest.
const FRAMES: usize = 40;
/// How long to wait for the model.
const PATIENCE: Duration = Duration::from_mins(2);

/// Renders a view to a file.
///
/// # Errors
/// When the model cannot be opened, cannot read the text, or the file cannot be written.
pub fn shot(args: &ShotArgs) -> Result<()> {
    let first = Saved::default();
    // The window shows problems as cards; here they end the command.
    let model = Checkpoint::open(args.model.name(), args.model.device)?;
    let tabs = args
        .tab
        .as_deref()
        .map(|tab| crate::gui::picture::shot::tab(&args.view, tab, &model.info))
        .transpose()?;
    let saved = Saved {
        pinned: args.select.unwrap_or(first.pinned),
        model: args.model.name().to_owned(),
        recent: Vec::new(),
        chat: args.model.chat,
        answer: String::new(),
        device: args.model.device.name().to_owned(),
        theme: args.theme.clone(),
        reduce_motion: true,
        next_panel: None,
        view: args.view.clone(),
        tabs: tabs.map(|tab| (args.view.clone(), tab)).into_iter().collect(),
        sampling: args.sampling.sampling(),
        seed: args.seed,
        prompt: args.text.clone().unwrap_or(first.prompt),
        edits: args.edits.clone().map(|edits| edits.0).unwrap_or_default(),
        target: args.target.clone(),
        stack: args.stack,
        tree: None,
        comparison: args.comparison.clone().unwrap_or_default(),
        language: args.lang.clone(),
        learning: learning(args.lesson.as_deref())?,
        recipe: first.recipe,
        home: None,
    };
    if !saved.prompt.is_empty() {
        model.prompt(&args.model.text(&model, &saved.prompt)?)?;
    }
    let ctx = egui::Context::default();
    if let Some(part) = args.zoom {
        crate::gui::widgets::Zoom::everywhere(&ctx, part);
    }
    let mut app = App::new(&ctx, saved)?;
    match args.with.as_deref() {
        Some("help") => app.command(Command::ToggleHelp),
        Some("palette") => app.command(Command::TogglePalette),
        Some("greeting") => app.saved.learning.is_greeted = false,
        _ => {}
    }
    if let Some(n_steps) = args.learn {
        let is_teaching = args.view == "learning" && args.tab.as_deref() == Some("teach-it");
        app.begin_run(is_teaching, n_steps);
    }
    if args.presenting {
        app.command(Command::TogglePresenting);
    }
    settle(&mut app)?;
    if args.learn.is_some() && args.view != "learning" {
        app.look_at_newest();
        settle(&mut app)?;
    }
    // A view may begin to compute when it is first drawn: it is waited for within the frames.
    let mut waited = Ok(());
    let (_, output) = raster::last_frame(&ctx, args.size, args.scale, FRAMES, |ui| {
        app.logic();
        app.capture();
        app.ui(ui);
        if waited.is_ok() && app.is_busy() {
            waited = settle(&mut app);
            ui.ctx().request_repaint();
        }
    });
    waited?;
    let captured = app.take_captured();
    let is_data = matches!(Format::of(&args.out), Some(Format::Csv | Format::Json));
    if args.alone || is_data {
        let captured = captured.ok_or_else(nothing_to_save)?;
        return captured.save(&args.out, args.scale).map(|_| ());
    }
    let ground = ctx.global_style().visuals.panel_fill;
    let (shapes, rect) = (output.shapes, ctx.content_rect());
    let images = app.images();
    let window = Picture::new("Headlight", shapes, rect, ground, images, ctx.zoom_factor());
    window.save(&args.out, args.scale)
}

/// Waits until the model has read the text and the view has computed what it shows.
fn settle(app: &mut App) -> Result<()> {
    let start = Instant::now();
    app.logic();
    while app.is_busy() {
        if start.elapsed() > PATIENCE {
            return Err(Problem::new("Could not draw the view", "the model takes too long"));
        }
        std::thread::park_timeout(Duration::from_millis(2));
        app.logic();
    }
    Ok(())
}

fn out(path: &str) -> std::result::Result<PathBuf, String> {
    let path = PathBuf::from(path);
    Format::of(&path).map(|_| path.clone()).ok_or_else(|| unknown_format(&path).to_string())
}

fn view(id: &str) -> std::result::Result<String, String> {
    let ids: Vec<&str> = views::all().iter().map(|view| view.id()).collect();
    if ids.contains(&id) {
        Ok(id.to_owned())
    } else {
        Err(format!("the views are: {}", ids.join(", ")))
    }
}

/// The tab of a view, if it has one of that id.
fn tab(view: &str, tab: &str, model: &ModelInfo) -> Result<String> {
    let views = views::all();
    let view = views.iter().find(|other| other.id() == view);
    let tabs = view.map_or(&[][..], |view| view.tabs_of(model));
    let ids: Vec<String> = tabs.iter().map(Tab::id).collect();
    if ids.iter().any(|id| id == tab) {
        return Ok(tab.to_owned());
    }
    let cure = if ids.is_empty() {
        "This view has no tabs".to_owned()
    } else {
        format!("Its tabs are: {}", ids.join(", "))
    };
    Err(Problem::new("Could not draw the view", format!("it has no tab {tab:?}")).cure(cure))
}

pub(crate) fn theme(name: &str) -> std::result::Result<String, String> {
    let names: Vec<&str> = Theme::all().iter().map(|theme| theme.name.as_str()).collect();
    if names.contains(&name) {
        Ok(name.to_owned())
    } else {
        Err(format!("the themes are: {}", names.join(", ")))
    }
}

fn stack(name: &str) -> std::result::Result<Stack, String> {
    match name {
        "encoder" => Ok(Stack::Encoder),
        "decoder" => Ok(Stack::Decoder),
        "cross" => Ok(Stack::Cross),
        _ => Err("the parts are: encoder, decoder, cross".to_owned()),
    }
}

pub(crate) fn language(code: &str) -> std::result::Result<String, String> {
    let codes: Vec<&str> = LANGUAGES.iter().map(|language| language.code).collect();
    if codes.contains(&code) {
        Ok(code.to_owned())
    } else {
        Err(format!("the languages are: {}", codes.join(", ")))
    }
}

/// Where the learner is, for a picture of a lesson; without one, past the greeting.
fn learning(place: Option<&str>) -> Result<Learning> {
    let mut learning = Learning { is_greeted: true, ..Learning::default() };
    let Some(place) = place else {
        return Ok(learning);
    };
    learning.is_open = true;
    let (name, step) = place.split_once(':').unwrap_or((place, "1"));
    let lessons = crate::lesson::bundled("en");
    if name != "list" && !lessons.iter().any(|lesson| lesson.name == name) {
        let names: Vec<&str> = lessons.iter().map(|lesson| lesson.name.as_str()).collect();
        return Err(Problem::new(
            "Could not draw the lesson",
            format!("there is no lesson {name:?}"),
        )
        .cure(format!("There are: {}", names.join(", "))));
    }
    name.clone_into(&mut learning.lesson);
    learning.step = step.parse::<usize>().map_or(0, |step| step.saturating_sub(1));
    Ok(learning)
}

fn size(text: &str) -> std::result::Result<[usize; 2], String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    let possible =
        |sides: &[usize; 2]| sides.iter().all(|side| (1..=raster::MAX_SIDE).contains(side));
    sides
        .filter(possible)
        .ok_or_else(|| format!("give WIDTHxHEIGHT, each from 1 to {}", raster::MAX_SIDE))
}

fn zoom(text: &str) -> std::result::Result<egui::Rect, String> {
    let sides: Vec<f32> = text.split(',').filter_map(|side| side.trim().parse().ok()).collect();
    match sides[..] {
        [left, top, right, bottom] if 0.0 <= left && left < right && 0.0 <= top && top < bottom => {
            Ok(egui::Rect::from_min_max(
                egui::pos2(left, top),
                egui::pos2(right.min(1.0), bottom.min(1.0)),
            ))
        }
        _ => Err("give left,top,right,bottom, each from 0 to 1".to_owned()),
    }
}

fn edits(text: &str) -> std::result::Result<Edits, String> {
    serde_json::from_str(text).map(Edits).map_err(|e| e.to_string())
}

fn comparison(text: &str) -> std::result::Result<Comparison, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

fn select(text: &str) -> std::result::Result<Pinned, String> {
    let mut selection = Pinned::default();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let number = |text: &str| text.trim().parse::<usize>().ok();
        let pair = part.split_once('=').and_then(|(name, n)| Some((name.trim(), number(n)?)));
        match pair {
            Some(("token" | "query", n)) => selection.query = Some(n),
            Some(("second" | "key", n)) => selection.key = Some(n),
            Some(("layer", n)) => selection.layer = n,
            Some(("head", n)) => selection.head = n,
            Some(("neuron", n)) => {
                selection = selection.at(Target::Neuron { layer: selection.layer, neuron: n });
            }
            _ => {
                return Err(format!(
                    "{part:?} is none of token=, second=, layer=, head=, neuron= with a number"
                ));
            }
        }
    }
    Ok(selection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Positions;

    #[test]
    fn arguments_are_checked() {
        assert_eq!(size("1920x1080"), Ok([1920, 1080]));
        assert!(size("0x10").is_err() && size("10").is_err() && size("99999x10").is_err());
        let selection = select("token=3, layer=2,head=1").unwrap();
        assert_eq!((selection.query, selection.layer, selection.head), (Some(3), 2, 1));
        assert!(select("tokens=3").is_err() && select("layer=x").is_err());
        let learned = ModelInfo::default();
        let rotary = ModelInfo { positions: Positions::Rotary, ..ModelInfo::default() };
        let tab = |view, name| tab(view, name, &learned);
        assert!(tab("attention", "arcs").is_ok() && tab("positions", "word-order").is_ok());
        assert!(tab("positions", "rotation").is_err());
        assert!(super::tab("positions", "rotation", &rotary).is_ok());
        let cure = |view| tab(view, "no").unwrap_err().to_string();
        assert!(
            cure("mlp").contains("neurons, stream-and-norm") && cure("tokens").contains("no tabs")
        );
        assert!(view("heads").is_ok() && view("tails").unwrap_err().contains("heads"));
    }
}
