//! How this program says that something went wrong.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

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
        Self { what: what.into(), why: why.to_string(), cure: String::new() }
    }

    /// Says what the reader can do.
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }
}

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs code of others that is known to panic where it should fail. `None` means that it did; no
/// message is printed and no report written.
pub fn guarded<T>(code: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                before(panic);
            }
        }));
    });
    let was_guarded = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(code)).ok();
    IS_GUARDED.set(was_guarded);
    result
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_panics_gives_nothing() {
        assert_eq!(guarded(|| 1), Some(1));
        let unlucky: Option<u8> = guarded(|| panic!("not to be seen"));
        assert_eq!(unlucky, None);
        assert!(!IS_GUARDED.get());
    }
}
