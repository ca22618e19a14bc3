//! Where the nodes of a tree stand in its drawing.

use super::{NodeId, ROOT, Tree};

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

impl Tree {
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
            places.push(Place { node: id, column: node.depth, row });
            // The last pushed is placed first: the first child with all that follows it.
            for (i, &child) in node.children.iter().enumerate().rev() {
                waiting.push((child, (i == 0).then_some(row)));
            }
        }
        places
    }
}
