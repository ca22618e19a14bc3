//! How a text could go on: a tree with the prompt as its root and a token at every other node.
//!
//! The way from the root to a node is a text. Every node remembers how its token was chosen and how
//! likely it was, so that the choice can be shown again; the scores it was chosen from are kept
//! elsewhere for a while and can always be read again. The token number n of a text is decided by
//! the coin number n of the seed: the same seed writes the same text, however often one goes back
//! and on again.

mod file;
mod places;
mod shared;

pub use places::Place;
pub use shared::SharedTree;

use super::coin_bar::coin;
use super::sampling::{Sampling, pick};
use std::collections::BTreeSet;

/// A node of a [`Tree`]; stays valid until the node is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(usize);

/// Before the first token that was written.
pub const ROOT: NodeId = NodeId(0);

/// How many nodes a tree has at most.
pub const MOST_NODES: usize = 5_000;

/// How a token was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// A coin fell on its slice of the probabilities left by the settings then in force.
    Drawn {
        /// Which of the tree's settings; see [`Tree::settings`].
        settings: usize,
        /// The coin.
        coin: f32,
    },
    /// It continued one of the likeliest texts.
    Beam {
        /// The place of its text among all that were followed then, 0 the likeliest.
        rank: usize,
    },
    /// By hand.
    Chosen,
}

/// A token that could follow the text before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The token; `None` at the root.
    pub token: Option<u32>,
    /// The node before; `None` at the root.
    pub parent: Option<NodeId>,
    /// What was written after it, oldest first.
    pub children: Vec<NodeId>,
    /// How it was chosen.
    pub how: How,
    /// The model's own probability of the token after the text before it.
    pub prob: f32,
    /// Natural logarithm of the model's own probability of all tokens from the root to here.
    pub log_prob: f64,
    /// Number of tokens from the root to here.
    pub depth: usize,
    /// Is the text that ends here to be kept, whatever else is removed?
    pub is_kept: bool,
}

/// All continuations of one prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The model the tokens belong to.
    pub model: String,
    /// The text that is continued, as it was typed.
    pub text: String,
    prompt: Vec<u32>,
    nodes: Vec<Node>,
    settings: Vec<Sampling>,
    at: NodeId,
}

impl Tree {
    /// A tree without continuations of `text`, which the model reads as the tokens `prompt`.
    pub fn new(model: String, text: String, prompt: Vec<u32>) -> Self {
        let root = Node {
            token: None,
            parent: None,
            children: Vec::new(),
            how: How::Chosen,
            prob: 1.0,
            log_prob: 0.0,
            depth: 0,
            is_kept: false,
        };
        Self { model, text, prompt, nodes: vec![root], settings: Vec::new(), at: ROOT }
    }

    /// The tokens of the prompt.
    pub fn prompt(&self) -> &[u32] {
        &self.prompt
    }

    /// The last token of the text that is looked at.
    pub fn at(&self) -> NodeId {
        self.at
    }

    /// Looks at another text; at the root for an id of another tree.
    pub fn go(&mut self, id: NodeId) {
        self.at = if id.0 < self.nodes.len() { id } else { ROOT };
    }

    /// A node; the root for an id of another tree.
    pub fn get(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0).unwrap_or(&self.nodes[ROOT.0])
    }

    /// The node before; the root for the root.
    pub fn parent(&self, id: NodeId) -> NodeId {
        self.get(id).parent.unwrap_or(ROOT)
    }

    /// The settings a token was drawn with.
    pub fn settings(&self, how: How) -> Option<&Sampling> {
        match how {
            How::Drawn { settings, .. } => self.settings.get(settings),
            How::Beam { .. } | How::Chosen => None,
        }
    }

    /// Goes on from a node with a token, which the model gives the probability `prob`: to the child
    /// that has it, or to a new one. `None` when the tree is full.
    pub fn grow(&mut self, id: NodeId, token: u32, how: How, prob: f32) -> Option<NodeId> {
        if let Some(child) = self.child(id, token) {
            return Some(child);
        }
        let new = NodeId(self.nodes.len());
        if new.0 >= MOST_NODES {
            return None;
        }
        let node = self.nodes.get_mut(id.0)?;
        node.children.push(new);
        let child = Node {
            token: Some(token),
            parent: Some(id),
            children: Vec::new(),
            how,
            prob,
            log_prob: node.log_prob + f64::from(prob).ln(),
            depth: node.depth + 1,
            is_kept: false,
        };
        self.nodes.push(child);
        Some(new)
    }

    /// What was written after a node with this token.
    pub fn child(&self, id: NodeId, token: u32) -> Option<NodeId> {
        let mut children = self.get(id).children.iter().copied();
        children.find(|&child| self.get(child).token == Some(token))
    }

    /// The token these settings and this seed choose after a node whose scores of what may follow are
    /// `logits`, `[vocab]`, and how; `None` without any. `n_ctx` is how many tokens the model can read.
    pub fn draw(
        &mut self,
        id: NodeId,
        logits: &[f32],
        sampling: &Sampling,
        (seed, n_ctx): (u64, usize),
    ) -> Option<(u32, How)> {
        if logits.is_empty() {
            return None;
        }
        let coin = coin(seed, self.get(id).depth);
        let probs = sampling.apply(logits, &self.context(id, n_ctx)).probs;
        let known = self.settings.iter().position(|known| known == sampling);
        let settings = known.unwrap_or_else(|| {
            self.settings.push(sampling.clone());
            self.settings.len() - 1
        });
        let how = How::Drawn { settings, coin };
        Some((pick(&probs, coin) as u32, how))
    }

    /// The nodes from the first token after the root to a node.
    pub fn path(&self, id: NodeId) -> Vec<NodeId> {
        let mut path = Vec::new();
        let mut at = Some(id).filter(|id| id.0 < self.nodes.len());
        while let Some(id) = at.filter(|&id| id != ROOT) {
            path.push(id);
            at = self.get(id).parent;
        }
        path.reverse();
        path
    }

    /// The tokens written from the root to a node.
    pub fn tokens(&self, id: NodeId) -> Vec<u32> {
        let tokens = self.path(id).into_iter();
        tokens.filter_map(|id| self.get(id).token).collect()
    }

    /// What the model reads to go on after a node: prompt and tokens, as many from the end as fit.
    pub fn context(&self, id: NodeId, n_ctx: usize) -> Vec<u32> {
        let mut context = self.prompt.clone();
        context.extend(self.tokens(id));
        context.drain(..context.len().saturating_sub(n_ctx));
        context
    }

    /// Keeps the text that ends at a node, or keeps it no more.
    pub fn keep(&mut self, id: NodeId, is_kept: bool) {
        if let Some(node) = self.nodes.get_mut(id.0).filter(|_| id != ROOT) {
            node.is_kept = is_kept;
        }
    }

    /// Removes a node and everything after it and looks at the node before. The root stays, and so
    /// does what leads to a kept text: `false` if nothing was removed.
    pub fn remove(&mut self, id: NodeId) -> bool {
        let has_kept = |&id: &NodeId| self.get(id).is_kept;
        if id == ROOT || self.below(id).iter().any(has_kept) {
            return false;
        }
        let parent = self.parent(id);
        if self.path(self.at).contains(&id) {
            self.at = parent;
        }
        if let Some(node) = self.nodes.get_mut(parent.0) {
            node.children.retain(|&child| child != id);
        }
        true
    }

    /// Removes all texts but the kept ones and the one that is looked at.
    pub fn remove_others(&mut self) {
        let kept = self.kept().into_iter().chain([self.at]);
        let staying: BTreeSet<NodeId> = kept.flat_map(|id| self.path(id)).collect();
        for node in &mut self.nodes {
            node.children.retain(|child| staying.contains(child));
        }
    }

    /// The ends of all texts that are kept.
    pub fn kept(&self) -> Vec<NodeId> {
        let places = self.places().into_iter().map(|place| place.node);
        places.filter(|&id| self.get(id).is_kept).collect()
    }

    /// A node and everything after it.
    fn below(&self, id: NodeId) -> Vec<NodeId> {
        let (mut found, mut waiting) = (Vec::new(), vec![id]);
        while let Some(id) = waiting.pop() {
            waiting.extend(&self.get(id).children);
            found.push(id);
        }
        found
    }

    /// The ends of all branches: nodes after which nothing was written, but not the root.
    pub fn ends(&self) -> Vec<NodeId> {
        let places = self.places().into_iter().map(|place| place.node);
        let is_end = |&id: &NodeId| id != ROOT && self.get(id).children.is_empty();
        places.filter(is_end).collect()
    }

    /// How many tokens two texts share from the root on.
    pub fn shared(&self, a: NodeId, b: NodeId) -> usize {
        let (a, b) = (self.path(a), self.path(b));
        a.iter().zip(&b).take_while(|(a, b)| a == b).count()
    }
}

#[cfg(test)]
mod tests;
