//! What all views point at together.

use crate::gui::contract::command::Target;
use crate::trace::Trace;
use serde::{Deserialize, Serialize};

/// A head, one or two tokens and a neuron. Hovering shows a selection for a moment, clicking keeps
/// it: the same type serves for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// Block.
    pub layer: usize,
    /// Head.
    pub head: usize,
    /// The token that looks, or that is looked into.
    pub query: Option<usize>,
    /// The token that is looked at.
    pub key: Option<usize>,
    /// Neuron of the MLP.
    pub neuron: Option<usize>,
}

impl Selection {
    /// The same selection with one thing pointed at.
    pub fn at(mut self, target: Target) -> Self {
        match target {
            Target::Token(pos) => (self.query, self.key) = (Some(pos), None),
            Target::Head { layer, head } => (self.layer, self.head) = (layer, head),
            Target::Cell { query, key } => (self.query, self.key) = (Some(query), Some(key)),
            Target::Neuron { layer, neuron } => {
                (self.layer, self.neuron) = (layer, Some(neuron));
            }
        }
        self
    }

    /// Is this what is selected?
    pub fn holds(&self, target: Target) -> bool {
        match target {
            Target::Token(pos) => self.query == Some(pos),
            Target::Head { layer, head } => (self.layer, self.head) == (layer, head),
            Target::Cell { query, key } => (self.query, self.key) == (Some(query), Some(key)),
            Target::Neuron { layer, neuron } => (self.layer, self.neuron) == (layer, Some(neuron)),
        }
    }

    /// The part of the selection that exists in a recording: another text may be shorter, another
    /// model smaller.
    pub fn within(mut self, trace: &Trace) -> Self {
        let (model, n_tokens) = (&trace.model, trace.tokens.len());
        let n_keys = trace.key_tokens().len();
        self.layer = self.layer.min(model.n_layers.saturating_sub(1));
        self.head = self.head.min(model.n_heads.saturating_sub(1));
        self.query = self.query.filter(|&pos| pos < n_tokens);
        self.key = self.key.filter(|&pos| pos < n_keys);
        self.neuron = self.neuron.filter(|&neuron| neuron < model.d_mlp);
        self
    }

    /// The token that looks: the chosen one, or the last.
    pub fn query_or_last(&self, trace: &Trace) -> usize {
        let last = trace.tokens.len().saturating_sub(1);
        self.query.unwrap_or(last).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointing_replaces_what_it_names() {
        let selection = Selection::default().at(Target::Cell { query: 3, key: 1 });
        assert!(
            selection.holds(Target::Cell { query: 3, key: 1 }) && selection.holds(Target::Token(3))
        );
        let selection = selection.at(Target::Head { layer: 2, head: 4 });
        assert_eq!((selection.layer, selection.head, selection.query), (2, 4, Some(3)));
        assert_eq!(selection.at(Target::Token(0)).key, None);
    }
}
