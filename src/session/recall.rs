//! What was said lately: the scores of next tokens, so that going back costs nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The scores of what may follow a text, `[vocab]`.
pub type Scores = Arc<[f32]>;

/// The scores after texts read lately, as many as fit; older ones have to be read again.
#[derive(Debug, Default)]
pub struct Recall {
    scores: HashMap<Vec<u32>, Scores>,
    /// The texts in the order in which they were read.
    order: VecDeque<Vec<u32>>,
    held: usize,
}

/// How many numbers are held at most: 32 MB.
const MOST: usize = 1 << 23;

impl Recall {
    /// The scores after a text, if they are still known.
    pub fn get(&self, context: &[u32]) -> Option<Scores> {
        self.scores.get(context).cloned()
    }

    /// Remembers the scores after a text.
    pub fn insert(&mut self, context: Vec<u32>, scores: Scores) {
        self.held += scores.len();
        if let Some(old) = self.scores.insert(context.clone(), scores) {
            self.held -= old.len();
            return;
        }
        self.order.push_back(context);
        while self.held > MOST && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.held -= self.scores.remove(&oldest).map_or(0, |old| old.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut recall = Recall::default();
        let scores: Scores = vec![0.0; MOST / 3].into();
        for i in 0..5 {
            recall.insert(vec![i], scores.clone());
            recall.insert(vec![i], scores.clone());
        }
        let known: Vec<bool> = (0..5).map(|i| recall.get(&[i]).is_some()).collect();
        assert_eq!(known, [false, false, true, true, true]);
        assert!(recall.held <= MOST);
    }

    #[test]
    fn the_latest_is_known_however_large() {
        let mut recall = Recall::default();
        recall.insert(vec![1], vec![0.0; MOST + 1].into());
        assert!(recall.get(&[1]).is_some());
    }
}
