//! Files that are whole or not there at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file so that whatever happens on the way, even the loss of power, either the old or the
/// new content is there: into a temporary file beside it, which then takes its name.
///
/// # Errors
/// When the folder is not there, not writable, or full. The old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = part_name(path)?;
    let written = File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // It may not exist; the first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Has `write` make a file beside `path` that then takes its place: for what is too large to be held
/// in memory as a whole.
///
/// # Errors
/// What `write` says, or why the file could not take its place. The old file is then untouched.
pub fn replace(path: &Path, write: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let part = part_name(path).map_err(|e| e.to_string())?;
    let rename = |()| fs::rename(&part, path).map_err(|e| e.to_string());
    let written = write(&part).and_then(rename);
    if written.is_err() {
        // It may not exist; the first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    written
}

/// A name beside `path` that no other process and no other thread uses.
fn part_name(path: &Path) -> io::Result<PathBuf> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name();
    let name = name.ok_or_else(|| io::Error::other("the name of the file is missing"))?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let part = format!(".{}.{}.{number}.part", name.to_string_lossy(), std::process::id());
    Ok(path.with_file_name(part))
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// When it cannot be read, or is larger.
pub fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let why = format!("it is larger than {} MB", limit / 1_000_000);
        return Err(io::Error::other(why));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_content_replaces_the_old_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        for content in ["old", "newer"] {
            write_atomically(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(write_atomically(&dir.path().join("no/a.json"), b"x").is_err());
        assert!(write_atomically(Path::new("/"), b"x").is_err());
        fs::create_dir(dir.path().join("b.json")).unwrap();
        assert!(write_atomically(&dir.path().join("b.json"), b"x").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn large_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, [0; 10]).unwrap();
        assert_eq!(read_at_most(&path, 10).unwrap().len(), 10);
        assert!(read_at_most(&path, 9).is_err());
    }
}
