//! The files beside a vocabulary, and the tokens they add to it.

use super::READING;
use crate::model::text::chat::role_token;
use crate::model::text::tokenizer_class::Class;
use crate::problem::{Problem, Result};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use tokenizers::{AddedToken, Tokenizer as Inner};

/// What special tokens are for.
const ROLES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
/// Lists of more special tokens.
const LISTS: [&str; 2] = ["additional_special_tokens", "extra_special_tokens"];

/// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`.
#[derive(Debug)]
pub(crate) struct Beside {
    config: Value,
    names: Value,
    added: Map<String, Value>,
    pub(super) class: Class,
}

impl Beside {
    /// Reads those that are in a model's folder.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let json = |name: &str| read_json(&folder.join(name));
        let has = |name: &str| folder.join(name).exists();
        let (mut config, model) = (json("tokenizer_config.json")?, json("config.json")?);
        if let Some(fields) = config.as_object_mut().filter(|_| has("tokenizer.json")) {
            // What is put around a text is then in that file, as in transformers.
            fields.remove("add_bos_token");
            fields.remove("add_eos_token");
        }
        let text = |json: &Value, field| Some(json.get(field)?.as_str()?.to_owned());
        let named = text(&config, "tokenizer_class").or_else(|| text(&model, "tokenizer_class"));
        let class = match Class::of(named.as_deref(), text(&model, "model_type").as_deref()) {
            // Nobody says, but only two kinds of models were published in such files.
            Class::Other if named.is_none() && !has("tokenizer.json") => {
                if has("merges.txt") {
                    Class::Gpt2
                } else if has("vocab.txt") {
                    Class::Bert
                } else {
                    Class::Other
                }
            }
            class => class,
        };
        let added = match json("added_tokens.json")? {
            Value::Object(added) => added,
            _ => Map::new(),
        };
        Ok(Self { config, names: json("special_tokens_map.json")?, added, class })
    }

    /// A switch of `tokenizer_config.json`, if it is set.
    pub(crate) fn switch(&self, field: &str) -> Option<bool> {
        self.config.get(field)?.as_bool()
    }

    /// The token of a role, of `tokenizer_config.json`, `special_tokens_map.json` or the class.
    pub(crate) fn token(&self, role: &str) -> Option<String> {
        let of_class = || self.class.default_token(role).map(str::to_owned);
        role_token(&self.config, &self.names, role).or_else(of_class)
    }

    /// Adds the tokens that are not in the vocabulary, in the order of their ids, and marks those that
    /// are found in a text as a whole: as `TokenizersBackend` of transformers does.
    ///
    /// # Errors
    /// When they do not get the ids they have in the files.
    pub(super) fn add_tokens(&self, inner: &mut Inner) -> Result<()> {
        let problem = |e: tokenizers::Error| Problem::new(READING, e);
        for (id, token) in self.numbered() {
            let content = token.content.clone();
            inner.add_tokens([token]).map_err(problem)?;
            match inner.token_to_id(&content) {
                Some(got) if u64::from(got) != id => {
                    let why = format!("{content:?} is token {id} in one file and {got} in another");
                    return Err(Problem::new(READING, why)
                        .cure("The files of the tokenizer belong to different models"));
                }
                _ => {}
            }
        }
        let known = inner.get_added_vocabulary().get_added_tokens_decoder();
        let known: Vec<String> = known.values().map(|token| token.content.clone()).collect();
        let is_new = |token: &AddedToken| !known.contains(&token.content);
        let defaults = ROLES.into_iter().filter_map(|role| self.class.default_token(role));
        // What only the class names is of no use where the vocabulary does not have it.
        let defaults = defaults.filter(|token| inner.token_to_id(token).is_some());
        let defaults: Vec<_> = defaults.map(|token| AddedToken::from(token, true)).collect();
        for token in self.named().into_iter().chain(defaults).filter(is_new) {
            inner.add_special_tokens([token]).map_err(problem)?;
        }
        Ok(())
    }

    /// Tokens that the files give an id.
    fn numbered(&self) -> BTreeMap<u64, AddedToken> {
        if let Some(tokens) = self.config.get("added_tokens_decoder").and_then(Value::as_object) {
            let token = |(id, token): (&String, &Value)| Some((id.parse().ok()?, added(token)?));
            return tokens.iter().filter_map(token).collect();
        }
        let special: Vec<String> = self.named().into_iter().map(|token| token.content).collect();
        let token = |(content, id): (&String, &Value)| {
            let is_special = special.contains(content);
            Some((id.as_u64()?, AddedToken::from(content.as_str(), is_special)))
        };
        self.added.iter().filter_map(token).collect()
    }

    /// Tokens that the files give a role or list as special. Where the first file says all about added
    /// tokens, the older one is not asked.
    fn named(&self) -> Vec<AddedToken> {
        let says_all = self.config.get("added_tokens_decoder").is_some();
        let files = [Some(&self.config), (!says_all).then_some(&self.names)];
        let values = |field: &&str| {
            let found = files.iter().flatten().find_map(|file| file.get(*field));
            match found {
                Some(Value::Array(tokens)) => tokens.clone(),
                Some(Value::Object(tokens)) if !tokens.contains_key("content") => {
                    tokens.values().cloned().collect()
                }
                found => found.cloned().into_iter().collect(),
            }
        };
        let tokens = ROLES.iter().chain(&LISTS).flat_map(values);
        tokens.filter_map(|token| Some(AddedToken { special: true, ..added(&token)? })).collect()
    }
}

/// A token as files write it: its text alone, or with how it is found.
fn added(token: &Value) -> Option<AddedToken> {
    if let Some(content) = token.as_str().filter(|content| !content.is_empty()) {
        return Some(AddedToken::from(content, true));
    }
    let is_on = |field: &str| token.get(field).and_then(Value::as_bool);
    let special = is_on("special").unwrap_or(false);
    let content = token.get("content")?.as_str().filter(|content| !content.is_empty())?;
    Some(AddedToken {
        content: content.to_owned(),
        single_word: is_on("single_word").unwrap_or(false),
        lstrip: is_on("lstrip").unwrap_or(false),
        rstrip: is_on("rstrip").unwrap_or(false),
        normalized: is_on("normalized").unwrap_or(!special),
        special,
    })
}

/// The text of a JSON file beside the vocabulary, or null when there is none.
fn read_json(path: &Path) -> Result<Value> {
    let at = |why: String| Problem::new(READING, format!("{why}: {}", path.display()));
    match std::fs::read(path) {
        Ok(json) => serde_json::from_slice(&json).map_err(|e| at(e.to_string())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(e) => Err(at(e.to_string())),
    }
}
