//! What the program does when it is asked for something.

use super::App;
use super::reading::READING;
use crate::gui::contract::command::Command;
use crate::gui::shell::choose::Choice;
use crate::gui::shell::crash;
use crate::gui::shell::keys;
use crate::gui::shell::opening::Opening;
use crate::gui::shell::palette::Palette;
use crate::gui::state::history::History;
use crate::gui::state::saved::Saved;
use crate::gui::state::selection::Selection;
use crate::math::sampling::{Coins, pick};
use crate::math::tree::SharedTree;

impl App {
    pub(super) fn obey(&mut self, ctx: &egui::Context, command: Command) {
        crash::note_command(&command);
        let pinned = self.saved.pinned;
        match command {
            Command::Hover(_) if self.presenter.is_frozen => {}
            // Whether this calls for another frame is known when all commands were heard.
            Command::Hover(target) => {
                self.hover = Some(self.hover.unwrap_or(pinned).at(target));
                return;
            }
            Command::Select(target) => self.saved.pinned = pinned.at(target),
            Command::Release if self.presenter.release(ctx) => {}
            Command::Release => {
                self.saved.pinned =
                    Selection { layer: pinned.layer, head: pinned.head, ..Selection::default() };
            }
            Command::SetPrompt(text) => self.set_prompt(text),
            Command::Append(text) => self.append(&text),
            Command::SetTarget(target) => self.saved.target = target,
            Command::Undo => self.restore(History::undo),
            Command::Redo => self.restore(History::redo),
            Command::TypePrompt => keys::type_prompt(ctx),
            Command::Step(by) => self.step(by),
            Command::ToggleZoom => self.presenter.is_zoomed ^= true,
            Command::ToggleNext => self.saved.next_panel = Some(!self.is_next_open),
            Command::ToggleSpotlight => self.presenter.has_spotlight ^= true,
            Command::TogglePresenting => self.presenter.toggle_presenting(ctx),
            Command::ToggleFreeze => self.presenter.is_frozen ^= true,
            Command::ToggleBlack => self.presenter.is_black ^= true,
            Command::ToggleHelp => self.has_help ^= true,
            Command::TogglePalette => {
                self.palette = self.palette.is_none().then(Palette::default);
            }
            Command::ToggleLessons => self.saved.learning.is_open ^= true,
            Command::OpenLesson(name, step) => self.open_lesson(name, step),
            Command::DoAwaited => self.do_awaited(),
            Command::SetLanguage(code) => code.clone_into(&mut self.saved.language),
            Command::EndGreeting => self.saved.learning.is_greeted = true,
            Command::Show(view) => view.clone_into(&mut self.saved.view),
            Command::SetTab(tab) => {
                self.saved.tabs.insert(self.saved.view.clone(), tab);
            }
            Command::SetStack(stack) => self.saved.stack = stack,
            Command::OpenModel(name) => {
                // What was wrong with the model asked for before does not matter any more.
                self.notices.resolve(|problem| problem.what != READING);
                // From another model there is no way back to the one before a look.
                self.saved.home = None;
                self.open_or_download(name);
            }
            Command::ChooseModel => self.choice = Some(Choice::new(&self.saved.model)),
            Command::BrowseModel => self.browse(true),
            Command::BrowseFile => self.browse(false),
            Command::StopDownload => self.download = None,
            Command::SetTheme(name) => self.saved.theme = name,
            Command::ReduceMotion(reduce) => self.saved.reduce_motion = reduce,
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
            Command::SetChat(on) => {
                self.saved.chat = on;
                self.saved.answer.clear();
            }
            Command::ClearAnswer => self.saved.answer.clear(),
            Command::SetComparison(comparison) => self.saved.comparison = *comparison,
            Command::SetTree { tree, is_step } => self.set_tree(tree, is_step),
            Command::Learn(wish) => self.learn(wish),
            Command::CopyPicture => self.copy_picture(),
            Command::SaveAs(thing) => self.save_as(thing),
            Command::SaveText(text) => self.save_text(text),
            Command::BrowseSave => self.browse_save(),
            Command::Save(request) => self.save(request),
            Command::ChooseSession => self.sessions.dialog = Some(Opening::default()),
            Command::BrowseSession => self.browse_session(),
            Command::OpenSession(path) => self.open_session(path),
        }
        ctx.request_repaint();
    }

    /// Goes on to the next step of the lesson that is open, else to the next view.
    fn step(&mut self, by: isize) {
        if self.step_lesson(by) {
            return;
        }
        let last = self.views.len().saturating_sub(1);
        let next = self.current().saturating_add_signed(by).min(last);
        self.views[next].id().clone_into(&mut self.saved.view);
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
        let learning = std::mem::take(&mut self.saved.learning);
        self.saved = Saved { learning, ..saved };
        if !is_same {
            self.open(self.saved.model.clone());
        }
    }

    /// Remembers a tree, unless its text is not the one on screen any more.
    fn set_tree(&mut self, tree: SharedTree, is_step: bool) {
        let shown = self.trace.as_ref().map(|stacks| stacks.whole.typed());
        let asked = self.asked.as_ref().map(|asked| &asked.prompt);
        let is_newest = self.tracing.is_none() && asked == Some(&self.saved.prompt);
        if !is_newest || shown != Some(tree.text.as_str()) {
            return;
        }
        if !is_step {
            let tree = tree.clone();
            self.history.amend(|present| present.tree = Some(tree));
        }
        self.saved.tree = Some(tree);
    }

    fn draw(&mut self) {
        let Some(model) = &self.model else { return };
        if self.next.sampling_probs.is_empty() {
            return;
        }
        let id = pick(&self.next.sampling_probs, self.coins.toss()) as u32;
        let token = model.tokenizer.token(id);
        if !token.special {
            self.append(&token.text);
        }
    }

    /// Writes on: a translator writes its translation, a chat model its answer, others the text.
    fn append(&mut self, text: &str) {
        let translation = self.trace.as_ref().filter(|stacks| stacks.are_several());
        if let Some(stacks) = translation {
            let target = &mut self.saved.target;
            let target = target.get_or_insert_with(|| stacks.whole.text.clone());
            target.push_str(text);
        } else if self.chat().is_some() {
            self.saved.answer.push_str(text);
        } else {
            self.saved.prompt.push_str(text);
        }
    }

    /// Reads another text. One that is in the chat form already is read as it is.
    fn set_prompt(&mut self, text: String) {
        if self.chat().is_some_and(|chat| chat.is_rendered(&text)) {
            self.saved.chat = false;
        }
        self.saved.answer.clear();
        self.saved.prompt = text;
    }
}
