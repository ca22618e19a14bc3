//! The parts of the window, put together.

mod bar;
mod commands;
mod download;
mod exporting;
mod learning;
mod lesson_actions;
mod lessons;
mod modals;
mod panels;
mod reading;
mod sessions;
mod staging;

use crate::background::{Lane, Task};
use crate::gui::contract::command::Command;
use crate::gui::contract::textures::Textures;
use crate::gui::contract::view::{Tab, View};
use crate::gui::look::fit::Fit;
use crate::gui::look::motion;
use crate::gui::look::theme::{Theme, fonts};
use crate::gui::scene::next::Next;
use crate::gui::shell::app::bar::dropped_files;
use crate::gui::shell::app::download::Download;
use crate::gui::shell::app::exporting::Exports;
use crate::gui::shell::app::learning::Learning;
use crate::gui::shell::app::lessons::Dock;
use crate::gui::shell::app::reading::{Asked, Followers, Reading};
use crate::gui::shell::app::sessions::Sessions;
use crate::gui::shell::choose::Choice;
use crate::gui::shell::keys;
use crate::gui::shell::lesson::{Lessons, Visit};
use crate::gui::shell::notices::Notices;
use crate::gui::shell::opening::opening_ui;
use crate::gui::shell::palette::Palette;
use crate::gui::shell::presenter::Presenter;
use crate::gui::shell::prompt;
use crate::gui::shell::saving::saving_ui;
use crate::gui::state::history::History;
use crate::gui::state::saved::Saved;
use crate::gui::state::selection::Selection;
use crate::gui::state::stack::Stacks;
use crate::gui::views;
use crate::lesson::{Area, Lesson, Part};
use crate::math::sampling::Coins;
use crate::model::Checkpoint;
use crate::problem::{Problem, Result};
use crate::session::training::Run;
use crate::text::speak;
use crate::trace::Trace;
use egui::{Rect, Ui};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The program behind the window.
pub struct App {
    /// What is remembered from one start to the next.
    pub saved: Saved,
    views: Vec<Box<dyn View>>,
    /// Where the model works.
    lane: Lane,
    /// Where dialogs of the desktop wait for an answer.
    dialogs: Lane,
    /// Where downloads wait for the network.
    network: Lane,
    /// Has the window drawn when something came in.
    wake: egui::Context,
    /// Where files are made and written.
    files: Lane,
    exports: Exports,
    sessions: Sessions,
    /// The model on screen; it changes together with the recording.
    model: Option<Arc<Checkpoint>>,
    opening: Option<Task<Checkpoint>>,
    /// A model that was opened and has not read the text yet.
    incoming: Option<Arc<Checkpoint>>,
    learning: Learning,
    browsing: Option<Task<Option<PathBuf>>>,
    download: Option<Download>,
    trace: Option<Stacks>,
    /// While an experiment changes the model, the recording of the unchanged one.
    baseline: Option<Stacks>,
    tracing: Option<Task<Reading>>,
    followers: Arc<Mutex<Followers>>,
    /// What the model was last asked to read, and with which changes.
    asked: Option<Asked>,
    next: Next,
    hover: Option<Selection>,
    textures: Textures,
    notices: Notices,
    choice: Option<Choice>,
    coins: Coins,
    commands: Vec<Command>,
    presenter: Presenter,
    history: History,
    lessons: Lessons,
    /// Where the lessons are in this frame, if they are on screen.
    dock: Option<Dock>,
    /// Where the parts of the window are in this frame.
    areas: Vec<(Area, Rect)>,
    palette: Option<Palette>,
    has_help: bool,
    /// Is the panel of the next token open in this frame?
    is_next_open: bool,
    /// The theme and whether motion is reduced, as egui was last told.
    dressed: Option<(&'static Theme, bool)>,
    fit: Fit,
}

impl App {
    /// Starts the program: threads, fonts, and the model on its way.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn new(ctx: &egui::Context, saved: Saved) -> Result<Self> {
        let saved = saved.at_home();
        speak(&saved.language);
        ctx.set_fonts(fonts());
        let wake = ctx.clone();
        let lane = Lane::start("model", move || wake.request_repaint())?;
        let wake = ctx.clone();
        let dialogs = Lane::start("dialogs", move || wake.request_repaint())?;
        let wake = ctx.clone();
        let network = Lane::start("network", move || wake.request_repaint())?;
        let wake = ctx.clone();
        let files = Lane::start("files", move || wake.request_repaint())?;
        let mut app = Self {
            views: views::all(),
            lane,
            dialogs,
            network,
            wake: ctx.clone(),
            files,
            exports: Exports::default(),
            sessions: Sessions::default(),
            model: None,
            opening: None,
            incoming: None,
            learning: Learning::start(ctx)?,
            browsing: None,
            download: None,
            trace: None,
            baseline: None,
            tracing: None,
            followers: Arc::default(),
            asked: None,
            next: Next::default(),
            hover: None,
            textures: Textures::default(),
            notices: Notices::default(),
            choice: None,
            coins: Coins::new(saved.seed),
            commands: Vec::new(),
            presenter: Presenter::default(),
            history: History::new(saved.clone()),
            lessons: Lessons::course(),
            dock: None,
            areas: Vec::new(),
            palette: None,
            has_help: false,
            is_next_open: true,
            dressed: None,
            fit: Fit::default(),
            saved,
        };
        app.open(app.saved.model.clone());
        Ok(app)
    }

    /// Looks at what the threads have done, and gives them what is next. Draws nothing.
    pub fn logic(&mut self) {
        self.receive_model();
        self.receive_trace();
        self.receive_folder();
        self.receive_download();
        self.receive_sessions();
        self.receive_run();
        self.views.iter_mut().for_each(|view| view.receive());
        for mistake in self.lane.mistakes() {
            self.notices.add(mistake);
        }
        self.ask();
    }

    /// Is anything under way that will change the picture?
    pub fn is_busy(&self) -> bool {
        self.opening.is_some()
            || self.tracing.is_some()
            || self.learning.is_settling(self.awaits_learning())
            || self.views[self.current()].is_busy()
            || self.lessons.visit.as_ref().is_some_and(Visit::is_busy)
    }

    /// Offers a teacher's lessons instead of the bundled course, and says what is wrong with some.
    pub fn teach(&mut self, lessons: Vec<Lesson>, problems: Vec<Problem>) {
        self.lessons = Lessons::own(lessons);
        self.saved.learning.is_open = true;
        for problem in problems {
            self.notices.add(problem);
        }
    }

    /// The part of the lesson on screen that waits for the learner.
    pub fn pending(&self) -> Option<(usize, &Part)> {
        let visit = self.lessons.visit.as_ref()?;
        visit.pending(self.lesson_step()?)
    }

    /// Asks for something, as a view or a shortcut would.
    pub fn command(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// The index of the view on screen.
    fn current(&self) -> usize {
        self.views.iter().position(|view| view.id() == self.saved.view).unwrap_or(0)
    }

    /// The index of the tab of the view on screen that is on.
    fn tab(&self) -> usize {
        let wanted = self.saved.tabs.get(&self.saved.view);
        let view = &self.views[self.current()];
        let own = self.trace().map(|trace| view.tabs_of(&trace.model));
        let mut tabs = [own.unwrap_or_default(), view.tabs()].into_iter();
        let place = |tabs: &[Tab]| tabs.iter().position(|tab| Some(&tab.id()) == wanted);
        tabs.find_map(place).unwrap_or(0)
    }

    /// Is the window waiting for the answer to a question?
    fn has_dialog(&self) -> bool {
        self.choice.is_some()
            || self.palette.is_some()
            || self.has_help
            || self.exports.dialog.is_some()
            || self.sessions.dialog.is_some()
    }

    /// After a mistake of the program: says so, and from the second in a row on leaves out what may
    /// have caused it, least first. The text is kept.
    pub fn recover(&mut self, mistakes_in_a_row: u32) {
        let why = "what it was about to draw is left out; your text is unharmed";
        let cure = "A report was written; the next start says where it is";
        self.notices.add(Problem::new("Headlight made a mistake", why).cure(cure));
        match mistakes_in_a_row {
            0 | 1 => {}
            2 => "tokens".clone_into(&mut self.saved.view),
            _ => self.saved.edits.clear(),
        }
    }

    /// The run of a model that learns, if there is one.
    pub fn run(&self) -> Option<&Run> {
        self.learning.run.as_ref()
    }

    /// The recording on screen.
    pub fn trace(&self) -> Option<&Arc<Trace>> {
        self.trace.as_ref().map(|stacks| &stacks.whole)
    }

    /// Draws the window.
    pub fn ui(&mut self, ui: &mut Ui) {
        speak(&self.saved.language);
        self.watch_lesson();
        let theme = self.dress(ui.ctx());
        self.fit.follow(ui.ctx(), theme);
        if let Some(stacks) = &self.trace {
            self.next.update(&stacks.whole, &self.saved.sampling);
        }
        let mut commands = std::mem::take(&mut self.commands);
        self.receive_exports(ui.ctx());
        if !self.has_dialog() {
            let shown = self.trace.as_ref().map(|stacks| &**stacks.shown(self.saved.stack));
            let is_presenting = self.presenter.is_presenting;
            keys::keys(ui, self.saved.pinned, shown, is_presenting, &mut commands);
        }
        dropped_files(ui, &mut commands);
        if !self.presenter.is_presenting || ui.memory(|memory| memory.has_focus(prompt::id())) {
            self.top_ui(ui, theme, &mut commands);
        }
        self.greeting_ui(ui, theme, &mut commands);
        self.lesson_panel_ui(ui, theme, &mut commands);
        self.panels_ui(ui, theme, &mut commands);
        self.point_at_awaited(ui, theme);
        self.modals_ui(ui, theme, &mut commands);
        let is_busy = self.exports.is_busy();
        if let Some(dialog) = &mut self.exports.dialog
            && saving_ui(ui, theme, dialog, is_busy, &mut self.notices, &mut commands).is_break()
        {
            self.exports.dialog = None;
        }
        let is_busy = self.sessions.is_busy();
        if let Some(dialog) = &mut self.sessions.dialog
            && opening_ui(ui, theme, dialog, is_busy, &mut self.notices, &mut commands).is_break()
        {
            self.sessions.dialog = None;
        }
        self.export();
        self.presenter.ui(ui, theme);
        self.textures.end_frame(ui.ctx());
        let before = self.hover.take();
        for command in commands {
            self.obey(ui.ctx(), command);
        }
        if self.hover != before {
            ui.ctx().request_repaint();
        }
        self.history.record(&self.saved, Instant::now());
    }

    /// Makes everything look like the theme that was chosen.
    fn dress(&mut self, ctx: &egui::Context) -> &'static Theme {
        let theme = if self.presenter.is_presenting {
            Theme::large(&self.saved.theme)
        } else {
            Theme::named(&self.saved.theme)
        };
        let reduce = self.saved.reduce_motion;
        let is_dressed = |(dressed, reduced): (&'static Theme, bool)| {
            std::ptr::eq(dressed, theme) && reduced == reduce
        };
        if !self.dressed.is_some_and(is_dressed) {
            theme.apply(ctx);
            motion::set(ctx, !reduce);
            self.dressed = Some((theme, reduce));
        }
        theme
    }
}
