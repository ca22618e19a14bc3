//! Pictures and numbers on their way to a file or to the clipboard.

use super::App;
use crate::background::{Lane, Task, finished};
use crate::files::write_atomically;
use crate::gui::contract::view::{Context, View};
use crate::gui::picture::export::{Captured, Data, Images, Picture, unwritable};
use crate::gui::shell::chooser;
use crate::gui::shell::saving::{Request, Saving, Thing};
use crate::problem::Result;
use crate::text::{tr, trf};
use egui::ColorImage;
use egui::epaint::ClippedShape;
use std::path::{Path, PathBuf};

/// Pixels for each point of a copied picture: sharp on a slide.
const COPY_SCALE: f32 = 2.0;

/// What is taken from the window.
#[derive(Default)]
pub(super) struct Exports {
    /// The dialog that asks where to.
    pub(super) dialog: Option<Saving>,
    /// What to do with the next frame's picture.
    wanted: Option<Purpose>,
    captured: Option<(Purpose, Captured)>,
    task: Option<Task<Done>>,
    browsing: Option<Task<Option<PathBuf>>>,
    /// What is to be saved as a text.
    text: String,
    /// The folder last saved to.
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq)]
enum Purpose {
    Copy,
    Save(Request),
    /// The program itself wants it.
    Keep,
}

enum Done {
    Copied(Box<ColorImage>),
    Saved(Vec<PathBuf>),
}

impl Exports {
    pub(super) fn is_busy(&self) -> bool {
        self.task.is_some() || self.wanted.is_some()
    }

    /// Is the picture of this frame wanted?
    pub(super) fn wants_picture(&self) -> bool {
        self.wanted.is_some()
    }

    /// Takes the shapes of the view, just drawn, and its numbers.
    pub(super) fn capture(
        &mut self,
        view: &dyn View,
        ctx: &Context<'_>,
        shapes: Vec<ClippedShape>,
        rect: egui::Rect,
        zoom: f32,
    ) {
        let Some(purpose) = self.wanted.take() else {
            return;
        };
        let title = format!("{} {}", tr(view.question()), ctx.trace.text);
        let ground = *ctx.theme.background;
        let images = ctx.textures.images();
        let picture = Picture::new(title, shapes, rect, ground, images, zoom);
        let data = Data::of(view, ctx);
        self.captured = Some((purpose, Captured { picture, data }));
    }

    fn folder(&self) -> PathBuf {
        let home = || std::env::home_dir().unwrap_or_else(std::env::temp_dir);
        self.folder.clone().unwrap_or_else(home)
    }
}

impl App {
    /// The next frame's picture and data, for [`App::take_captured`].
    pub fn capture(&mut self) {
        self.exports.wanted = Some(Purpose::Keep);
    }

    /// What [`App::capture`] asked for, once a frame has been drawn.
    pub fn take_captured(&mut self) -> Option<Captured> {
        self.exports.captured.take().map(|(_, captured)| captured)
    }

    /// The pixels of every picture of numbers on screen.
    pub(in crate::gui) fn images(&self) -> Images {
        self.textures.images()
    }

    pub(super) fn copy_picture(&mut self) {
        self.exports.wanted = Some(Purpose::Copy);
    }

    pub(super) fn save_as(&mut self, thing: Thing) {
        let (folder, view) = (self.exports.folder(), &self.saved.view);
        self.exports.dialog = Some(Saving::new(thing, &folder, view));
    }

    pub(super) fn save_text(&mut self, text: String) {
        self.exports.text = text;
        self.save_as(Thing::Text);
    }

    /// Starts to save; pictures and data wait for the next frame.
    pub(super) fn save(&mut self, request: Request) {
        let lane = &self.files;
        match request.thing {
            Thing::Picture | Thing::Data => self.exports.wanted = Some(Purpose::Save(request)),
            Thing::Recording => {
                let Some(trace) = self.trace.clone() else {
                    return;
                };
                let save = move |_: &_| {
                    trace.whole.save(&request.path, |_| true)?;
                    Ok(Done::Saved(vec![request.path]))
                };
                self.exports.task = Some(Task::spawn(lane, save));
            }
            Thing::Text => {
                let (path, text) = (request.path, self.exports.text.clone());
                let save = move |_: &_| {
                    write_atomically(&path, text.as_bytes()).map_err(|e| unwritable(&path, e))?;
                    Ok(Done::Saved(vec![path]))
                };
                self.exports.task = Some(Task::spawn(lane, save));
            }
            Thing::Session => {
                let Some(job) = self.session_job(request.path) else {
                    return;
                };
                let save = move |_: &_| job().map(|path| Done::Saved(vec![path]));
                self.exports.task = Some(Task::spawn(lane, save));
            }
        }
    }

    /// Hands what was captured to the thread that works on it.
    pub(super) fn export(&mut self) {
        let is_wanted = |(purpose, _): &mut (Purpose, Captured)| *purpose != Purpose::Keep;
        if let Some((purpose, captured)) = self.exports.captured.take_if(is_wanted) {
            self.exports.task = Some(spawn(&self.files, purpose, captured));
        }
    }

    pub(super) fn receive_exports(&mut self, ctx: &egui::Context) {
        match finished(&mut self.exports.task) {
            Some(Ok(Done::Copied(image))) => {
                ctx.copy_image(*image);
                self.notices.done(tr("The picture is in the clipboard"));
            }
            Some(Ok(Done::Saved(paths))) => {
                let folder = paths.first().and_then(|path| path.parent());
                self.exports.folder = folder.map(Path::to_owned);
                self.exports.dialog = None;
                self.notices.done(trf("Saved: {0}", &[&listed(&paths)]));
            }
            Some(Err(problem)) => self.notices.add(problem),
            None => {}
        }
        match finished(&mut self.exports.browsing) {
            Some(Ok(Some(path))) => {
                if let Some(dialog) = &mut self.exports.dialog {
                    dialog.choose(&path);
                }
            }
            Some(Err(problem)) => self.notices.add(problem),
            Some(Ok(None)) | None => {}
        }
    }

    /// Asks the desktop for a file name.
    pub(super) fn browse_save(&mut self) {
        let Some(dialog) = &self.exports.dialog else {
            return;
        };
        let (title, folder, name) = dialog.proposal();
        let dialog = rfd::AsyncFileDialog::new()
            .set_title(tr(title))
            .set_directory(folder)
            .set_file_name(name)
            .save_file();
        self.exports.browsing = Some(chooser::wait(&self.dialogs, dialog));
    }
}

fn spawn(lane: &Lane, purpose: Purpose, captured: Captured) -> Task<Done> {
    Task::spawn(lane, move |_| -> Result<Done> {
        match purpose {
            Purpose::Save(request) => {
                captured.save(&request.path, request.scale as f32).map(Done::Saved)
            }
            Purpose::Copy | Purpose::Keep => {
                let image = captured.picture.color_image(COPY_SCALE);
                Ok(Done::Copied(Box::new(image)))
            }
        }
    })
}

/// File names for a sentence: the first in full, the others by their names.
fn listed(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().display().to_string();
    let first = paths.first().map(|path| path.display().to_string());
    let others = paths.iter().skip(1).map(name);
    first.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}
