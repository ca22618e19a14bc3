//! Where the files of a model are, and help for those who point elsewhere.

use crate::hub::{Hub, Repo};
use crate::model::BUNDLED;
use crate::model::files::bundled::Bundled;
use crate::model::files::bytes::{is_lfs_pointer, lfs_pointer};
use crate::problem::{Problem, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

const OPENING: &str = "Could not open the model";

/// Where a model's files are.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the program.
    Bundled(&'static Bundled),
    /// In one file.
    File(PathBuf),
    /// In a folder as Hugging Face publishes it.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What to call the model.
        short: String,
    },
}

impl Place {
    /// A bundled model by its name, a model on Hugging Face that was downloaded before by its name
    /// there (`hf:owner/name`), a GGUF file, a folder, or a file in such a folder.
    ///
    /// # Errors
    /// When there is no such model on Hugging Face's shelf here, or a folder holds several.
    pub fn find(name: &str) -> Result<Self> {
        if Repo::is_named(name) {
            let repo = Repo::parse(name)?;
            let path = Hub::from_env().folder(&repo)?;
            let short = repo.name.rsplit('/').next().unwrap_or_default().to_owned();
            return Ok(Self::Folder { path, short });
        }
        let path = Path::new(name);
        let bundled = BUNDLED.iter().find(|bundled| bundled.name == name);
        if let Some(bundled) = bundled.filter(|_| !path.exists()) {
            return Ok(Self::Bundled(bundled));
        }
        let is_part = path.is_file() && is_part_of_a_folder(path);
        let folder = if is_part { folder_of(path) } else { path.to_owned() };
        if folder.is_file() {
            return Ok(Self::File(folder));
        }
        if let Some(file) = only_gguf(&folder)? {
            return Ok(Self::File(file));
        }
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let short = absolute.file_name().unwrap_or(folder.as_os_str());
        let short = short.to_string_lossy().into_owned();
        Ok(Self::Folder { path: folder, short })
    }
}

/// Is it one of the files that make up a folder as Hugging Face publishes it, and are the others there?
pub(crate) fn is_part_of_a_folder(file: &Path) -> bool {
    let is_part = file.extension().is_some_and(|end| end == "safetensors" || end == "json");
    is_part && folder_of(file).join("config.json").exists()
}

/// The folder a file is in.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The GGUF file of a folder that holds nothing else to open.
///
/// # Errors
/// When there are several.
pub(crate) fn only_gguf(folder: &Path) -> Result<Option<PathBuf>> {
    if folder.join("config.json").exists() || folder.join("modules.json").exists() {
        return Ok(None);
    }
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = files.map(|file| file.path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "gguf")).collect();
    // Of a model in several files the first one counts.
    files.retain(|file| {
        let name = file.to_string_lossy();
        !name.contains("-of-") || name.contains("-00001-of-")
    });
    files.sort();
    match files.as_slice() {
        [first, _, ..] => {
            let why = format!("{} GGUF files are here: {}", files.len(), folder.display());
            Err(Problem::new(OPENING, why).cure(format!("Give one of them: {}", first.display())))
        }
        _ => Ok(files.pop()),
    }
}

/// The folder with `config.json`: the folder itself, or the one that `modules.json` of
/// sentence-transformers names for its transformer.
pub(crate) fn model_folder(whole: &Path) -> PathBuf {
    let inner = || {
        let modules = std::fs::read(whole.join("modules.json")).ok()?;
        let modules: Value = serde_json::from_slice(&modules).ok()?;
        let is_transformer = |module: &&Value| {
            let kind = module.get("type").and_then(Value::as_str).unwrap_or_default();
            kind.rsplit('.').next() == Some("Transformer")
        };
        let module = modules.as_array()?.iter().find(is_transformer)?;
        inside(whole, module.get("path")?.as_str()?)
    };
    if whole.join("config.json").exists() {
        return whole.to_owned();
    }
    inner().unwrap_or_else(|| whole.to_owned())
}

/// A folder directly inside another, by a name that a file gives: never out of it.
pub(crate) fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = name.trim_end_matches('/');
    let is_plain = !name.contains(['/', '\\', ':']) && name != ".." && name != ".";
    is_plain.then(|| folder.join(name))
}

/// Why a file is no model.
pub(crate) fn no_model(path: &Path) -> Problem {
    let here = path.display();
    let end = path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    let mut start = [0; 64];
    let read = std::fs::File::open(path).and_then(|mut f| std::io::Read::read(&mut f, &mut start));
    if read.is_ok() && is_lfs_pointer(&start) {
        return lfs_pointer(OPENING, path);
    }
    match end.to_ascii_lowercase().as_str() {
        "bin" | "pt" | "pth" | "ckpt" | "pkl" => {
            Problem::new(OPENING, format!("this is a pickle file: {here}")).cure(
                "Pickle files can run code when opened. Convert it: load the model with transformers, then \
                 model.save_pretrained(folder), and open that folder",
            )
        }
        "safetensors" => {
            Problem::new(OPENING, format!("there is no config.json beside this file: {here}"))
                .cure("Copy config.json and the tokenizer's files into its folder, and open that")
        }
        _ => Problem::new(OPENING, format!("this is a file, not a folder, and no GGUF file: {here}"))
            .cure("Choose the folder that holds config.json, or a GGUF file"),
    }
}

/// The `config.json` of a model's folder, with help for those who point elsewhere.
pub(crate) fn read_config(folder: &Path) -> Result<Vec<u8>> {
    let here = folder.display();
    if !folder.exists() {
        let names: Vec<&str> = BUNDLED.iter().map(|bundled| bundled.name).collect();
        return Err(Problem::new(OPENING, format!("there is no such folder: {here}"))
            .cure(format!("Give a model's folder, or a bundled model: {}", names.join(", "))));
    }
    let path = folder.join("config.json");
    let json = std::fs::read(&path).map_err(|e| {
        if folder.join("adapter_config.json").exists() {
            return Problem::new(OPENING, format!("this is an adapter (LoRA), not a model: {here}"))
                .cure("An adapter changes a model that is elsewhere; adapter_config.json names it");
        }
        Problem::new(OPENING, format!("config.json: {e}: {here}"))
            .cure("Choose a folder with config.json, model.safetensors and tokenizer.json, as Hugging Face publishes models")
    })?;
    if is_lfs_pointer(&json) {
        return Err(lfs_pointer(OPENING, &path));
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_from_what_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("m.gguf"), "").unwrap();
        assert_eq!(only_gguf(dir.path()), Ok(Some(at("m.gguf"))));
        std::fs::write(at("n.gguf"), "").unwrap();
        assert!(only_gguf(dir.path()).unwrap_err().why.contains("2 GGUF files"));
        assert!(!is_part_of_a_folder(&at("model.safetensors")));
        std::fs::write(at("config.json"), "{}").unwrap();
        assert!(is_part_of_a_folder(&at("model.safetensors")));
        assert_eq!(only_gguf(dir.path()), Ok(None));
        assert_eq!(inside(dir.path(), "../x"), None);
        assert_eq!(inside(dir.path(), "0_T/"), Some(at("0_T")));
    }

    #[test]
    fn pointers_are_called_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.gguf");
        std::fs::write(&path, "version https://git-lfs.github.com/spec/v1\noid sha256:0").unwrap();
        assert!(no_model(&path).why.contains("Git LFS pointer"));
    }
}
