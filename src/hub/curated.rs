//! Models worth opening first.

use serde::Deserialize;
use std::sync::OnceLock;

/// A model on the hub that shows something well.
#[derive(Debug, Deserialize)]
pub struct Curated {
    /// `owner/name`.
    pub name: String,
    /// Megabytes to download, about.
    pub megabytes: u32,
    /// The licence its authors give it.
    pub licence: String,
    /// What it is good for showing.
    pub shows: String,
}

/// The list in `assets/hub.json`.
pub fn curated() -> &'static [Curated] {
    static LIST: OnceLock<Vec<Curated>> = OnceLock::new();
    LIST.get_or_init(|| {
        // A test reads it, so that it is never empty.
        serde_json::from_str(include_str!("../../assets/hub.json")).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Repo;

    #[test]
    fn every_entry_is_a_name() {
        assert!(curated().len() >= 6);
        for model in curated() {
            assert!(Repo::parse(&model.name).is_ok() && model.name.contains('/'));
            assert!(model.megabytes > 0 && !model.licence.is_empty() && !model.shows.is_empty());
        }
    }
}
