//! How a text could go on: a tree with the prompt as its root and a token at every other node.
//!
//! The way from the root to a node is a text. Every node keeps what the model says may follow it, so
//! that going back costs nothing, and how it was chosen, so that the choice can be shown again. The
//! token number n of a text is decided by the coin number n of the seed: the same seed writes the
//! same text, however often one goes back and on again.

use super::coin_bar::coin;
use super::sampling::{Sampling, pick, softmax};

/// A node of a [`Tree`]; stays valid until the node is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(usize);

/// Before the first token that was written.
pub const ROOT: NodeId = NodeId(0);

/// How a token was chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// A coin fell on its slice of the probabilities left by these settings.
    Drawn {
        /// The settings then in force.
        sampling: Sampling,
        /// The coin.
        coin: f32,
    },
    /// By hand.
    Chosen,
}

/// A token that could follow the text before it.
#[derive(Clone, Debug)]
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
    /// The scores of what may follow, `[vocab]`, once the model has read this far.
    pub next: Option<Vec<f32>>,
}

/// Where a node stands in a drawing of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// Its depth.
    pub column: usize,
    /// Its line: a first child stays on the line of its parent, every other begins a new one.
    pub row: usize,
}

/// All continuations of one prompt.
#[derive(Clone, Debug)]
pub struct Tree {
    prompt: Vec<u32>,
    nodes: Vec<Node>,
}

impl Tree {
    /// A tree without continuations.
    pub fn new(prompt: Vec<u32>) -> Self {
        let root = Node {
            token: None,
            parent: None,
            children: Vec::new(),
            how: How::Chosen,
            prob: 1.0,
            log_prob: 0.0,
            depth: 0,
            next: None,
        };
        Self {
            prompt,
            nodes: vec![root],
        }
    }

    /// A node; the root for an id of another tree.
    pub fn get(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0).unwrap_or(&self.nodes[ROOT.0])
    }

    /// The node before; the root for the root.
    pub fn parent(&self, id: NodeId) -> NodeId {
        self.get(id).parent.unwrap_or(ROOT)
    }

    /// Remembers what may follow a node: scores of all tokens, `[vocab]`.
    pub fn learn(&mut self, id: NodeId, logits: Vec<f32>) {
        if let Some(node) = self.nodes.get_mut(id.0) {
            node.next = Some(logits);
        }
    }

    /// Goes on from a node with a token: to the child that has it, or to a new one. `None` while it
    /// is not known what may follow, or when the token is not in the vocabulary.
    pub fn grow(&mut self, id: NodeId, token: u32, how: How) -> Option<NodeId> {
        let node = self.nodes.get(id.0)?;
        let same = |&child: &NodeId| self.get(child).token == Some(token);
        if let Some(child) = node.children.iter().copied().find(same) {
            return Some(child);
        }
        let logits = node.next.as_ref()?;
        let prob = *softmax(logits).get(token as usize)?;
        let child = Node {
            token: Some(token),
            parent: Some(id),
            children: Vec::new(),
            how,
            prob,
            log_prob: node.log_prob + f64::from(prob).ln(),
            depth: node.depth + 1,
            next: None,
        };
        let new = NodeId(self.nodes.len());
        self.nodes.push(child);
        self.nodes.get_mut(id.0)?.children.push(new);
        Some(new)
    }

    /// The token these settings and this seed choose after a node, and how; `None` while it is not
    /// known what may follow. `n_ctx` is how many tokens the model can read.
    pub fn draw(
        &self,
        id: NodeId,
        sampling: &Sampling,
        seed: u64,
        n_ctx: usize,
    ) -> Option<(u32, How)> {
        let node = self.get(id);
        let logits = node.next.as_ref().filter(|logits| !logits.is_empty())?;
        let coin = coin(seed, node.depth);
        let probs = sampling.apply(logits, &self.context(id, n_ctx)).probs;
        let how = How::Drawn {
            sampling: sampling.clone(),
            coin,
        };
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

    /// Removes a node and everything after it; returns the node before. The root stays.
    pub fn remove(&mut self, id: NodeId) -> NodeId {
        let parent = self.parent(id);
        if let Some(node) = self.nodes.get_mut(parent.0) {
            node.children.retain(|&child| child != id);
        }
        for below in self.below(id) {
            self.nodes[below.0].next = None;
        }
        parent
    }

    /// A node and everything after it.
    fn below(&self, id: NodeId) -> Vec<NodeId> {
        let (mut found, mut waiting) = (Vec::new(), vec![id]);
        while let Some(id) = waiting.pop().filter(|&id| id != ROOT) {
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

    /// Where every node stands: lines run from left to right, branches begin beneath.
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        let mut n_rows = 1;
        let mut waiting = vec![(ROOT, Some(0))];
        while let Some((id, row)) = waiting.pop() {
            let row = row.unwrap_or_else(|| {
                n_rows += 1;
                n_rows - 1
            });
            let node = self.get(id);
            places.push(Place {
                node: id,
                column: node.depth,
                row,
            });
            // The last pushed is placed first: the first child with all that follows it.
            for (i, &child) in node.children.iter().enumerate().rev() {
                waiting.push((child, (i == 0).then_some(row)));
            }
        }
        places
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;

    /// Two equally likely tokens after every node that is asked about.
    fn known(tree: &mut Tree, id: NodeId) {
        tree.learn(id, vec![0.0, 0.0, f32::NEG_INFINITY]);
    }

    fn grow(tree: &mut Tree, id: NodeId, token: u32) -> NodeId {
        known(tree, id);
        tree.grow(id, token, How::Chosen).unwrap()
    }

    #[test]
    fn probabilities_multiply_along_a_path() {
        let mut tree = Tree::new(vec![7, 8]);
        let a = grow(&mut tree, ROOT, 0);
        let b = grow(&mut tree, a, 1);
        assert_eq!(tree.get(b).prob, 0.5);
        assert!((tree.get(b).log_prob - 0.25_f64.ln()).abs() < 1e-9);
        assert_eq!(tree.tokens(b), [0, 1]);
        assert_eq!(tree.context(b, 10), [7, 8, 0, 1]);
        assert_eq!(tree.context(b, 3), [8, 0, 1]);
    }

    #[test]
    fn the_same_token_is_the_same_child() {
        let mut tree = Tree::new(vec![7]);
        assert_eq!(tree.grow(ROOT, 0, How::Chosen), None);
        let a = grow(&mut tree, ROOT, 0);
        assert_eq!(grow(&mut tree, ROOT, 0), a);
        assert_eq!(tree.grow(ROOT, 99, How::Chosen), None);
        assert_eq!(tree.get(ROOT).children, [a]);
    }

    #[test]
    fn draws_depend_on_seed_and_depth_alone() {
        let mut tree = Tree::new(vec![7]);
        known(&mut tree, ROOT);
        let sampling = Sampling::default();
        let draw = tree.draw(ROOT, &sampling, 3, 10);
        assert_eq!(draw, tree.draw(ROOT, &sampling, 3, 10));
        let (token, how) = draw.unwrap();
        let first = coin(3, 0);
        assert_eq!(token, u32::from(first >= 0.5));
        assert_eq!(
            how,
            How::Drawn {
                sampling,
                coin: first
            }
        );
    }

    #[test]
    fn branches_begin_beneath() {
        let mut tree = Tree::new(vec![7]);
        let a = grow(&mut tree, ROOT, 0);
        let b = grow(&mut tree, a, 0);
        let c = grow(&mut tree, ROOT, 1);
        let d = grow(&mut tree, a, 1);
        let at = |id| {
            let places = tree.places();
            let place = places.iter().find(|place| place.node == id).unwrap();
            (place.column, place.row)
        };
        assert_eq!((at(ROOT), at(a), at(b)), ((0, 0), (1, 0), (2, 0)));
        assert_eq!((at(d), at(c)), ((2, 1), (1, 2)));
        assert_eq!(tree.ends(), [b, d, c]);
    }

    #[test]
    fn removing_takes_everything_after() {
        let mut tree = Tree::new(vec![7]);
        let a = grow(&mut tree, ROOT, 0);
        let b = grow(&mut tree, a, 1);
        known(&mut tree, b);
        assert_eq!(tree.remove(a), ROOT);
        assert_eq!(tree.places().len(), 1);
        assert_eq!(tree.get(b).next, None);
        assert_eq!(tree.remove(ROOT), ROOT);
    }
}
