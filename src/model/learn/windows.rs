//! A text cut into rows to learn from.

use crate::math::sampling::Coins;
use crate::problem::{Problem, Result};

/// In which order rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they follow in the text, again and again.
    Given,
    /// Shuffled anew for each time through the text.
    Shuffled,
}

/// The rows of a text: windows of `context + 1` tokens that begin at 0, `context`, 2 · `context`, …;
/// what is left at the end is left out.
#[derive(Debug)]
pub struct Windows {
    tokens: Vec<u32>,
    context: usize,
    order: Order,
    coins: Coins,
    /// The windows still to come.
    waiting: Vec<usize>,
}

impl Windows {
    /// Cuts a text.
    ///
    /// # Errors
    /// When it is too short for one window.
    pub fn new(tokens: Vec<u32>, context: usize, order: Order, seed: u64) -> Result<Self> {
        if context == 0 || tokens.len() <= context {
            let why =
                format!("the text has {} tokens; one row takes {}", tokens.len(), context + 1);
            return Err(Problem::new("There is too little to learn from", why)
                .cure("Give a longer text, or choose a smaller --context"));
        }
        Ok(Self { tokens, context, order, coins: Coins::new(seed), waiting: Vec::new() })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        (self.tokens.len() - 1) / self.context
    }

    /// Is there none? Never: a text of less cannot be cut.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next rows.
    pub fn next(&mut self, n: usize) -> Vec<&[u32]> {
        let mut chosen = Vec::with_capacity(n);
        while chosen.len() < n {
            if self.waiting.is_empty() {
                self.waiting = (0..self.len()).rev().collect();
                if self.order == Order::Shuffled {
                    // Fisher and Yates.
                    for last in (1..self.waiting.len()).rev() {
                        let other = (self.coins.toss() * (last + 1) as f32) as usize;
                        self.waiting.swap(last, other.min(last));
                    }
                }
            }
            chosen.extend(self.waiting.pop());
        }
        let row = |window: usize| &self.tokens[window * self.context..][..=self.context];
        chosen.into_iter().map(row).collect()
    }
}
