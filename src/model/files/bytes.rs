//! The bytes of a file, in the program or on disk.

use crate::problem::Problem;
use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;
use std::fs::File;
use std::ops::Range;
use std::path::Path;

/// Where the bytes of a file are.
#[derive(Debug)]
pub enum Bytes {
    /// In the program.
    Embedded(&'static [u8]),
    /// In a file on disk, read as they are looked at.
    Mapped(Mmap),
}

impl Bytes {
    /// The bytes of a file on disk.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn map(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        #[expect(
            unsafe_code,
            reason = "a mapped file may change under us; reading a checkpoint while it is overwritten \
                      gives wrong numbers but every access stays inside the mapping"
        )]
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self::Mapped(map))
    }

    /// All of them.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Embedded(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }

    /// Is it the few lines that Git LFS leaves where the file itself was not fetched?
    pub fn is_lfs_pointer(&self) -> bool {
        is_lfs_pointer(self.as_slice())
    }

    /// Lets the system take back the memory that a part of the file occupies, so that a loaded model
    /// is not in memory twice. Where it is read again, it comes from the file again.
    pub fn release(&self, part: &Range<usize>) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self {
            #[expect(
                unsafe_code,
                reason = "the mapping is of a file and never written to, so its bytes are what they \
                          were when its pages come back"
            )]
            // Advice that is not taken costs memory, nothing else.
            let _ = unsafe {
                map.unchecked_advise_range(UncheckedAdvice::DontNeed, part.start, part.len())
            };
        }
        #[cfg(not(unix))]
        let _ = part;
    }
}

/// Are these the few lines that Git LFS leaves where the file itself was not fetched?
pub(crate) fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// What to say about such a file.
pub(crate) fn lfs_pointer(doing: &str, path: &Path) -> Problem {
    let why = format!("this is a Git LFS pointer, not the file it points to: {}", path.display());
    Problem::new(doing, why).cure(
        "Run `git lfs install` and `git lfs pull` in the model's folder, or open the model as hf:owner/name",
    )
}
