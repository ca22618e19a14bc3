//! The window of the desktop.

use crate::cli::ModelArgs;
use crate::gui::shell::app::App;
use crate::gui::shell::{display, software};
use crate::gui::state::memory::{Memory, Remembered, remembered};
use crate::gui::state::saved::Saved;
use crate::gui::state::session_file::EXTENSION;
use crate::gui::{Command, crash};
use crate::lesson::folder as lesson_folder;
use crate::problem::Result;
use crate::text::{speak, system_language};
use clap::Args;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::Instant;

/// How the window is started.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// A session to go on with, ending in .headlight
    #[arg(value_name = "SESSION", value_parser = session)]
    session: Option<PathBuf>,
    #[command(flatten)]
    model: Option<ModelArgs>,
    /// The text to start with
    #[arg(long)]
    text: Option<String>,
    /// The theme: dark, light or projector
    #[arg(long, value_parser = crate::gui::picture::shot::theme)]
    theme: Option<String>,
    /// A folder with lessons of your own, instead of the course
    #[arg(long, value_name = "DIR")]
    lessons: Option<PathBuf>,
    /// Code of the language: en, es [default: the system's]
    #[arg(long, value_parser = crate::gui::picture::shot::language)]
    lang: Option<String>,
}

/// The name of the program's own folder.
const APP_ID: &str = "headlight";
/// After so many mistakes in a row the window cannot be drawn at all.
const MOST_MISTAKES: u32 = 4;

fn session(path: &str) -> std::result::Result<PathBuf, String> {
    let path = PathBuf::from(path);
    let is_session = path.extension().is_some_and(|e| e == EXTENSION);
    let why = || format!("neither a subcommand nor a file ending in .{EXTENSION}");
    is_session.then_some(path).ok_or_else(why)
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When the desktop gives no window to draw in.
pub fn run(args: WindowArgs) -> Result<()> {
    speak(args.lang.as_deref().unwrap_or(system_language().code));
    let viewport = egui::ViewportBuilder::default()
        .with_title("Headlight")
        .with_app_id(APP_ID)
        .with_icon(icon())
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([640.0, 480.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions {
        viewport,
        event_loop_builder: display::prefers_x11().then(x11),
        ..Default::default()
    };
    let folder = eframe::storage_dir(APP_ID).unwrap_or_else(std::env::temp_dir);
    let crashes = folder.join("crashes");
    let crashed = crash::last_report(&crashes);
    crash::report_to(crashes);
    let lessons = args.lessons.as_deref().map(lesson_folder).transpose()?;
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        let Remembered { saved, problem } = remembered(&folder);
        // Where earlier versions kept it.
        let older = || creation.storage.and_then(|s| eframe::get_value(s, APP_ID));
        let saved = saved.or_else(older).unwrap_or_default();
        let memory = Memory::new(&folder, saved.clone())?;
        let session = args.session.clone();
        let mut app = App::new(&creation.egui_ctx, with_args(saved, args))?;
        if let Some((lessons, problems)) = lessons {
            app.teach(lessons, problems);
        }
        problem.into_iter().chain(crashed).for_each(|problem| app.notice(problem));
        if let Some(session) = session {
            app.command(Command::OpenSession(session));
        }
        Ok(Box::new(Window { app, memory: Some(memory), mistakes: 0 }))
    });
    let Err(e) = eframe::run_native(APP_ID, options, create) else {
        return Ok(());
    };
    match opengl_error(&e) {
        Some(why) => software::retry(&why),
        None => Err(display::no_window(&e)),
    }
}

/// Has the event loop use X11.
fn x11() -> eframe::EventLoopBuilderHook {
    #[cfg(target_os = "linux")]
    return Box::new(|builder| {
        winit::platform::x11::EventLoopBuilderExtX11::with_x11(builder);
    });
    #[cfg(not(target_os = "linux"))]
    return Box::new(|_| ());
}

/// What OpenGL said, when it did not start.
fn opengl_error(error: &eframe::Error) -> Option<String> {
    use eframe::Error::{Glutin, NoGlutinConfigs, OpenGL};
    match error {
        Glutin(e) => Some(e.to_string()),
        NoGlutinConfigs(_, e) => Some(e.to_string()),
        OpenGL(e) => Some(e.to_string()),
        _ => None,
    }
}

/// What stands for the program in lists of windows.
fn icon() -> egui::IconData {
    let png = include_bytes!("../../../assets/icons/headlight-256.png");
    eframe::icon_data::from_png_bytes(png).unwrap_or_default()
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

struct Window {
    app: App,
    /// Gone when the program ends.
    memory: Option<Memory>,
    /// How many frames in a row could not be drawn.
    mistakes: u32,
}

impl Window {
    /// Does something with the program. A mistake in it leaves the window standing, unless it is
    /// made again and again.
    fn guarded(&mut self, ctx: &egui::Context, act: impl FnOnce(&mut App)) -> bool {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| act(&mut self.app))) else {
            return true;
        };
        self.mistakes += 1;
        if self.mistakes >= MOST_MISTAKES {
            resume_unwind(panic);
        }
        self.app.recover(self.mistakes);
        ctx.request_repaint();
        false
    }
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.guarded(ctx, App::logic);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        if self.guarded(&ctx, |app| app.ui(ui)) {
            self.mistakes = 0;
        }
        if let Some(memory) = &mut self.memory {
            let (again, problem) = memory.keep(&self.app.saved, Instant::now());
            if let Some(after) = again {
                ctx.request_repaint_after(after);
            }
            if let Some(problem) = problem {
                self.app.notice(problem);
            }
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        if let Some(memory) = self.memory.take() {
            // Nobody is left to tell.
            let _ = memory.finish(&self.app.saved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Edit;
    use std::time::Duration;

    /// Frames that panic in the middle are left out one after the other, and what may have caused
    /// them with them; the text stays, and the window draws again.
    #[test]
    #[allow(clippy::panic, reason = "it is what is survived")]
    fn a_frame_that_panics_is_left_out() {
        let ctx = egui::Context::default();
        let (layer, head, factor) = (0, 0, 0.0);
        let saved = Saved {
            prompt: "The text is kept".into(),
            view: "attention".into(),
            edits: vec![Edit::Head { layer, head, factor }],
            ..Saved::default()
        };
        let app = App::new(&ctx, saved).unwrap();
        let mut window = Window { app, memory: None, mistakes: 0 };
        let frame = |window: &mut Window, fails: bool| {
            let mut is_drawn = false;
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                let ctx = ui.ctx().clone();
                is_drawn = window.guarded(&ctx, |app| {
                    app.logic();
                    app.ui(ui);
                    assert!(!fails, "as if a view had made a mistake");
                });
            });
            output.textures_delta.clear();
            is_drawn
        };
        while window.app.is_busy() {
            frame(&mut window, false);
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!frame(&mut window, true));
        assert_eq!(window.app.saved.view, "attention");
        assert!(!frame(&mut window, true));
        assert_eq!(window.app.saved.view, "tokens");
        assert_eq!(window.app.saved.edits.len(), 1);
        assert!(!frame(&mut window, true));
        assert!(window.app.saved.edits.is_empty());
        assert!(frame(&mut window, false), "it draws again");
        assert_eq!(window.app.saved.prompt, "The text is kept");
        let often = std::panic::AssertUnwindSafe(|| frame(&mut window, true));
        assert!(catch_unwind(often).is_err(), "the fourth ends it");
    }
}
