//! A tree as it is written to files: a list of tokens, each with the place of the one before it.
//!
//! Whatever can be derived is left out, and a file that contradicts itself is refused.

use super::{How, MOST_NODES, NodeId, ROOT, Tree};
use crate::math::sampling::Sampling;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The tree.
#[derive(Serialize, Deserialize)]
struct File {
    model: String,
    text: String,
    prompt: Vec<u32>,
    /// Settings that tokens were drawn with.
    settings: Vec<Sampling>,
    /// Every node but the root, each after the one before it.
    tokens: Vec<Entry>,
    /// The node that is looked at; 0 is the root, 1 the first token of the list.
    at: usize,
}

/// A token of the tree.
#[derive(Serialize, Deserialize)]
struct Entry {
    id: u32,
    /// What it follows: 0 the prompt, 1 the first token of the list, and so on.
    after: usize,
    prob: f32,
    how: Choice,
    #[serde(default, skip_serializing_if = "is_false")]
    kept: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    /// With these of the settings, by this coin.
    Drawn(usize, f32),
    Beam(usize),
    Chosen,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nodes: Vec<NodeId> = self.places().iter().map(|place| place.node).collect();
        let mut index = vec![0; self.nodes.len()];
        for (i, node) in nodes.iter().enumerate() {
            index[node.0] = i;
        }
        let entry = |&id: &NodeId| {
            let node = self.get(id);
            let how = match node.how {
                How::Drawn { settings, coin } => Choice::Drawn(settings, coin),
                How::Beam { rank } => Choice::Beam(rank),
                How::Chosen => Choice::Chosen,
            };
            Some(Entry {
                id: node.token?,
                after: index[node.parent?.0],
                prob: node.prob,
                how,
                kept: node.is_kept,
            })
        };
        let file = File {
            model: self.model.clone(),
            text: self.text.clone(),
            prompt: self.prompt.clone(),
            settings: self.settings.clone(),
            tokens: nodes.iter().filter_map(entry).collect(),
            at: index[self.at.0],
        };
        file.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = File::deserialize(deserializer)?;
        tree(file).map_err(serde::de::Error::custom)
    }
}

fn tree(file: File) -> Result<Tree, String> {
    if file.tokens.len() >= MOST_NODES {
        return Err(format!("a tree of {} tokens is too large", file.tokens.len()));
    }
    let mut tree = Tree::new(file.model, file.text, file.prompt);
    tree.settings = file.settings;
    for (i, entry) in file.tokens.into_iter().enumerate() {
        if entry.after > i {
            return Err(format!("token {i} follows a later one"));
        }
        if !(0.0..=1.0).contains(&entry.prob) {
            return Err(format!("token {i} has the probability {}", entry.prob));
        }
        let how = match entry.how {
            Choice::Drawn(settings, _) if settings >= tree.settings.len() => {
                return Err(format!("token {i} was drawn with unknown settings"));
            }
            Choice::Drawn(settings, coin) => How::Drawn { settings, coin },
            Choice::Beam(rank) => How::Beam { rank },
            Choice::Chosen => How::Chosen,
        };
        let after = NodeId(entry.after);
        if tree.child(after, entry.id).is_some() {
            return Err(format!("token {i} is there twice"));
        }
        let node = tree.grow(after, entry.id, how, entry.prob);
        tree.keep(node.unwrap_or(ROOT), entry.kept);
    }
    tree.go(NodeId(file.at));
    Ok(tree)
}
