//! What the program remembers, kept on disk while it runs: whoever kills it loses less than a second.

use crate::background::{Lane, Task, finished};
use crate::files::write_atomically;
use crate::gui::state::saved::Saved;
use crate::gui::state::session_file::{ModelMark, SessionFile};
use crate::problem::{Problem, Result};
use crate::text::trf;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The file in the program's own folder.
const FILE: &str = "state.headlight";
/// How soon after a change it is written. With the time that writing takes, a second is not reached.
const PAUSE: Duration = Duration::from_millis(400);

/// Writes what the user has changed, soon after it was changed.
pub struct Memory {
    path: PathBuf,
    lane: Lane,
    written: Saved,
    writing: Option<Task<()>>,
    last: Option<Instant>,
}

/// What was remembered, and what was wrong with it.
pub struct Remembered {
    /// Nothing at the first start.
    pub saved: Option<Saved>,
    /// A file that could not be read, and where it is now.
    pub problem: Option<Problem>,
}

impl Memory {
    /// Keeps its file in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn new(folder: &Path, saved: Saved) -> Result<Self> {
        // Without the folder, writing fails and says so.
        let _ = std::fs::create_dir_all(folder);
        Ok(Self {
            path: folder.join(FILE),
            lane: Lane::start("memory", || ())?,
            written: saved,
            writing: None,
            last: None,
        })
    }

    /// Writes what differs from what was written last, unless that was just now. Returns when to
    /// call again, if there is still something to write, and what went wrong.
    pub fn keep(&mut self, saved: &Saved, now: Instant) -> (Option<Duration>, Option<Problem>) {
        let problem = finished(&mut self.writing).and_then(Result::err);
        if *saved == self.written {
            return (None, problem);
        }
        let since = self.last.map(|last| now.duration_since(last));
        let wait = PAUSE.saturating_sub(since.unwrap_or(PAUSE));
        if !wait.is_zero() || self.writing.is_some() {
            return (Some(wait.max(Duration::from_millis(20))), problem);
        }
        self.last = Some(now);
        self.written = saved.clone();
        let (path, saved) = (self.path.clone(), saved.clone());
        self.writing = Some(Task::spawn(&self.lane, move |_| write(&path, saved)));
        (None, problem)
    }

    /// Writes everything now; for the end of the program.
    pub fn finish(mut self, saved: &Saved) -> Result<()> {
        if let Some(writing) = self.writing.take() {
            writing.wait()?;
        }
        write(&self.path, saved.clone())
    }
}

fn write(path: &Path, saved: Saved) -> Result<()> {
    let mark = ModelMark { source: saved.model.clone(), ..ModelMark::default() };
    let json = SessionFile::new(saved, mark).to_json()?;
    write_atomically(path, &json).map_err(|e| {
        let why = format!("{e}: {}", path.display());
        Problem::new("Could not remember your work", why)
            .cure("Make room or make the folder writable; save the session elsewhere meanwhile")
    })
}

/// Reads what was remembered in `folder`. A damaged file is put aside, never overwritten.
pub fn remembered(folder: &Path) -> Remembered {
    let path = folder.join(FILE);
    if !path.exists() {
        return Remembered { saved: None, problem: None };
    }
    match SessionFile::open(&path) {
        Ok(session) => Remembered { saved: Some(session.state), problem: None },
        Err(problem) => Remembered { saved: None, problem: Some(put_aside(&path, &problem)) },
    }
}

fn put_aside(path: &Path, problem: &Problem) -> Problem {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs());
    let aside = path.with_file_name(format!("state.damaged-{seconds}.headlight"));
    let kept = match std::fs::rename(path, &aside) {
        Ok(()) => trf("The damaged file is kept: {0}", &[&aside.display()]),
        Err(e) => trf("It could not be put aside ({0})", &[&e]),
    };
    Problem::new("Your last work could not be read", &problem.why).cure(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(prompt: &str) -> Saved {
        Saved { prompt: prompt.to_owned(), ..Saved::default() }
    }

    #[test]
    fn a_change_is_on_disk_within_a_second_and_bursts_are_few_writes() {
        let dir = tempfile::tempdir().unwrap();
        let mut memory = Memory::new(dir.path(), Saved::default()).unwrap();
        let start = Instant::now();
        let mut written = 0;
        for i in 0..200_u64 {
            let now = start + Duration::from_millis(i * 10);
            let before = memory.last;
            memory.keep(&saying(&i.to_string()), now);
            written += u32::from(memory.last != before);
            if let Some(task) = memory.writing.take() {
                task.wait().unwrap();
            }
        }
        assert!((4..=6).contains(&written), "{written} writes in 2 seconds");
        let text = remembered(dir.path()).saved.unwrap().prompt;
        assert!(text.parse::<u64>().unwrap() >= 150, "{text}");
        memory.finish(&saying("end")).unwrap();
        assert_eq!(remembered(dir.path()).saved.unwrap().prompt, "end");
    }

    #[test]
    fn a_damaged_file_is_kept_aside_and_named() {
        let dir = tempfile::tempdir().unwrap();
        assert!(remembered(dir.path()).saved.is_none());
        std::fs::write(dir.path().join(FILE), b"{\"format\":\"headlight-ses").unwrap();
        let remembered = remembered(dir.path());
        let problem = remembered.problem.unwrap();
        assert!(remembered.saved.is_none() && problem.cure.contains("damaged-"), "{problem}");
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 1);
        assert!(names[0].file_name().to_string_lossy().starts_with("state.damaged-"));
    }
}
