//! The parts of the window, put together.

use super::choose::{Choice, choose_ui};
use super::command::Command;
use super::history::History;
use super::next::Next;
use super::notices::Notices;
use super::presenter::Presenter;
use super::saved::Saved;
use super::selection::Selection;
use super::textures::Textures;
use super::theme::{Theme, fonts};
use super::view::{Context, View};
use super::{keys, prompt, rail, side, views, widgets};
use crate::background::{Lane, Task, finished};
use crate::math::sampling::{Coins, pick};
use crate::model::{Checkpoint, DeviceKind, Edit};
use crate::problem::{Problem, Result};
use crate::trace::Trace;
use egui::{CentralPanel, Frame, Panel, RichText, ScrollArea, Ui};
use std::path::PathBuf;
use std::sync::Arc;
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
    model: Option<Arc<Checkpoint>>,
    opening: Option<Task<Checkpoint>>,
    browsing: Option<Task<Option<PathBuf>>>,
    trace: Option<Arc<Trace>>,
    /// While an experiment changes the model, the recording of the unchanged one.
    baseline: Option<Arc<Trace>>,
    tracing: Option<Task<Reading>>,
    /// What the model was last asked to read, and with which changes.
    asked: Option<(String, Vec<Edit>)>,
    next: Next,
    hover: Option<Selection>,
    textures: Textures,
    notices: Notices,
    choice: Option<Choice>,
    coins: Coins,
    commands: Vec<Command>,
    presenter: Presenter,
    history: History,
    dressed: Option<&'static str>,
}

/// What the model made of a text.
struct Reading {
    trace: Trace,
    /// The same without the changes of an experiment, if there are any.
    baseline: Option<Trace>,
}

const READING: &str = "The model cannot read this text";

impl App {
    /// Starts the program: threads, fonts, and the model on its way.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn new(ctx: &egui::Context, saved: Saved) -> Result<Self> {
        ctx.set_fonts(fonts());
        let wake = ctx.clone();
        let lane = Lane::start("model", move || wake.request_repaint())?;
        let wake = ctx.clone();
        let dialogs = Lane::start("dialogs", move || wake.request_repaint())?;
        let mut app = Self {
            views: views::all(),
            lane,
            dialogs,
            model: None,
            opening: None,
            browsing: None,
            trace: None,
            baseline: None,
            tracing: None,
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
            dressed: None,
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
        self.views.iter_mut().for_each(|view| view.receive());
        self.ask();
    }

    /// Is anything under way that will change the picture?
    pub fn is_busy(&self) -> bool {
        self.opening.is_some() || self.tracing.is_some() || self.views[self.current()].is_busy()
    }

    /// Asks for something, as a view or a shortcut would.
    pub fn command(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// The index of the view on screen.
    fn current(&self) -> usize {
        self.views
            .iter()
            .position(|view| view.id() == self.saved.view)
            .unwrap_or(0)
    }

    /// The recording on screen.
    pub fn trace(&self) -> Option<&Arc<Trace>> {
        self.trace.as_ref()
    }

    fn open(&mut self, name: String) {
        let device = DeviceKind::named(&self.saved.device).unwrap_or_default();
        self.opening = Some(Task::spawn(&self.lane, move |_| {
            Checkpoint::open(&name, device)
        }));
    }

    fn receive_model(&mut self) {
        match finished(&mut self.opening) {
            Some(Ok(model)) => {
                self.model = Some(Arc::new(model));
                self.asked = None;
                self.choice = None;
            }
            Some(Err(problem)) => {
                self.notices.add(problem);
                self.saved.model = match &self.model {
                    Some(model) => model.source.clone(),
                    // A model that is gone since the last start must not leave the window empty.
                    None => crate::model::BUNDLED[0].name.to_owned(),
                };
                if self.model.is_none() {
                    self.open(self.saved.model.clone());
                }
            }
            None => {}
        }
    }

    fn receive_trace(&mut self) {
        match finished(&mut self.tracing) {
            Some(Ok(Reading { trace, baseline })) => {
                self.notices.resolve(|problem| problem.what == READING);
                self.saved.pinned = self.saved.pinned.within(&trace);
                self.trace = Some(Arc::new(trace));
                self.baseline = baseline.map(Arc::new);
            }
            Some(Err(problem)) => self.notices.add(Problem {
                what: READING.to_owned(),
                ..problem
            }),
            None => {}
        }
    }

    fn receive_folder(&mut self) {
        match finished(&mut self.browsing) {
            Some(Ok(Some(folder))) => self
                .commands
                .push(Command::OpenModel(folder.display().to_string())),
            Some(Err(problem)) => self.notices.add(problem),
            Some(Ok(None)) | None => {}
        }
    }

    /// Has the model read the text, if it has not yet. The newest request wins; until it is
    /// answered, the last picture stays.
    fn ask(&mut self) {
        let Some(model) = &self.model else { return };
        if self.saved.prompt.is_empty() {
            (self.trace, self.baseline, self.tracing, self.asked) = (None, None, None, None);
            return;
        }
        let wanted = (&self.saved.prompt, &self.saved.edits);
        if self
            .asked
            .as_ref()
            .is_some_and(|(text, edits)| (text, edits) == wanted)
        {
            return;
        }
        let (model, text, edits) = (Arc::clone(model), wanted.0.clone(), wanted.1.clone());
        self.asked = Some((text.clone(), edits.clone()));
        self.tracing = Some(Task::spawn(&self.lane, move |_| {
            let trace = model.trace_edited(&text, &edits)?;
            let baseline = (!edits.is_empty())
                .then(|| model.trace(&text))
                .transpose()?;
            Ok(Reading { trace, baseline })
        }));
    }

    /// Draws the window.
    pub fn ui(&mut self, ui: &mut Ui) {
        let theme = Theme::named(&self.saved.theme);
        if self.dressed != Some(&theme.name) {
            theme.apply(ui.ctx());
            self.dressed = Some(&theme.name);
        }
        if let Some(trace) = &self.trace {
            self.next.update(trace, &self.saved.sampling);
        }
        let mut commands = std::mem::take(&mut self.commands);
        if self.choice.is_none() {
            keys::keys(ui, self.saved.pinned, self.trace.as_deref(), &mut commands);
        }
        dropped_files(ui, &mut commands);
        self.top_ui(ui, theme, &mut commands);
        self.panels_ui(ui, theme, &mut commands);
        if let Some(choice) = &mut self.choice {
            let is_opening = self.opening.is_some();
            if choose_ui(ui, theme, choice, is_opening, &mut commands).is_break() {
                self.choice = None;
            }
        }
        self.presenter.ui(ui, theme);
        self.textures.end_frame();
        self.hover = None;
        for command in commands {
            self.obey(ui.ctx(), command);
        }
        self.history.record(&self.saved, Instant::now());
    }

    fn top_ui(&mut self, ui: &mut Ui, theme: &'static Theme, commands: &mut Vec<Command>) {
        let frame = Frame::new()
            .fill(*theme.panel)
            .inner_margin(egui::Margin::symmetric(12, 8));
        Panel::top("top")
            .frame(frame)
            .show_separator_line(false)
            .show(ui, |ui| {
                let trace = self.trace.as_deref();
                let right = egui::Layout::right_to_left(egui::Align::Min);
                let changed = ui.with_layout(right, |ui| {
                    settings_ui(ui, theme, &self.saved.device, commands);
                    let name = self.model.as_ref().map_or("opening …", |m| &m.info.name);
                    prompt::model_ui(ui, theme, trace, name, commands);
                    history_ui(ui, &self.history, commands);
                    let left = egui::Layout::top_down(egui::Align::Min);
                    ui.with_layout(left, |ui| {
                        prompt::prompt_ui(ui, theme, &mut self.saved.prompt, trace)
                    })
                    .inner
                });
                let changed = changed.inner;
                if changed {
                    self.limit_prompt();
                }
            });
    }

    fn limit_prompt(&mut self) {
        let text = &mut self.saved.prompt;
        if text.len() <= prompt::MAX_BYTES {
            return;
        }
        let total = text.len();
        let start = text.ceil_char_boundary(total - prompt::MAX_BYTES);
        text.drain(..start);
        let why = format!("it has {total} bytes; the last {} are kept", text.len());
        self.notices.add(
            Problem::new("The text is too long", why).cure("Ctrl+Z brings the earlier text back"),
        );
    }

    /// Everything beneath the prompt: the rail, the next token, the explanation and the view.
    fn panels_ui(&mut self, ui: &mut Ui, theme: &'static Theme, commands: &mut Vec<Command>) {
        let (Some(model), Some(trace)) = (&self.model, &self.trace) else {
            return self.empty_ui(ui, theme, commands);
        };
        let mut ctx = Context {
            theme,
            model,
            trace,
            edits: &self.saved.edits,
            baseline: self.baseline.as_ref(),
            focus: self.hover.unwrap_or(self.saved.pinned).within(trace),
            pinned: self.saved.pinned.within(trace),
            sampling: &self.saved.sampling.clone(),
            seed: self.saved.seed,
            next: &self.next,
            textures: &mut self.textures,
            lane: &self.lane,
            commands,
        };
        let margin = |x, y| {
            Frame::new()
                .fill(*theme.panel)
                .inner_margin(egui::Margin::symmetric(x, y))
        };
        Panel::top("tokens")
            .frame(margin(12, 4))
            .show_separator_line(false)
            .show(ui, |ui| {
                let rows = 2.6 * theme.body_size * 1.9;
                ScrollArea::vertical()
                    .id_salt("tokens")
                    .max_height(rows)
                    .min_scrolled_height(rows)
                    .show(ui, |ui| {
                        ui.set_min_width(ui.available_width());
                        widgets::chips_ui(ui, &mut ctx);
                    });
            });
        let width = ui.available_width();
        if !ctx.edits.is_empty() {
            let banner = Panel::top("experiment")
                .frame(margin(12, 4))
                .show_separator_line(false);
            banner.show(ui, |ui| experiment_ui(ui, &mut ctx));
        }
        let is_zoomed = self.presenter.is_zoomed;
        if width > theme.rail_width * 5.0 && !is_zoomed {
            let rail = Panel::left("rail")
                .exact_size(theme.rail_width)
                .resizable(false);
            let current = &self.saved.view;
            rail.frame(margin(8, 8))
                .show_separator_line(false)
                .show(ui, |ui| {
                    rail::rail_ui(ui, &mut ctx, &self.views, current);
                });
        }
        if width > theme.side_width * 2.2 && !is_zoomed {
            let side = Panel::right("next")
                .exact_size(theme.side_width)
                .resizable(false);
            side.frame(margin(12, 8))
                .show_separator_line(false)
                .show(ui, |ui| {
                    side::sampling_ui(ui, &mut self.saved.sampling, trace.model.vocab_size);
                    ui.add_space(theme.body_size / 2.0);
                    side::side_ui(ui, &mut ctx);
                });
        }
        let index = self
            .views
            .iter()
            .position(|v| v.id() == self.saved.view)
            .unwrap_or(0);
        let Some(view) = self.views.get_mut(index) else {
            return;
        };
        let strip = Panel::bottom("explanation")
            .frame(margin(16, 10))
            .show_separator_line(false);
        strip.show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.label(RichText::new(view.explain(&ctx)).font(theme.body()));
        });
        let picture = Frame::new().fill(*theme.background).inner_margin(16);
        CentralPanel::default().frame(picture).show(ui, |ui| {
            ui.label(RichText::new(view.question()).font(theme.title()));
            ui.horizontal_wrapped(|ui| view.controls(ui, &mut ctx));
            ui.add_space(theme.body_size / 2.0);
            view.ui(ui, &mut ctx);
            self.notices.ui(ui, theme);
        });
    }

    /// Before the first recording, and when there is no text.
    fn empty_ui(&mut self, ui: &mut Ui, theme: &Theme, commands: &mut Vec<Command>) {
        let frame = Frame::new().fill(*theme.background).inner_margin(32);
        CentralPanel::default().frame(frame).show(ui, |ui| {
            self.notices.ui(ui, theme);
            if !self.saved.prompt.is_empty() {
                return;
            }
            ui.add_space(ui.available_height() * 0.25);
            ui.vertical_centered(|ui| {
                ui.label(RichText::new("Type a sentence, or try one of these").font(theme.title()));
                ui.add_space(theme.body_size);
                for example in EXAMPLES {
                    if ui
                        .button(RichText::new(example).font(theme.body()))
                        .clicked()
                    {
                        commands.push(Command::SetPrompt(example.to_owned()));
                    }
                }
            });
        });
    }

    fn obey(&mut self, ctx: &egui::Context, command: Command) {
        let pinned = self.saved.pinned;
        match command {
            Command::Hover(target) => {
                self.hover = Some(pinned.at(target));
                ctx.request_repaint();
            }
            Command::Select(target) => self.saved.pinned = pinned.at(target),
            Command::Release => {
                self.saved.pinned = Selection {
                    layer: pinned.layer,
                    head: pinned.head,
                    ..Selection::default()
                };
            }
            Command::SetPrompt(text) => self.saved.prompt = text,
            Command::Append(text) => self.saved.prompt.push_str(&text),
            Command::Undo => self.restore(History::undo),
            Command::Redo => self.restore(History::redo),
            Command::TypePrompt => keys::type_prompt(ctx),
            Command::Step(by) => {
                let last = self.views.len().saturating_sub(1);
                let next = self.current().saturating_add_signed(by).min(last);
                self.views[next].id().clone_into(&mut self.saved.view);
            }
            Command::ToggleZoom => self.presenter.is_zoomed ^= true,
            Command::ToggleSpotlight => self.presenter.has_spotlight ^= true,
            Command::Show(view) => view.clone_into(&mut self.saved.view),
            Command::OpenModel(name) => {
                // What was wrong with the model asked for before does not matter any more.
                self.notices.resolve(|problem| problem.what != READING);
                self.saved.model.clone_from(&name);
                self.open(name);
            }
            Command::ChooseModel => self.choice = Some(Choice::new(&self.saved.model)),
            Command::BrowseModel => self.browse(),
            Command::SetTheme(name) => self.saved.theme = name,
            Command::SetDevice(name) => {
                name.clone_into(&mut self.saved.device);
                self.open(self.saved.model.clone());
            }
            Command::SetEdits(edits) => self.saved.edits = edits,
            Command::SetSampling(sampling) => self.saved.sampling = sampling,
            Command::SetSeed(seed) => {
                self.saved.seed = seed;
                self.coins = Coins::new(seed);
            }
            Command::Draw => self.draw(),
        }
        ctx.request_repaint();
    }

    /// Goes to another state of the history; another model or device is opened on the way.
    fn restore(&mut self, step: fn(&mut History) -> Option<Saved>) {
        let Some(saved) = step(&mut self.history) else {
            return;
        };
        let is_same = (&saved.model, &saved.device) == (&self.saved.model, &self.saved.device);
        if saved.seed != self.saved.seed {
            self.coins = Coins::new(saved.seed);
        }
        self.saved = saved;
        if !is_same {
            self.open(self.saved.model.clone());
        }
    }

    fn draw(&mut self) {
        let Some(model) = &self.model else { return };
        if self.next.sampling_probs.is_empty() {
            return;
        }
        let id = pick(&self.next.sampling_probs, self.coins.toss()) as u32;
        let token = model.tokenizer.token(id);
        self.saved.prompt.push_str(&token.text);
    }

    /// Asks the desktop for a folder, on a thread of its own: the answer may take minutes.
    fn browse(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a model's folder")
            .pick_folder();
        let wait =
            move |_: &_| Ok(pollster::block_on(dialog).map(|folder| folder.path().to_owned()));
        self.browsing = Some(Task::spawn(&self.dialogs, wait));
    }
}

const EXAMPLES: [&str; 4] = [
    "The cat sat on the",
    "Once upon a time there was a little",
    "The cat chased the mouse because it was hungry",
    "please buy an apple and an orange",
];

/// An experiment in force is always visible, and one click away from off.
fn experiment_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    ui.horizontal_wrapped(|ui| {
        let changes: Vec<String> = ctx.edits.iter().map(ToString::to_string).collect();
        let text = format!("Experiment in force: {}", changes.join(", "));
        ui.label(RichText::new(text).color(*ctx.theme.warning));
        let off = ui.button("Switch off");
        if off
            .on_hover_text("Show the unchanged model again")
            .clicked()
        {
            ctx.send(Command::SetEdits(Vec::new()));
        }
    });
}

/// Undo and redo. Right to left, so redo comes first.
fn history_ui(ui: &mut Ui, history: &History, commands: &mut Vec<Command>) {
    for (sign, name, can, command) in [
        (
            "↪",
            "Redo (Ctrl+Shift+Z)",
            history.can_redo(),
            Command::Redo,
        ),
        ("↩", "Undo (Ctrl+Z)", history.can_undo(), Command::Undo),
    ] {
        let button = ui.add_enabled(can, egui::Button::new(sign));
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, can, name));
        if button.on_hover_text(name).clicked() {
            commands.push(command);
        }
    }
}

fn settings_ui(ui: &mut Ui, theme: &Theme, device: &str, commands: &mut Vec<Command>) {
    let button = ui.menu_button(RichText::new("Settings").font(theme.body()), |ui| {
        ui.label(RichText::new("Theme").color(*theme.dim));
        for other in Theme::all() {
            if ui.radio(other.name == theme.name, &other.label).clicked() {
                commands.push(Command::SetTheme(other.name.clone()));
            }
        }
        ui.separator();
        ui.label(RichText::new("Compute with").color(*theme.dim));
        for kind in DeviceKind::ALL {
            let radio = ui.radio(kind.name() == device, kind.name());
            if radio.on_hover_text(kind.description()).clicked() {
                commands.push(Command::SetDevice(kind.name()));
            }
        }
    });
    button.response.on_hover_text("Theme and backend");
}

/// A folder dropped on the window is a model to open; of a file, its folder is.
fn dropped_files(ui: &Ui, commands: &mut Vec<Command>) {
    let dropped = ui.input(|input| {
        input
            .raw
            .dropped_files
            .first()
            .map(|file| file.path().to_owned())
    });
    if let Some(path) = dropped {
        let folder = if path.is_file() {
            path.parent().map(PathBuf::from).unwrap_or(path)
        } else {
            path
        };
        commands.push(Command::OpenModel(folder.display().to_string()));
    }
}
