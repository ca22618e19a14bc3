//! Large lists that are used again: what the system gives anew comes page by page, each of which it
//! fills with zeros first.

use std::sync::{Mutex, PoisonError};

/// Lists that nobody uses now.
static KEPT: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
/// Shorter lists cost nothing worth keeping.
const WORTH_KEEPING: usize = 1 << 14;
/// Numbers kept at most: the gradients of a model of a hundred million.
const MOST: usize = 100_000_000;

/// A list of so many numbers, which may be anything.
pub fn list(len: usize) -> Vec<f32> {
    if len >= WORTH_KEEPING {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(i) = kept.iter().position(|list| list.len() == len) {
            return kept.swap_remove(i);
        }
    }
    vec![0.0; len]
}

/// Takes a list that is done with.
pub fn done_with(list: Vec<f32>) {
    if list.len() < WORTH_KEEPING {
        return;
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let total: usize = kept.iter().map(Vec::len).sum();
    if total + list.len() <= MOST {
        kept.push(list);
    }
}

/// Gives everything back to the system.
pub fn forget() {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back() {
        let len = WORTH_KEEPING + 12_345;
        let mut first = list(len);
        first[7] = 7.0;
        let at = first.as_ptr();
        done_with(first);
        let again = list(len);
        assert_eq!((again.as_ptr(), again.len()), (at, len));
        done_with(vec![1.0; 3]);
        assert_eq!(list(3), [0.0; 3]);
    }
}
