//! A tree that many states of the program hold at once.

use super::Tree;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Deref;
use std::sync::Arc;

/// A tree that is cheap to copy, and is copied when it is changed while others hold it: every state
/// that can be undone to has its own.
#[derive(Clone, Debug)]
pub struct SharedTree(Arc<Tree>);

impl SharedTree {
    /// Holds a tree.
    pub fn new(tree: Tree) -> Self {
        Self(Arc::new(tree))
    }

    /// The tree, to be changed.
    pub fn edit(&mut self) -> &mut Tree {
        Arc::make_mut(&mut self.0)
    }

    /// Is it the very same tree, unchanged since the one was copied from the other?
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for SharedTree {
    type Target = Tree;

    fn deref(&self) -> &Tree {
        &self.0
    }
}

impl PartialEq for SharedTree {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.0 == other.0
    }
}

impl Serialize for SharedTree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedTree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Tree::deserialize(deserializer).map(Self::new)
    }
}
