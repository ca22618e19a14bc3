//! Which display server draws the window.

use crate::problem::Problem;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Should the window be opened by X11 although `WAYLAND_DISPLAY` is set? So it is where the variable
/// outlived its server (WSL, `su`, tmux), when there is an X server to turn to: winit would give up.
pub fn prefers_x11() -> bool {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let is_alive = |socket: &Path| is_listening(socket);
    let wayland = var("WAYLAND_DISPLAY");
    is_stale(wayland.as_deref(), var("XDG_RUNTIME_DIR").as_deref(), is_alive)
        && var("DISPLAY").is_some()
        && var("WAYLAND_SOCKET").is_none()
}

/// Is a Wayland display named that nobody listens at? Where its socket is: libwayland,
/// `wl_display_connect`.
fn is_stale(
    display: Option<&OsStr>,
    runtime: Option<&OsStr>,
    is_alive: impl Fn(&Path) -> bool,
) -> bool {
    let Some(display) = display.map(PathBuf::from) else {
        return false;
    };
    let socket = match runtime {
        _ if display.is_absolute() => display,
        Some(runtime) => Path::new(runtime).join(display),
        None => return true,
    };
    !is_alive(&socket)
}

#[cfg(unix)]
fn is_listening(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

#[cfg(not(unix))]
fn is_listening(_: &Path) -> bool {
    true
}

/// What to say when no window could be opened.
pub fn no_window(error: &eframe::Error) -> Problem {
    let text = error.to_string();
    // winit puts the place in its own source before the reason: "os error at FILE:LINE: reason".
    let why = match text.split_once("os error at ") {
        Some((_, rest)) => rest.splitn(3, ':').last().unwrap_or(rest).trim(),
        None => &text,
    };
    let set: Vec<String> = ["DISPLAY", "WAYLAND_DISPLAY"]
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", value.to_string_lossy()))
        .collect();
    let cure = if set.is_empty() {
        "A display is needed (DISPLAY or WAYLAND_DISPLAY); the other commands work without".into()
    } else {
        format!(
            "No server answers at {}: start one or unset the variable; the other commands work \
             without",
            set.join(" and ")
        )
    };
    Problem::new("Could not open a window", why).cure(cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wayland_display_is_stale_when_nobody_listens() {
        let runtime = Some(OsStr::new("/run/user/1000"));
        let alive = |socket: &Path| socket == Path::new("/run/user/1000/wayland-0");
        assert!(!is_stale(None, runtime, alive), "none is named");
        assert!(!is_stale(Some(OsStr::new("wayland-0")), runtime, alive));
        assert!(is_stale(Some(OsStr::new("wayland-9")), runtime, alive));
        assert!(is_stale(Some(OsStr::new("wayland-0")), None, alive), "no folder to look in");
        let absolute = Some(OsStr::new("/run/user/1000/wayland-0"));
        assert!(!is_stale(absolute, None, alive));
    }
}
