//! What is written down when the program makes a mistake: enough for who maintains it, and nothing
//! that the user has typed.

use crate::files::write_atomically;
use crate::gui::contract::command::Command;
use crate::problem::Problem;
use crate::text::trf;
use crate::trace::ModelInfo;
use std::backtrace::Backtrace;
use std::collections::VecDeque;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many of the last commands are listed.
const COMMANDS: usize = 30;
/// The ending of reports the user has not been told of.
const NEW: &str = "new.txt";
/// The ending of the others.
const OLD: &str = "txt";

/// What happened lately, by kind.
struct Recent {
    commands: VecDeque<String>,
    model: String,
}

static RECENT: Mutex<Recent> =
    Mutex::new(Recent { commands: VecDeque::new(), model: String::new() });

/// Notes that something was asked for: only its kind, without what it holds.
pub fn note_command(command: &Command) {
    if matches!(command, Command::Hover(_)) {
        return;
    }
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    if recent.commands.len() >= COMMANDS {
        recent.commands.pop_front();
    }
    recent.commands.push_back(kind(command));
}

/// The name of a command's variant.
fn kind(command: &Command) -> String {
    let text = format!("{command:?}");
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    text[..end].to_owned()
}

/// Notes which model is open: its name and its sizes.
pub fn note_model(info: &ModelInfo) {
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    recent.model = format!(
        "{} ({}): {} layers, {} heads, d_model {}, d_mlp {}, n_ctx {}, vocabulary {}",
        info.name,
        info.architecture,
        info.n_layers,
        info.n_heads,
        info.d_model,
        info.d_mlp,
        info.n_ctx,
        info.vocab_size
    );
}

/// From now on, whatever thread panics leaves a report in `folder`, besides the message on standard
/// error.
pub fn report_to(folder: PathBuf) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = seconds.map_or(0, |time| time.as_secs());
        let path = folder.join(format!("crash-{seconds}.{NEW}"));
        // Nothing can be done about a report that cannot be written.
        let _ = std::fs::create_dir_all(&folder);
        let _ = write_atomically(&path, report(panic).as_bytes());
    }));
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let place = panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    // The window may be in the middle of noting something when it panics.
    let (commands, model) = match RECENT.try_lock() {
        Ok(recent) => {
            let commands: Vec<&str> = recent.commands.iter().map(String::as_str).collect();
            (commands.join(", "), recent.model.clone())
        }
        Err(_) => ("unknown".to_owned(), "unknown".to_owned()),
    };
    let report = format!(
        "Headlight {} made a mistake. This report holds nothing you have typed.\n\n\
         system: {} {}\nthread: {}\nplace: {place}\nmessage: {}\nmodel: {model}\n\
         last commands: {commands}\n\nbacktrace:\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        thread.name().unwrap_or("unnamed"),
        harmless(message(panic)),
        Backtrace::force_capture()
    );
    match std::env::home_dir().filter(|home| home.as_os_str().len() > 1) {
        Some(home) => report.replace(&home.display().to_string(), "~"),
        None => report,
    }
}

fn message<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

/// A panic's message, unless it may quote a text: only messages of the language itself that hold
/// nothing but numbers are kept.
fn harmless(message: &str) -> &str {
    const KEPT: [&str; 7] = [
        "index out of bounds: the len is",
        "attempt to ",
        "range start index ",
        "range end index ",
        "slice index starts at ",
        "called `Option::unwrap()` on a `None` value",
        "mid > len",
    ];
    if KEPT.iter().any(|kept| message.starts_with(kept)) {
        message
    } else {
        "(left out, as it may quote a text)"
    }
}

/// The problem to tell of at the next start, if a report was left. Each report is told of once.
pub fn last_report(folder: &Path) -> Option<Problem> {
    let entries = std::fs::read_dir(folder).ok()?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_new = |path: &PathBuf| path.to_string_lossy().ends_with(NEW);
    let mut told: Vec<PathBuf> = Vec::new();
    for path in paths.filter(is_new) {
        let name = path.to_string_lossy();
        let old = PathBuf::from(format!("{}{OLD}", name.trim_end_matches(NEW)));
        if std::fs::rename(&path, &old).is_ok() {
            told.push(old);
        }
    }
    told.sort();
    let why = "a report of what happened was written, with nothing you have typed";
    let cure = trf("To help, send it to the maintainers: {0}", &[&told.last()?.display()]);
    Some(Problem::new("Headlight made a mistake last time", why).cure(cure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kinds_of_commands_are_kept() {
        assert_eq!(kind(&Command::SetPrompt("my secret".to_owned())), "SetPrompt");
        assert_eq!(kind(&Command::Draw), "Draw");
    }

    #[test]
    fn messages_that_may_quote_are_left_out() {
        let kept = "index out of bounds: the len is 3 but the index is 5";
        assert_eq!(harmless(kept), kept);
        let quoting = "byte index 1 is not a char boundary; it is inside 'é' of `née`";
        assert!(!harmless(quoting).contains("née"));
    }

    #[test]
    fn a_report_is_told_of_once() {
        let dir = tempfile::tempdir().unwrap();
        assert!(last_report(dir.path()).is_none());
        std::fs::write(dir.path().join("crash-7.new.txt"), "x").unwrap();
        let problem = last_report(dir.path()).unwrap();
        assert!(problem.cure.ends_with("crash-7.txt"), "{problem}");
        assert!(dir.path().join("crash-7.txt").exists());
        assert!(last_report(dir.path()).is_none());
    }
}
