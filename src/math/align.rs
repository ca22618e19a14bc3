//! Two sequences side by side: what they share stands in one column, and so does what was put in
//! the place of something else.

/// Sequences whose differing parts have more pairs than this are not searched for what they share:
/// the table would not fit in memory.
const MOST_PAIRS: usize = 16_000_000;

/// One column of two aligned sequences; `None` is a gap. Never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Index in the first sequence.
    pub first: Option<usize>,
    /// Index in the second sequence.
    pub second: Option<usize>,
}

impl Column {
    /// The two indices, where neither is missing.
    pub fn both(self) -> Option<(usize, usize)> {
        self.first.zip(self.second)
    }
}

/// Aligns two sequences by their longest common subsequence. What differs between two shared
/// elements is paired in order, as if replaced; what is left over stands beside a gap.
pub fn align<T: PartialEq>(first: &[T], second: &[T]) -> Vec<Column> {
    let mut columns = Vec::with_capacity(first.len().max(second.len()));
    let mut done = (0, 0);
    let ends = std::iter::once((first.len(), second.len()));
    for (i, j) in common(first, second).into_iter().chain(ends) {
        let (skipped, added) = (i - done.0, j - done.1);
        columns.extend((0..skipped.max(added)).map(|k| Column {
            first: (k < skipped).then_some(done.0 + k),
            second: (k < added).then_some(done.1 + k),
        }));
        if i < first.len() && j < second.len() {
            columns.push(Column { first: Some(i), second: Some(j) });
        }
        done = (i + 1, j + 1);
    }
    columns
}

/// The index pairs of the longest common subsequence; of several, the one that matches earliest.
fn common<T: PartialEq>(first: &[T], second: &[T]) -> Vec<(usize, usize)> {
    let shared =
        |pairs: &mut dyn Iterator<Item = (&T, &T)>| pairs.take_while(|(a, b)| a == b).count();
    let start = shared(&mut first.iter().zip(second));
    let (a, b) = (&first[start..], &second[start..]);
    let end = shared(&mut a.iter().rev().zip(b.iter().rev()));
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let mut pairs: Vec<_> = (0..start).map(|i| (i, i)).collect();
    pairs.extend(common_inside(a, b).into_iter().map(|(i, j)| (start + i, start + j)));
    pairs.extend((0..end).map(|k| (start + a.len() + k, start + b.len() + k)));
    pairs
}

/// The same by the table of all suffixes.
fn common_inside<T: PartialEq>(a: &[T], b: &[T]) -> Vec<(usize, usize)> {
    if a.len().saturating_mul(b.len()) > MOST_PAIRS {
        return Vec::new();
    }
    let width = b.len() + 1;
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = if a[i] == b[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(first: &str, second: &str) -> Vec<(Option<usize>, Option<usize>)> {
        let words = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
        let (first, second) = (first.to_owned().leak(), second.to_owned().leak());
        let aligned = align(&words(first), &words(second));
        aligned.into_iter().map(|c| (c.first, c.second)).collect()
    }

    #[test]
    fn a_replaced_word_shares_a_column() {
        let aligned = columns("the cat sat", "the dog sat");
        assert_eq!(aligned, [(Some(0), Some(0)), (Some(1), Some(1)), (Some(2), Some(2))]);
    }

    #[test]
    fn an_added_word_stands_beside_a_gap() {
        let aligned = columns("a b c", "a x b c");
        assert_eq!(
            aligned,
            [(Some(0), Some(0)), (None, Some(1)), (Some(1), Some(2)), (Some(2), Some(3))]
        );
        assert_eq!(aligned.iter().filter(|c| c.0.is_none()).count(), 1);
    }

    #[test]
    fn shared_words_are_found_where_they_moved() {
        let aligned = columns("please buy an apple today", "apple grows");
        assert_eq!(aligned[3], (Some(3), Some(0)));
        assert_eq!(aligned[4], (Some(4), Some(1)));
        assert_eq!(aligned[..3], [(Some(0), None), (Some(1), None), (Some(2), None)]);
    }

    #[test]
    fn every_index_appears_once_and_in_order() {
        for (first, second) in
            [("", ""), ("a", ""), ("", "b"), ("a b a b c", "b a c a"), ("x", "y z")]
        {
            let aligned = columns(first, second);
            let firsts: Vec<usize> = aligned.iter().filter_map(|c| c.0).collect();
            let seconds: Vec<usize> = aligned.iter().filter_map(|c| c.1).collect();
            assert_eq!(firsts, (0..first.split_whitespace().count()).collect::<Vec<_>>());
            assert_eq!(seconds, (0..second.split_whitespace().count()).collect::<Vec<_>>());
        }
    }
}
