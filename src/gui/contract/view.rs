//! What a view is. Adding one is a new file in `views/` and one line in [`crate::gui::views::all`].

use crate::background::Lane;
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::textures::Textures;
use crate::gui::look::theme::Theme;
use crate::gui::state::comparison::Comparison;
use crate::gui::state::selection::Selection;
use crate::math::sampling::Sampling;
use crate::math::tree::SharedTree;
use crate::model::{Checkpoint, Edit};
use crate::session::training::{Recipe, Run};
use crate::table::Table;
use crate::trace::{ModelInfo, Predicts, Trace};
use egui::{Painter, Rect, Ui};
use std::sync::Arc;

/// One of the pictures between which a view switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tab {
    /// Its name on screen: "Word order".
    pub name: &'static str,
    /// What it shows, in a few words.
    pub hint: &'static str,
}

impl Tab {
    /// A tab of this name that shows this.
    pub const fn new(name: &'static str, hint: &'static str) -> Self {
        Self { name, hint }
    }

    /// Its name in files and on the command line: `word-order`.
    pub fn id(&self) -> String {
        let words = self.name.split(|c: char| !c.is_alphanumeric());
        let words: Vec<String> =
            words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        words.join("-")
    }
}

/// One step of the road from text to the next word. A view reads the context and sends commands; it
/// owns no thread, file or colour. Its fields are its own small state: a scroll place, a switch.
pub trait View {
    /// Short name for files and the command line: `attention`.
    fn id(&self) -> &'static str;

    /// Name in the rail: "Attention".
    fn name(&self) -> &'static str;

    /// The question the view answers, its title: "Who looks at whom?".
    fn question(&self) -> &'static str;

    /// The pictures between which the view switches, the first one first; none if it has but one.
    /// The window draws the switch, and `ctx.tab` says which one is on.
    fn tabs(&self) -> &'static [Tab] {
        &[]
    }

    /// The tabs for such a model: as many, in the same order, where it needs other pictures under other
    /// names.
    fn tabs_of(&self, _model: &ModelInfo) -> &'static [Tab] {
        self.tabs()
    }

    /// The controls of the view, drawn in one row beneath the title, after the tabs.
    fn controls(&mut self, _ui: &mut Ui, _ctx: &mut Context<'_>) {}

    /// The picture.
    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>);

    /// What is seen, in one or two sentences with this example's numbers.
    fn explain(&self, ctx: &Context<'_>) -> String;

    /// Why the view has nothing to show for such a model, in one sentence; `None` when it has.
    fn unfit(&self, _model: &ModelInfo) -> Option<&'static str> {
        None
    }

    /// Is attention what the view shows? Then it can show a translator's attention to its source, too.
    fn shows_attention(&self) -> bool {
        false
    }

    /// The numbers the view shows, to take away: named columns, all digits.
    fn tables(&self, _ctx: &Context<'_>) -> Vec<Table> {
        Vec::new()
    }

    /// Takes the results of the view's own background tasks, if it has any. Called before each
    /// frame; draws nothing.
    fn receive(&mut self) {}

    /// Is the view computing something that will change its picture?
    fn is_busy(&self) -> bool {
        false
    }

    /// A live miniature for the rail.
    fn thumbnail(&self, _painter: &Painter, _rect: Rect, _ctx: &mut Context<'_>) {}
}

/// For views of the next token: why an encoder has none.
pub fn unfit_without_next(model: &ModelInfo) -> Option<&'static str> {
    match model.predicts {
        Predicts::Next => None,
        Predicts::Masked => Some(
            "An encoder reads the whole text at once: there is no next token. \
             What it guesses for a masked word is in the panel at the right.",
        ),
        // The encoder of a translator; its decoder is shown at a click.
        Predicts::Nothing if model.architecture == "marian" => Some(
            "The encoder reads the source text and writes nothing. \
             The decoder writes: switch to it above the tokens.",
        ),
        Predicts::Nothing => Some(
            "An encoder reads the whole text at once: there is no next token. It ends with vectors.",
        ),
    }
}

/// What views may see and use.
pub struct Context<'a> {
    /// Colours and sizes.
    pub theme: &'static Theme,
    /// The model that is open; for its tokenizer and for jobs.
    pub model: &'a Arc<Checkpoint>,
    /// The recording on screen.
    pub trace: &'a Arc<Trace>,
    /// Changes made to the model on its way to `trace`; usually none.
    pub edits: &'a [Edit],
    /// While there are any, the recording of the unchanged model.
    pub baseline: Option<&'a Arc<Trace>>,
    /// What is pointed at now: what the pointer is over, else what was clicked.
    pub focus: Selection,
    /// What was clicked, or chosen by key.
    pub pinned: Selection,
    /// How the next token is chosen.
    pub sampling: &'a Sampling,
    /// Decides the draws.
    pub seed: u64,
    /// What was written after the text, if anything was.
    pub tree: Option<&'a SharedTree>,
    /// What the text is compared with.
    pub comparison: &'a Comparison,
    /// What the next run of a model that learns is made of.
    pub recipe: &'a Recipe,
    /// The run of a model that learns, and the one before it.
    pub runs: [Option<&'a Run>; 2],
    /// The model whose run it is, or was, when it was begun: what can be taught.
    pub home: &'a str,
    /// The next token's probabilities.
    pub next: &'a crate::gui::scene::next::Next,
    /// The index of the tab of the view on screen that is on.
    pub tab: usize,
    /// Where pictures of numbers are kept.
    pub textures: &'a mut Textures,
    /// Where long computations run.
    pub lane: &'a Lane,
    /// What the view asks for.
    pub commands: &'a mut Vec<Command>,
}

impl Context<'_> {
    /// Sends a command.
    pub fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Hover previews, click locks: does what belongs to a thing that can be pointed at, by the
    /// pointer or with the keyboard's focus.
    pub fn point(&mut self, response: &egui::Response, target: Target) {
        if response.clicked() {
            self.send(Command::Select(target));
        } else if response.hovered() || response.has_focus() {
            self.send(Command::Hover(target));
        }
    }

    /// A token that is looked at, as it can be shown: in cross-attention one of the source text.
    pub fn key_label(&self, pos: usize) -> String {
        self.trace.key_label(pos)
    }

    /// The token at a position, as it can be shown.
    pub fn label(&self, pos: usize) -> String {
        self.trace.label(pos)
    }
}
