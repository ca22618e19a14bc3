//! Sorting tokens by score, as `torch.sort` does on a CPU.
//!
//! `torch.sort` is C++'s `std::sort`, which leaves equal scores in an order of its own. It matters
//! where the border of top-p runs through equal scores: some of them stay, and which ones is decided
//! by that order. So [`ascending`] sorts fast, and [`introsort`] repeats the moves of `std::sort` for
//! the few ranks that need it.

use std::ops::Range;

/// Ranges up to this length are left to the insertion sort at the end (libstdc++'s `_S_threshold`).
const SHORT: usize = 16;

/// Bits of the key that one pass of [`ascending`] sorts by.
const DIGIT_BITS: u32 = 11;

/// From here on [`ascending`] is faster with counting than with comparing.
const MANY: usize = 2_000;

/// A number that is ordered like `score`, with −0 equal to 0. `score` is not NaN.
pub(super) fn key(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The score with this [`key`].
pub(super) fn score(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key ^ 1 << 31 } else { !key })
}

/// Key and token id in one number: ordered by score, and equal scores by id.
fn entry(score: f32, id: usize) -> u64 {
    u64::from(key(score)) << 32 | id as u64
}

fn id(entry: u64) -> u32 {
    entry as u32
}

fn is_less(a: u64, b: u64) -> bool {
    a >> 32 < b >> 32
}

/// Ids of the scores below +∞ and above −∞, lowest score first; equal scores by id.
pub(super) fn ascending(scores: &[f32]) -> Vec<u32> {
    let mut entries = Vec::with_capacity(scores.len());
    entries.extend(
        (0..)
            .zip(scores)
            .filter(|(_, score)| score.is_finite())
            .map(|(id, &score)| entry(score, id)),
    );
    if entries.len() < MANY {
        entries.sort_unstable();
    } else {
        sort_by_digits(&mut entries);
    }
    entries.into_iter().map(id).collect()
}

/// Radix sort by the key, lowest digit first; stable, so that ids stay in order.
fn sort_by_digits(entries: &mut Vec<u64>) {
    const SIZE: usize = 1 << DIGIT_BITS;
    let digit = |entry: u64, pass: u32| (entry >> (32 + pass * DIGIT_BITS)) as usize % SIZE;
    let mut starts = vec![[0_usize; SIZE]; 3];
    for &entry in entries.iter() {
        for pass in 0..3 {
            starts[pass as usize][digit(entry, pass)] += 1;
        }
    }
    let mut sorted = vec![0; entries.len()];
    for (pass, starts) in (0..).zip(&mut starts) {
        let mut start = 0;
        for count in starts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for &entry in entries.iter() {
            let slot = &mut starts[digit(entry, pass)];
            sorted[*slot] = entry;
            *slot += 1;
        }
        std::mem::swap(entries, &mut sorted);
    }
}

/// Ids of all scores in the order `std::sort` puts them; only the ranks in `wanted` are sorted.
///
/// `std::sort` of libstdc++ is quicksort (pivot: the median of second, middle and last) that stops at
/// 16 elements and leaves them to one insertion sort; where it gets too deep it changes to heapsort.
pub(super) fn introsort(scores: &[f32], wanted: &Range<usize>) -> Vec<u32> {
    let mut entries: Vec<u64> = (0..).zip(scores).map(|(id, &score)| entry(score, id)).collect();
    if !entries.is_empty() {
        let depth = 2 * entries.len().ilog2();
        quicksort(&mut entries, wanted, depth);
    }
    entries.into_iter().map(id).collect()
}

fn quicksort(mut entries: &mut [u64], wanted: &Range<usize>, mut depth: u32) {
    let start = wanted.start;
    let mut end = wanted.end;
    while entries.len() > SHORT {
        if depth == 0 {
            return heapsort(entries);
        }
        depth -= 1;
        let cut = partition(entries);
        let (low, high) = entries.split_at_mut(cut);
        if end > cut {
            quicksort(high, &(start.saturating_sub(cut)..end - cut), depth);
        }
        if start >= cut {
            return;
        }
        entries = low;
        end = end.min(cut);
    }
    // Insertion sort moves an element past greater ones only: what any stable sort does.
    entries.sort_by_key(|entry| entry >> 32);
}

/// Splits at the first index of the greater part; elements equal to the pivot may be on both sides.
fn partition(entries: &mut [u64]) -> usize {
    let (middle, last) = (entries.len() / 2, entries.len() - 1);
    let median = median(entries, 1, middle, last);
    entries.swap(0, median);
    let pivot = entries[0];
    let (mut low, mut high) = (1, entries.len());
    loop {
        while is_less(entries[low], pivot) {
            low += 1;
        }
        high -= 1;
        while is_less(pivot, entries[high]) {
            high -= 1;
        }
        if low >= high {
            return low;
        }
        entries.swap(low, high);
        low += 1;
    }
}

/// Which of the indices `a`, `b`, `c` has the middle element; of equal ones, the one `std::sort` takes.
fn median(entries: &[u64], a: usize, b: usize, c: usize) -> usize {
    let less = |i: usize, j: usize| is_less(entries[i], entries[j]);
    match (less(a, b), less(b, c), less(a, c)) {
        (true, true, _) | (false, false, false) => b,
        (true, false, true) | (false, true, false) => c,
        (true, false, false) | (false, _, true) => a,
    }
}

fn heapsort(entries: &mut [u64]) {
    for root in (0..entries.len() / 2).rev() {
        sift(entries, root, entries[root]);
    }
    for last in (1..entries.len()).rev() {
        let value = entries[last];
        entries[last] = entries[0];
        sift(&mut entries[..last], 0, value);
    }
}

/// Puts `value` into the heap at `root`: the hole there sinks to a leaf, then `value` climbs from the leaf.
fn sift(heap: &mut [u64], root: usize, value: u64) {
    let mut hole = root;
    while 2 * hole + 1 < heap.len() {
        let right = 2 * hole + 2;
        let goes_left = right == heap.len() || is_less(heap[right], heap[right - 1]);
        let child = if goes_left { right - 1 } else { right };
        heap[hole] = heap[child];
        hole = child;
    }
    while hole > root && is_less(heap[(hole - 1) / 2], value) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = value;
}
