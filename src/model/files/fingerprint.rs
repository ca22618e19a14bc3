//! The content of a model as one number, so that two machines can tell whether they have the same.

use crate::hub::{Hub, Repo};
use crate::model::BUNDLED;
use crate::problem::{Problem, Result};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The files of a folder that decide what a model computes, besides its weights.
const FILES: [&str; 4] = ["config.json", "merges.txt", "tokenizer.json", "vocab.json"];
/// The endings of files with weights.
const WEIGHTS: [&str; 2] = ["safetensors", "gguf"];

/// SHA-256 over the configuration, the tokenizer and the weights of a bundled model, a folder or a
/// single file, in hexadecimal. A folder with the files of a bundled model has the bundled model's.
///
/// # Errors
/// When a file cannot be read.
pub fn fingerprint(source: &str) -> Result<String> {
    let mut hash = Sha256::new();
    let bundled = BUNDLED.iter().find(|bundled| bundled.name == source);
    if let Some(bundled) = bundled.filter(|_| !Path::new(source).exists()) {
        for part in [bundled.config, bundled.weights, bundled.tokenizer] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    } else {
        let downloaded = downloaded(source)?;
        let path = downloaded.as_deref().unwrap_or(Path::new(source));
        let problem = |e| Problem::new("Could not read the model", format!("{e}: {source}"));
        for file in files(path).map_err(problem)? {
            add(&mut hash, &file).map_err(problem)?;
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The folder of a model that is named as on Hugging Face.
fn downloaded(source: &str) -> Result<Option<PathBuf>> {
    let repo = Repo::is_named(source).then(|| Repo::parse(source));
    let folder = |repo: Repo| Hub::from_env().folder(&repo);
    repo.transpose()?.map(folder).transpose()
}

/// The files that are read, in the order of their names.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let is_part = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let extension = path.extension().and_then(|extension| extension.to_str());
        name.is_some_and(|name| FILES.contains(&name))
            || extension.is_some_and(|extension| WEIGHTS.contains(&extension))
    };
    let entries = std::fs::read_dir(path)?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut parts: Vec<PathBuf> = paths?.into_iter().filter(is_part).collect();
    parts.sort();
    Ok(parts)
}

/// Adds a file's length and content, a piece at a time: weights may be larger than the memory.
fn add(hash: &mut Sha256, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    hash.update(file.metadata()?.len().to_le_bytes());
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            n => hash.update(&piece[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_the_same_and_a_changed_copy_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let bundled = BUNDLED[0];
        for (name, bytes) in [
            ("config.json", bundled.config),
            ("model.safetensors", bundled.weights),
            ("tokenizer.json", bundled.tokenizer),
            ("README.md", b"not a part"),
        ] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        let copy = dir.path().to_str().unwrap();
        assert_eq!(fingerprint(copy), fingerprint(bundled.name));
        std::fs::write(dir.path().join("config.json"), b"{}").unwrap();
        assert_ne!(fingerprint(copy), fingerprint(bundled.name));
        assert!(fingerprint("/no/such/model").is_err());
    }
}
