//! Where models from the hub are kept, and what is there.
//!
//! The layout is that of `huggingface_hub`: `models--owner--name/refs/main` holds a commit,
//! `snapshots/{commit}/` the files of that commit, which are links into `blobs/`.

use super::Repo;
use crate::problem::{Problem, Result};
use std::path::{Path, PathBuf};

/// The hub: where it is, who asks, and what was downloaded before.
#[derive(Debug, Clone)]
pub struct Hub {
    /// `https://huggingface.co`, or a mirror.
    pub endpoint: String,
    /// The folder of the cache.
    pub cache: PathBuf,
    /// Proves who asks, for models that are not public.
    pub token: Option<String>,
    /// Never ask the network.
    pub is_offline: bool,
}

impl Hub {
    /// As the environment says.
    pub fn from_env() -> Self {
        Self::configured(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
    }

    fn configured(variable: impl Fn(&str) -> Option<String>) -> Self {
        let home = variable("HF_HOME").map(PathBuf::from);
        let home =
            home.or_else(|| Some(PathBuf::from(variable("XDG_CACHE_HOME")?).join("huggingface")));
        let home = home.or_else(|| {
            let user = variable("HOME").or_else(|| variable("USERPROFILE"))?;
            Some(PathBuf::from(user).join(".cache/huggingface"))
        });
        // Without any home, a folder where the program was started is better than nothing.
        let home = home.unwrap_or_else(|| PathBuf::from(".cache/huggingface"));
        let cache = variable("HF_HUB_CACHE").map_or_else(|| home.join("hub"), PathBuf::from);
        let endpoint =
            variable("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        let token =
            variable("HF_TOKEN").or_else(|| std::fs::read_to_string(home.join("token")).ok());
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let is_offline = variable("HF_HUB_OFFLINE").is_some_and(|value| {
            matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
        });
        Self { endpoint: endpoint.trim_end_matches('/').to_owned(), cache, token, is_offline }
    }

    /// The folder of a model that was downloaded before, if all that is needed of it is there.
    pub fn cached(&self, repo: &Repo) -> Option<PathBuf> {
        let folder = self.cache.join(repo.folder());
        let refs = folder.join("refs");
        let commit = std::fs::read_to_string(refs.join(&repo.revision));
        let commit = commit.or_else(|e| match repo.revision.as_str() {
            "main" => only_proposal(&refs).ok_or(e),
            _ => Err(e),
        });
        // A revision may be a commit itself.
        let commit = commit.unwrap_or_else(|_| repo.revision.clone());
        let commit = commit.trim();
        let snapshot = folder.join("snapshots").join(commit);
        (is_commit(commit) && is_complete(&snapshot)).then_some(snapshot)
    }

    /// The folder of a model that was downloaded before.
    ///
    /// # Errors
    /// When it is not in the cache.
    pub fn folder(&self, repo: &Repo) -> Result<PathBuf> {
        self.cached(repo).ok_or_else(|| {
            let why = format!("{repo} has not been downloaded to {}", self.cache.display());
            Problem::new("Could not open the model", why)
                .cure("Download it: in the window by the name of the model, or on the command line with --model")
        })
    }
}

/// The commit of a proposed change, when such a one is all that was downloaded: that with the weights
/// in the safe format.
fn only_proposal(refs: &Path) -> Option<String> {
    let entries = std::fs::read_dir(refs.join("refs/pr")).ok()?;
    let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    match paths.as_slice() {
        [path] => std::fs::read_to_string(path).ok(),
        _ => None,
    }
}

/// Commits are 40 hexadecimal digits; nothing else leads into a folder.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Are the config and all weights there? Python may have fetched the config alone.
fn is_complete(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    let index = std::fs::read(folder.join("model.safetensors.index.json"));
    let has_parts = || {
        index.is_ok_and(|json| parts(&json).is_some_and(|names| names.iter().all(|name| has(name))))
    };
    has("config.json") && (has("model.safetensors") || has_parts())
}

/// The names of the files in an index of weights.
fn parts(json: &[u8]) -> Option<Vec<String>> {
    let index: serde_json::Value = serde_json::from_slice(json).ok()?;
    let map = index.get("weight_map")?.as_object()?;
    let mut names: Vec<String> =
        map.values().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        Hub::configured(|name| variables.get(name).map(|&value| value.to_owned()))
    }

    #[test]
    fn the_environment_decides() {
        let plain = hub(&[("HOME", "/home/ada")]);
        assert_eq!(plain.cache, Path::new("/home/ada/.cache/huggingface/hub"));
        assert_eq!((plain.endpoint.as_str(), plain.token), ("https://huggingface.co", None));
        let own = hub(&[
            ("HF_HOME", "/data/hf"),
            ("HF_ENDPOINT", "http://mirror/"),
            ("HF_TOKEN", " t \n"),
            ("HF_HUB_OFFLINE", "1"),
        ]);
        assert_eq!(own.cache, Path::new("/data/hf/hub"));
        assert_eq!(
            (own.endpoint.as_str(), own.token.as_deref(), own.is_offline),
            ("http://mirror", Some("t"), true)
        );
        assert_eq!(hub(&[("HF_HOME", "/a"), ("HF_HUB_CACHE", "/b")]).cache, Path::new("/b"));
        assert_eq!(hub(&[("XDG_CACHE_HOME", "/c")]).cache, Path::new("/c/huggingface/hub"));
    }

    #[test]
    fn a_token_may_be_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "secret\n").unwrap();
        let home = dir.path().to_str().unwrap();
        assert_eq!(hub(&[("HF_HOME", home)]).token.as_deref(), Some("secret"));
    }

    #[test]
    fn only_whole_models_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let hub = hub(&[("HF_HUB_CACHE", dir.path().to_str().unwrap())]);
        let repo = Repo::parse("hf:a/b").unwrap();
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let folder = dir.path().join("models--a--b");
        let snapshot = folder.join("snapshots").join(commit);
        std::fs::create_dir_all(&snapshot).unwrap();
        std::fs::create_dir_all(folder.join("refs")).unwrap();
        std::fs::write(folder.join("refs/main"), commit).unwrap();
        std::fs::write(snapshot.join("config.json"), "{}").unwrap();
        assert_eq!(hub.cached(&repo), None);
        let index = r#"{"weight_map":{"x":"model-1.safetensors","y":"model-2.safetensors"}}"#;
        std::fs::write(snapshot.join("model.safetensors.index.json"), index).unwrap();
        std::fs::write(snapshot.join("model-1.safetensors"), "").unwrap();
        assert!(hub.folder(&repo).unwrap_err().why.contains("hf:a/b has not been downloaded"));
        std::fs::write(snapshot.join("model-2.safetensors"), "").unwrap();
        assert_eq!(hub.cached(&repo), Some(snapshot.clone()));
        let exact = Repo::parse(&format!("hf:a/b@{commit}")).unwrap();
        assert_eq!(hub.cached(&exact), Some(snapshot));
        std::fs::write(folder.join("refs/main"), "../../../..").unwrap();
        assert_eq!(hub.cached(&repo), None);
    }
}
