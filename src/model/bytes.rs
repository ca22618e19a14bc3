//! The bytes of a file, in the program or on disk.

use memmap2::Mmap;
use std::fs::File;
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
}
