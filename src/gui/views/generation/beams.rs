//! A beam search, drawn in the tree step by step.

use crate::math::beam::{BeamSearch, BeamSettings};
use crate::math::sampling::{Sampling, softmax};
use crate::math::tree::{How, NodeId, Tree};
use crate::session::{Scores, log_probs};

/// A search that goes on from a node.
#[derive(Debug)]
pub(super) struct Beams {
    start: NodeId,
    search: BeamSearch,
}

impl Beams {
    pub(super) fn new(start: NodeId, settings: BeamSettings) -> Self {
        Self { start, search: BeamSearch::new(settings) }
    }

    pub(super) fn is_over(&self) -> bool {
        self.search.is_over()
    }

    /// The last tokens of the texts that are followed.
    pub(super) fn tips(&self, tree: &Tree) -> Vec<NodeId> {
        let texts = self.search.running().iter();
        texts.filter_map(|beam| self.node(tree, &beam.tokens)).collect()
    }

    /// The node where a text of the search ends.
    fn node(&self, tree: &Tree, tokens: &[u32]) -> Option<NodeId> {
        let child = |at: NodeId, &token: &u32| tree.child(at, token);
        tokens.iter().try_fold(self.start, child)
    }

    /// Writes one token more on every text. `scores` and `contexts` are those of [`Self::tips`].
    /// Returns where the best text ends now; `None` when the tree is full.
    pub(super) fn step(
        &mut self,
        tree: &mut Tree,
        sampling: &Sampling,
        scores: &[Scores],
        contexts: &[Vec<u32>],
    ) -> Option<NodeId> {
        let before = self.search.running().to_vec();
        let read = scores.iter().zip(contexts);
        let log_probs: Vec<Vec<f32>> =
            read.map(|(scores, context)| log_probs(scores, sampling, context)).collect();
        self.search.step(&log_probs);
        let probs: Vec<Vec<f32>> = scores.iter().map(|scores| softmax(scores)).collect();
        let running = self.search.running().iter().map(|beam| &beam.tokens);
        let finished = self.search.finished().iter().map(|beam| &beam.tokens);
        for (rank, tokens) in running.chain(finished).enumerate() {
            let Some((&last, start)) = tokens.split_last() else {
                continue;
            };
            // Texts that ended earlier are in the tree already.
            let Some(parent) = before.iter().position(|beam| beam.tokens == start) else {
                continue;
            };
            let prob = probs.get(parent)?.get(last as usize).copied()?;
            let node = self.node(tree, start)?;
            tree.grow(node, last, How::Beam { rank }, prob)?;
        }
        let best = if self.search.is_over() {
            self.search.finished().first().map(|text| &text.tokens)
        } else {
            self.search.running().first().map(|text| &text.tokens)
        };
        self.node(tree, best?)
    }
}
