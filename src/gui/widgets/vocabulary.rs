//! Finding tokens by what a person types: `cat`, ` cat`, `·cat` or `#345`.

use crate::background::{Lane, Task, finished};
use crate::model::{Checkpoint, Tokenizer};
use crate::trace::Token;
use std::sync::Arc;

/// What a person types to name tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Nothing: all tokens.
    All,
    /// `#345`: the token with that number.
    Id(u32),
    /// Tokens whose label has this in it, in lower case.
    Text(String),
}

impl Query {
    /// Reads what was typed. Spaces may be typed as they are or as the `·` they are shown as.
    pub fn parse(typed: &str) -> Self {
        let id = typed.trim().strip_prefix('#').map(str::parse);
        match id {
            Some(Ok(id)) => Self::Id(id),
            _ if typed.is_empty() => Self::All,
            _ => Self::Text(typed.replace(' ', "·").to_lowercase()),
        }
    }
}

/// The labels of a whole vocabulary, made in the background when they are first needed.
#[derive(Debug, Default)]
pub struct Vocabulary {
    model: Option<Arc<Checkpoint>>,
    labels: Option<Vec<String>>,
    making: Option<Task<Vec<String>>>,
}

impl Vocabulary {
    /// Takes the labels when they are there.
    pub fn receive(&mut self) {
        if let Some(Ok(labels)) = finished(&mut self.making) {
            self.labels = Some(labels);
        }
    }

    /// Are the labels being made?
    pub fn is_busy(&self) -> bool {
        self.making.is_some()
    }

    /// The lower-case labels of all tokens of a model, by id; `None` while they are being made.
    pub fn labels(&mut self, model: &Arc<Checkpoint>, lane: &Lane) -> Option<&[String]> {
        let is_known = self.model.as_ref().is_some_and(|known| Arc::ptr_eq(known, model));
        if !is_known {
            self.model = Some(Arc::clone(model));
            self.labels = None;
            let model = Arc::clone(model);
            let label = move |id: usize| model.tokenizer.token(id as u32).label().to_lowercase();
            let n = self.model.as_ref().map_or(0, |model| model.info.vocab_size);
            self.making = Some(Task::spawn(lane, move |_| Ok((0..n).map(label).collect())));
        }
        self.labels.as_deref()
    }
}

/// Those of `order` that a query names, in the same order.
pub fn matching(order: &[u32], labels: &[String], query: &Query) -> Vec<u32> {
    let fits = |&id: &u32| match query {
        Query::All => true,
        Query::Id(wanted) => id == *wanted,
        Query::Text(text) => labels.get(id as usize).is_some_and(|label| label.contains(text)),
    };
    order.iter().copied().filter(fits).collect()
}

/// The one token a person means by a text: the vocabulary's entry, or the first token of the text.
pub fn meant(tokenizer: &Tokenizer, vocab_size: usize, typed: &str) -> Option<Token> {
    let token = match Query::parse(typed) {
        Query::All => None,
        Query::Id(id) => Some(tokenizer.token(id)),
        Query::Text(_) => {
            let text = typed.replace('·', " ");
            let tokens = tokenizer.encode(&text).ok()?;
            tokens.into_iter().find(|token| !token.span.is_empty())
        }
    };
    token.filter(|token| (token.id as usize) < vocab_size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BUNDLED;

    #[test]
    fn what_is_typed_names_tokens() {
        assert_eq!(Query::parse(""), Query::All);
        assert_eq!(Query::parse(" #12 "), Query::Id(12));
        assert_eq!(Query::parse("#a"), Query::Text("#a".into()));
        assert_eq!(Query::parse(" Cat"), Query::Text("·cat".into()));
        let labels = ["·cat", "cats", "dog"].map(str::to_owned);
        let order = [2, 1, 0];
        let found = |typed| matching(&order, &labels, &Query::parse(typed));
        assert_eq!((found("cat"), found(" cat")), (vec![1, 0], vec![0]));
        assert_eq!((found("#2"), found("#9"), found("")), (vec![2], vec![], vec![2, 1, 0]));
    }

    #[test]
    fn one_token_is_meant() {
        let tokenizer = Tokenizer::parse(BUNDLED[0].tokenizer).unwrap();
        let label = |typed| meant(&tokenizer, 4096, typed).map(|token| token.label());
        assert_eq!(label(" the"), Some("·the".into()));
        assert_eq!(label("·the"), Some("·the".into()));
        assert_eq!((label(""), label("#4096")), (None, None));
    }
}
