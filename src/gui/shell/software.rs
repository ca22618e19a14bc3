//! Drawing without a graphics card.

use crate::problem::{Problem, Result};
use std::process::Command;

/// Makes Mesa's OpenGL draw on the processor.
const SOFTWARE: &str = "LIBGL_ALWAYS_SOFTWARE";

/// Starts the program once more, drawing in software: a process cannot open its window twice.
/// Returns when that window is closed.
///
/// # Errors
/// When software drawing was asked for already, or does not start either.
pub fn retry(why: &str) -> Result<()> {
    let problem = || {
        Problem::new("Could not open a window", format!("OpenGL did not start: {why}")).cure(
            format!(
                "Start it with {SOFTWARE}=1, or install OpenGL (Debian: libgl1 libegl1 \
             libgl1-mesa-dri); the other commands work without a window"
            ),
        )
    };
    let is_possible = cfg!(target_os = "linux") && std::env::var_os(SOFTWARE).is_none();
    let program = std::env::current_exe().ok().filter(|_| is_possible);
    let Some(program) = program else {
        return Err(problem());
    };
    eprintln!("OpenGL did not start ({why}); drawing in software instead");
    let status =
        Command::new(program).args(std::env::args_os().skip(1)).env(SOFTWARE, "1").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        // It has said why.
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(_) => Err(problem()),
    }
}
