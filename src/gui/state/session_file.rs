//! Session files (`.headlight`): everything that is the user's, to go on with later or on another
//! machine.
//!
//! JSON with a version; what an older version wrote keeps opening, and fields of newer programs are
//! passed over. A session only holds values: nothing in it is executed, and nothing in it names a
//! file that would be written.

use crate::files::{read_at_most, write_atomically};
use crate::gui::look::theme::Theme;
use crate::gui::shell::prompt;
use crate::gui::state::saved::Saved;
use crate::hub::{Hub, Repo};
use crate::math::sampling::Sampling;
use crate::model::{BUNDLED, Checkpoint, Edit};
use crate::problem::{Problem, Result};
use crate::text::trf;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Marks a file as ours.
pub const FORMAT: &str = "headlight-session";
/// Version of the format. Older files keep opening.
pub const VERSION: u32 = 1;
/// The ending of session files, without the dot.
pub const EXTENSION: &str = "headlight";
/// A larger file is not a session.
const MAX_BYTES: u64 = 32_000_000;
/// More changes to a model than this make no experiment.
const MAX_EDITS: usize = 1_000;

const OPENING: &str = "Could not open the session";

/// A session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionFile {
    format: String,
    version: u32,
    /// Which program wrote it.
    #[serde(default)]
    program: String,
    /// The model it was made with.
    #[serde(default)]
    pub model: ModelMark,
    /// Text, selection and settings.
    #[serde(default)]
    pub state: Saved,
}

/// By what a model is known on another machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelMark {
    /// Its name.
    pub name: String,
    /// The folder or bundled name it was opened from.
    pub source: String,
    /// SHA-256 of its content, in hexadecimal; empty when unknown.
    pub sha256: String,
}

impl ModelMark {
    /// What a model is known by; `sha256` is its fingerprint.
    pub fn of(model: &Checkpoint, sha256: String) -> Self {
        Self { name: model.info.name.clone(), source: model.source.clone(), sha256 }
    }

    /// Where the model is on this machine: inside the program, among the downloaded ones, where it
    /// was, or beside the session.
    pub fn find(&self, session: Option<&Path>) -> Option<String> {
        if BUNDLED.iter().any(|bundled| bundled.name == self.source) {
            return Some(self.source.clone());
        }
        if Repo::is_named(&self.source) {
            let repo = Repo::parse(&self.source).ok();
            let is_here = repo.is_some_and(|repo| Hub::from_env().folder(&repo).is_ok());
            return is_here.then(|| self.source.clone());
        }
        let folder = session.and_then(Path::parent);
        let file = Path::new(&self.source).file_name();
        let names = [Some(OsStr::new(&self.name)), file].into_iter().flatten();
        let beside = names.filter_map(|name| Some(folder?.join(name)));
        let was = Some(PathBuf::from(&self.source)).filter(|path| path.is_absolute());
        let there = |path: &PathBuf| path.exists() && !self.name.is_empty();
        let found = was.into_iter().chain(beside).find(there);
        found.map(|path| path.display().to_string())
    }

    /// What is missing when the model is not here.
    pub fn missing(&self) -> Problem {
        let why = trf("the session was made with “{0}”, which is not here", &[&self.name]);
        Problem::new("The model of the session is missing", why).cure(trf(
            "The rest is open with another model. Put the model's folder beside the session, or \
             open it with Ctrl+O (it was in {0})",
            &[&self.source],
        ))
    }
}

impl SessionFile {
    /// A session as it is written now.
    pub fn new(state: Saved, model: ModelMark) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            program: format!("headlight {}", env!("CARGO_PKG_VERSION")),
            model,
            state,
        }
    }

    /// The session as JSON.
    ///
    /// # Errors
    /// When it holds a number that JSON does not have.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let json = serde_json::to_vec_pretty(self);
        json.map_err(|e| Problem::new("Could not save the session", e))
    }

    /// Writes the session to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let json = self.to_json()?;
        write_atomically(path, &json).map_err(|e| crate::gui::picture::export::unwritable(path, e))
    }

    /// Reads a session file.
    ///
    /// # Errors
    /// When it cannot be read, is no session, or was written by a newer program.
    pub fn open(path: &Path) -> Result<Self> {
        let named = |problem: Problem| Problem {
            why: format!("{}: {}", problem.why, path.display()),
            ..problem
        };
        let bytes = read_at_most(path, MAX_BYTES).map_err(|e| named(Problem::new(OPENING, e)))?;
        Self::parse(&bytes).map_err(named)
    }

    /// Reads a session; values that make no sense become those that do.
    ///
    /// # Errors
    /// When it is no session, or was written by a newer program.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let problem = |why: String, cure: &str| Problem::new(OPENING, why).cure(cure);
        let session: Self = serde_json::from_slice(bytes).map_err(|e| {
            problem(
                format!("it is damaged or no session ({e})"),
                "Choose a file that Headlight saved, ending in .headlight",
            )
        })?;
        if session.format != FORMAT {
            let why = format!("its format is {:?}, not {FORMAT:?}", session.format);
            return Err(problem(why, "Choose a file that Headlight saved"));
        }
        if session.version > VERSION {
            let why = format!("it has version {}; this program knows {VERSION}", session.version);
            return Err(problem(why, "Open it with a newer Headlight"));
        }
        let state = sensible(session.state);
        Ok(Self { state, ..session })
    }
}

/// A state within the bounds of what the window could have made.
pub fn sensible(mut state: Saved) -> Saved {
    let first = Saved::default();
    if state.prompt.len() > prompt::MAX_BYTES {
        let start = state.prompt.len() - prompt::MAX_BYTES;
        state.prompt.drain(..state.prompt.ceil_char_boundary(start));
    }
    if !Theme::all().iter().any(|theme| theme.name == state.theme) {
        state.theme = first.theme;
    }
    sensible_sampling(&mut state.sampling);
    sensible_sampling(&mut state.comparison.sampling);
    if let Some(text) = &mut state.comparison.text {
        text.truncate(text.floor_char_boundary(prompt::MAX_BYTES));
    }
    state.edits.truncate(MAX_EDITS);
    state.edits.retain(is_finite);
    state
}

/// Settings that are numbers; those that are none fall back to what changes nothing.
fn sensible_sampling(sampling: &mut Sampling) {
    let first = Sampling::default();
    if !sampling.temperature.is_finite() {
        sampling.temperature = first.temperature;
    }
    for setting in [
        &mut sampling.top_p,
        &mut sampling.min_p,
        &mut sampling.typical_p,
        &mut sampling.repetition_penalty,
    ] {
        *setting = setting.filter(|value| value.is_finite());
    }
    sampling.order.truncate(first.order.len());
}

fn is_finite(edit: &Edit) -> bool {
    match edit {
        Edit::Head { factor, .. }
        | Edit::Attention { factor, .. }
        | Edit::Mlp { factor, .. }
        | Edit::Neuron { factor, .. } => factor.is_finite(),
        Edit::Patch { values, .. } => values.iter().all(|value| value.is_finite()),
        Edit::Hide { .. } | Edit::Force { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionFile {
        let state = Saved { prompt: "naïve 注意力".to_owned(), ..Saved::default() };
        SessionFile::new(state, ModelMark::default())
    }

    #[test]
    fn what_is_saved_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.headlight");
        session().save(&path).unwrap();
        assert_eq!(SessionFile::open(&path).unwrap(), session());
    }

    #[test]
    fn fields_of_the_future_are_passed_over_and_newer_versions_refused() {
        let with = |version: u32| {
            format!(
                r#"{{"format":"{FORMAT}","version":{version},"new":[1],"state":{{"prompt":"hi","newer":{{}}}}}}"#
            )
        };
        let opened = SessionFile::parse(with(VERSION).as_bytes()).unwrap();
        assert_eq!(opened.state.prompt, "hi");
        let problem = SessionFile::parse(with(VERSION + 1).as_bytes()).unwrap_err();
        assert!(problem.cure.contains("newer"), "{problem}");
        let other = with(1).replace(FORMAT, "other");
        assert!(SessionFile::parse(other.as_bytes()).is_err());
    }

    #[test]
    fn values_without_sense_are_replaced() {
        let json = format!(
            r#"{{"format":"{FORMAT}","version":1,"state":{{"prompt":"{}","theme":"../x",
            "sampling":{{"temperature":1e300,"top_p":1e300,"top_k":99999999999}},
            "edits":[{{"Mlp":{{"layer":1,"factor":1e300}}}},{{"Hide":{{"pos":999999999}}}}]}}}}"#,
            "é".repeat(prompt::MAX_BYTES)
        );
        let state = SessionFile::parse(json.as_bytes()).unwrap().state;
        assert!(state.prompt.len() <= prompt::MAX_BYTES);
        assert_eq!((state.theme.as_str(), state.sampling.temperature), ("dark", 1.0));
        assert_eq!(state.sampling.top_p, None);
        assert_eq!(state.edits, [Edit::Hide { pos: 999_999_999 }]);
    }

    #[test]
    fn a_model_is_found_inside_the_program_where_it_was_or_beside_the_session() {
        let dir = tempfile::tempdir().unwrap();
        let session = dir.path().join("a.headlight");
        let mark = |name: &str, source: &str| ModelMark {
            name: name.to_owned(),
            source: source.to_owned(),
            sha256: String::new(),
        };
        let bundled = mark("storybook", "storybook");
        assert_eq!(bundled.find(None).as_deref(), Some("storybook"));
        let gone = mark("mine", "/no/such/mine");
        assert_eq!(gone.find(Some(&session)), None);
        std::fs::create_dir(dir.path().join("mine")).unwrap();
        let found = gone.find(Some(&session)).unwrap();
        assert_eq!(Path::new(&found), dir.path().join("mine"));
        assert!(gone.missing().to_string().contains("mine"));
    }
}
