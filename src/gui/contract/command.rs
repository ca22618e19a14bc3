//! What can be asked of the program. Views and controls change nothing themselves; they send these.

use crate::gui::shell::saving::{Request, Thing};
use crate::gui::state::comparison::Comparison;
use crate::gui::state::stack::Stack;
use crate::math::sampling::Sampling;
use crate::math::tree::SharedTree;
use crate::model::Edit;
use crate::session::training::Recipe;
use std::path::PathBuf;

/// A wish of the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Point at something for as long as the pointer is there.
    Hover(Target),
    /// Keep pointing at something after the pointer has gone.
    Select(Target),
    /// Point at nothing in particular.
    Release,
    /// Read another text.
    SetPrompt(String),
    /// Have a translator write this translation, or its own.
    SetTarget(Option<String>),
    /// Write more text after the prompt, or after the translation.
    Append(String),
    /// Take the last change back.
    Undo,
    /// Make the change again that was taken back.
    Redo,
    /// Give the keyboard to the prompt.
    TypePrompt,
    /// Go on to the next view, or back with a negative number.
    Step(isize),
    /// Show the picture alone, or everything again.
    ToggleZoom,
    /// Show the panel of the next token, or a strip in its place.
    ToggleNext,
    /// Switch the spotlight on or off.
    ToggleSpotlight,
    /// Fill the screen with the picture in big type, for a class; or stop it.
    TogglePresenting,
    /// Keep the picture as it is whatever is typed or pointed at; or let it follow again.
    ToggleFreeze,
    /// Show a black screen while presenting; or the picture again.
    ToggleBlack,
    /// Show or close the help.
    ToggleHelp,
    /// Show or close the list of all actions.
    TogglePalette,
    /// Show or close the lessons.
    ToggleLessons,
    /// Open a lesson by its name, at a step.
    OpenLesson(String, usize),
    /// Do for the learner what the lesson waits for.
    DoAwaited,
    /// Speak another language, by its code.
    SetLanguage(&'static str),
    /// Take the greeting of the first start away.
    EndGreeting,
    /// Go to a view, by its id.
    Show(&'static str),
    /// Switch to a tab of the view on screen, by its id.
    SetTab(String),
    /// Look at another part of a translator.
    SetStack(Stack),
    /// Open a model by folder, file, bundled name or name on Hugging Face.
    OpenModel(String),
    /// Ask which model to open.
    ChooseModel,
    /// Ask the desktop for a folder.
    BrowseModel,
    /// Ask the desktop for a GGUF file.
    BrowseFile,
    /// Stop downloading.
    StopDownload,
    /// Use another theme, by its name.
    SetTheme(String),
    /// Let things move to their new place, or be there at once.
    ReduceMotion(bool),
    /// Compute with another backend, by its name.
    SetDevice(&'static str),
    /// Change the model in these ways, and no others.
    SetEdits(Vec<Edit>),
    /// Choose the next token in another way.
    SetSampling(Sampling),
    /// Let another sequence of coins decide the draws.
    SetSeed(u64),
    /// Draw the next token and write it after the prompt.
    Draw,
    /// Put the text into the model's chat form, or have it read as it is.
    SetChat(bool),
    /// Forget what a chat model has answered.
    ClearAnswer,
    /// Compare the text with something else.
    SetComparison(Box<Comparison>),
    /// Remember what was written after the text.
    SetTree {
        /// What was written, and what could have been.
        tree: SharedTree,
        /// Is it undone by itself? Otherwise it belongs to the change before.
        is_step: bool,
    },
    /// Do something about the run of the view `learning`.
    Learn(Learn),
    /// Put the view's picture into the clipboard.
    CopyPicture,
    /// Ask where to save something.
    SaveAs(Thing),
    /// Ask where to save this text.
    SaveText(String),
    /// Ask the desktop for a file name.
    BrowseSave,
    /// Write a file.
    Save(Request),
    /// Ask which session to open.
    ChooseSession,
    /// Ask the desktop for a session's file.
    BrowseSession,
    /// Go on where a saved session ended.
    OpenSession(PathBuf),
}

/// What can be asked of the run that learns.
#[derive(Debug, Clone, PartialEq)]
pub enum Learn {
    /// Make the next run of this.
    Plan(Box<Recipe>),
    /// Begin a run of this and make so many steps.
    Begin(Box<Recipe>, usize),
    /// Make so many steps more.
    Go(usize),
    /// Stop after this step.
    Pause,
    /// Have every view show the model as it was at a step.
    Look(usize),
    /// Go back to the model that was there before.
    Home,
    /// Show the kept steps one after the other, or stop it.
    Film,
    /// Take the text of a file, to be learned.
    Read(PathBuf),
    /// Write the model as it is now to a folder.
    Save(PathBuf),
}

/// Something that can be pointed at in any view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A token of the text.
    Token(usize),
    /// A head of a layer.
    Head {
        /// Block.
        layer: usize,
        /// Head.
        head: usize,
    },
    /// One token looking at another.
    Cell {
        /// The position that looks.
        query: usize,
        /// The position that is looked at.
        key: usize,
    },
    /// A neuron of an MLP.
    Neuron {
        /// Block.
        layer: usize,
        /// Neuron.
        neuron: usize,
    },
}
