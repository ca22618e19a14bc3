//! The window of the desktop.

use super::app::App;
use super::saved::Saved;
use crate::cli::ModelArgs;
use crate::lesson::folder;
use crate::problem::{Problem, Result};
use crate::text::system_language;
use clap::Args;
use std::path::PathBuf;

/// How the window is started.
#[derive(Debug, Args)]
pub struct WindowArgs {
    #[command(flatten)]
    model: Option<ModelArgs>,
    /// The text to start with
    #[arg(long)]
    text: Option<String>,
    /// The theme: dark, light or projector
    #[arg(long, value_parser = super::shot::theme)]
    theme: Option<String>,
    /// A folder with lessons of your own, instead of the course
    #[arg(long, value_name = "DIR")]
    lessons: Option<PathBuf>,
    /// Code of the language: en, es [default: the system's]
    #[arg(long, value_parser = super::shot::language)]
    lang: Option<String>,
}

const MEMORY: &str = "headlight";

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When the desktop gives no window to draw in.
pub fn run(args: WindowArgs) -> Result<()> {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Headlight")
        .with_app_id("headlight")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([640.0, 480.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions {
        viewport,
        ..Default::default()
    };
    let lessons = args.lessons.as_deref().map(folder).transpose()?;
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        let remembered = creation
            .storage
            .and_then(|storage| eframe::get_value(storage, MEMORY));
        let mut app = App::new(
            &creation.egui_ctx,
            with_args(remembered.unwrap_or_default(), args),
        )?;
        if let Some((lessons, problems)) = lessons {
            app.teach(lessons, problems);
        }
        Ok(Box::new(Window(app)))
    });
    eframe::run_native("headlight", options, create).map_err(|e| {
        Problem::new("Could not open a window", e)
            .cure("A display with OpenGL 2.1 is needed (DISPLAY or WAYLAND_DISPLAY); the other commands work without")
    })
}

/// What was remembered, unless the command line says otherwise.
fn with_args(mut saved: Saved, args: WindowArgs) -> Saved {
    if let Some(model) = args.model {
        model.device.name().clone_into(&mut saved.device);
        saved.chat |= model.chat;
        if let Some(name) = model.model {
            saved.model = name;
        }
    }
    saved.prompt = args.text.unwrap_or(saved.prompt);
    saved.theme = args.theme.unwrap_or(saved.theme);
    if let Some(language) = args.lang {
        saved.language = language;
    } else if saved.language.is_empty() {
        system_language().code.clone_into(&mut saved.language);
    }
    saved
}

struct Window(App);

impl eframe::App for Window {
    fn logic(&mut self, _ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.0.logic();
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.ui(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, MEMORY, &self.0.saved);
    }

    fn auto_save_interval(&self) -> std::time::Duration {
        std::time::Duration::from_secs(1)
    }
}
