//! Byte-pair encoding (Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword
//! Units"), one merge at a time.
//!
//! A word starts as its smallest symbols. Of all neighbours that the list of merges knows, the pair
//! that was learned first, which has the lowest rank, becomes one piece; and again, until no
//! neighbours are left that were ever merged. What then stands there are the tokens.

use std::collections::HashMap;
use std::ops::Range;

/// What two neighbours become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// Place in the order of learning, from 0: the lower, the earlier it is applied.
    pub rank: u32,
    /// The token the two become.
    pub id: u32,
}

/// The merges of a tokenizer, by the tokens on the left and on the right.
pub type Merges = HashMap<(u32, u32), Merge>;

/// A part of a word on its way to tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its token.
    pub id: u32,
    /// The symbols of the start it is made of.
    pub symbols: Range<usize>,
}

/// The word after one more merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// The rank of the merge.
    pub rank: u32,
    /// The index of the piece it made.
    pub made: usize,
    /// All pieces of the word.
    pub pieces: Vec<Piece>,
}

/// The way from symbols to tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// The smallest symbols.
    pub start: Vec<Piece>,
    /// The word after each merge.
    pub rungs: Vec<Rung>,
}

impl Ladder {
    /// The pieces nothing merges any more: the tokens.
    pub fn tokens(&self) -> &[Piece] {
        let last = self.rungs.last();
        last.map_or(&self.start, |rung| &rung.pieces)
    }
}

/// Applies merges to symbols until none applies.
pub fn climb(symbols: &[u32], merges: &Merges) -> Ladder {
    let symbols = symbols.iter().enumerate();
    let start: Vec<Piece> = symbols.map(|(at, &id)| Piece { id, symbols: at..at + 1 }).collect();
    let mut pieces = start.clone();
    let mut rungs = Vec::new();
    while let Some((made, merge)) = next(&pieces, merges) {
        let right = pieces.remove(made + 1);
        pieces[made].id = merge.id;
        pieces[made].symbols.end = right.symbols.end;
        rungs.push(Rung { rank: merge.rank, made, pieces: pieces.clone() });
    }
    Ladder { start, rungs }
}

/// The merge of lowest rank among neighbours, the leftmost of equals, and where its left piece is.
fn next(pieces: &[Piece], merges: &Merges) -> Option<(usize, Merge)> {
    let pairs = pieces.windows(2).enumerate();
    pairs
        .filter_map(|(at, pair)| Some((at, *merges.get(&(pair[0].id, pair[1].id))?)))
        .min_by_key(|&(at, merge)| (merge.rank, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The merges of "l o", "lo w" and "e r", learned in this order; letters are their code points.
    fn merges() -> Merges {
        let (l, o, w, e, r) = (108, 111, 119, 101, 114);
        [((l, o), 1000), ((1000, w), 1001), ((e, r), 1002), ((w, e), 1003)]
            .into_iter()
            .enumerate()
            .map(|(rank, (pair, id))| {
                let rank = rank as u32;
                (pair, Merge { rank, id })
            })
            .collect()
    }

    fn climb_text(text: &str) -> Ladder {
        let symbols: Vec<u32> = text.chars().map(u32::from).collect();
        climb(&symbols, &merges())
    }

    #[test]
    fn lower_ranks_come_first() {
        let ladder = climb_text("lower");
        let ranks: Vec<u32> = ladder.rungs.iter().map(|rung| rung.rank).collect();
        // "we" could merge from the start, but "lo", "low" and "er" were learned before.
        assert_eq!(ranks, [0, 1, 2]);
        let made: Vec<usize> = ladder.rungs.iter().map(|rung| rung.made).collect();
        assert_eq!(made, [0, 0, 1]);
        let tokens: Vec<_> = ladder.tokens().iter().map(|p| p.symbols.clone()).collect();
        assert_eq!(tokens, [0..3, 3..5]);
    }

    #[test]
    fn equals_merge_from_the_left() {
        let ladder = climb_text("lolo");
        let made: Vec<usize> = ladder.rungs.iter().map(|rung| rung.made).collect();
        assert_eq!(made, [0, 1]);
    }

    #[test]
    fn what_nothing_merges_stays() {
        let ladder = climb_text("xyz");
        assert!(ladder.rungs.is_empty());
        assert_eq!(ladder.tokens().len(), 3);
        assert!(climb_text("").tokens().is_empty());
    }
}
