//! The name of a model on the hub.

use crate::problem::{Problem, Result};

/// What names of models on the hub begin with here, so that they cannot be mistaken for folders.
const SCHEME: &str = "hf:";

/// A model on the hub, at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    /// `owner/name`, or the bare name of the oldest models.
    pub name: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl Repo {
    /// Is it the name of a model on the hub, rather than a folder or a file?
    pub fn is_named(name: &str) -> bool {
        name.starts_with(SCHEME)
    }

    /// Reads `hf:owner/name` or `hf:owner/name@revision`.
    ///
    /// # Errors
    /// When it is no such name; nothing that could lead outside the cache is one.
    pub fn parse(text: &str) -> Result<Self> {
        let name = text.strip_prefix(SCHEME).unwrap_or(text).trim();
        let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
        let parts: Vec<&str> = name.split('/').collect();
        let is_name = parts.len() <= 2 && parts.iter().all(|part| is_plain(part));
        if !is_name || !revision.split('/').all(is_plain) {
            let why = format!("{text:?} is no name of a model on Hugging Face");
            return Err(Problem::new("Could not open the model", why)
                .cure("Give it as hf:owner/name, such as hf:openai-community/gpt2"));
        }
        Ok(Self { name: name.to_owned(), revision: revision.to_owned() })
    }

    /// The name of its folder in the cache.
    pub fn folder(&self) -> String {
        format!("models--{}", self.name.replace('/', "--"))
    }
}

impl std::fmt::Display for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{SCHEME}{}", self.name)?;
        match self.revision.as_str() {
            "main" => Ok(()),
            revision => write!(f, "@{revision}"),
        }
    }
}

/// Letters, digits, dots, dashes and underscores, but not only dots.
pub(super) fn is_plain(part: &str) -> bool {
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    part.chars().all(is_known) && part.chars().any(|c| c != '.') && part.len() <= 96
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        let repo = Repo::parse("hf:openai-community/gpt2").unwrap();
        assert_eq!((repo.name.as_str(), repo.revision.as_str()), ("openai-community/gpt2", "main"));
        assert_eq!(repo.folder(), "models--openai-community--gpt2");
        assert_eq!(repo.to_string(), "hf:openai-community/gpt2");
        let repo = Repo::parse("hf:Qwen/Qwen2.5-0.5B@refs/pr/3").unwrap();
        assert_eq!(
            (repo.revision.as_str(), repo.to_string().as_str()),
            ("refs/pr/3", "hf:Qwen/Qwen2.5-0.5B@refs/pr/3")
        );
        assert!(Repo::parse("hf:gpt2").is_ok());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in [
            "hf:",
            "hf:/",
            "hf:a/",
            "hf:../x",
            "hf:a/..",
            "hf:a/b/c",
            "hf:a b/c",
            "hf:a/b@",
            "hf:a/b@../../etc",
            "hf:a/b?x",
            "hf:a/b#x",
            "hf:a\\b",
            "hf:é/b",
            "hf:a/b@x y",
        ] {
            assert!(Repo::parse(bad).is_err(), "{bad}");
        }
    }
}
