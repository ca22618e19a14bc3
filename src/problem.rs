//! How this program says that something went wrong.

use std::fmt;

/// A problem a person can act on: what failed, why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What the program was doing, as a short sentence: "Could not open the model".
    pub what: String,
    /// The cause, with the name of the file, field or tensor at fault.
    pub why: String,
    /// What the reader can do. Empty when there is nothing to add.
    pub cure: String,
}

/// The result of anything that depends on the outside: files, text, arguments.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem with its cause; add a cure with [`Problem::cure`].
    pub fn new(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self {
            what: what.into(),
            why: why.to_string(),
            cure: String::new(),
        }
    }

    /// Says what the reader can do.
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        if !self.cure.is_empty() {
            write!(f, "\n  {}", self.cure)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
