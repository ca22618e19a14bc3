//! Plain numbers with a shape.

use super::joined::Joined;
use std::fmt;
use std::sync::Arc;

/// Numbers owned by somebody else, e.g. by the tensor they were computed in.
pub type Shared = Arc<dyn AsRef<[f32]> + Send + Sync>;

/// A recorded tensor: numbers in row-major order and the length of each axis. What the axes mean is
/// said by the [`Hook`](super::Hook) it was recorded at. A clone shares the numbers.
#[derive(Clone)]
pub struct Activation {
    shape: Vec<usize>,
    data: Data,
}

#[derive(Clone)]
enum Data {
    /// They lie somewhere in one piece.
    Whole(Shared),
    /// Pieces of several recordings, put together when first looked at.
    Joined(Arc<Joined>),
}

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Activation{:?}", self.shape)
    }
}

impl PartialEq for Activation {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.data() == other.data()
    }
}

/// Two axes of an activation, borrowed: `rows x cols` numbers in row-major order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix<'a> {
    /// Length of the outer axis.
    pub rows: usize,
    /// Length of the inner axis.
    pub cols: usize,
    /// `rows * cols` numbers.
    pub data: &'a [f32],
}

impl<'a> Matrix<'a> {
    /// One row; empty when it does not exist.
    pub fn row(&self, row: usize) -> &'a [f32] {
        let start = row.saturating_mul(self.cols);
        self.data.get(start..start.saturating_add(self.cols)).unwrap_or(&[])
    }

    /// One number, when it exists.
    pub fn get(&self, row: usize, col: usize) -> Option<f32> {
        self.row(row).get(col).copied()
    }
}

impl Activation {
    /// Numbers with their shape; `None` when the shape does not hold exactly that many.
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Option<Self> {
        Self::shared(shape, Arc::new(data))
    }

    /// The same for numbers that somebody else keeps, without a copy.
    pub fn shared(shape: Vec<usize>, data: Shared) -> Option<Self> {
        let len = shape.iter().try_fold(1_usize, |len, &dim| len.checked_mul(dim))?;
        let data_len = (*data).as_ref().len();
        (len == data_len).then_some(Self { shape, data: Data::Whole(data) })
    }

    /// Pieces of several recordings as one.
    pub(super) fn joined(shape: Vec<usize>, joined: Joined) -> Self {
        Self { shape, data: Data::Joined(Arc::new(joined)) }
    }

    /// Where its numbers are, and how many bytes they take, without looking at them.
    pub(super) fn place(&self) -> (usize, usize) {
        let place = match &self.data {
            Data::Whole(data) => (**data).as_ref().as_ptr().addr(),
            Data::Joined(joined) => Arc::as_ptr(joined).addr(),
        };
        (place, self.shape.iter().product::<usize>() * size_of::<f32>())
    }

    /// Its numbers, to be kept by somebody else too.
    pub(super) fn share(&self) -> Shared {
        struct Looked(Arc<Joined>);
        impl AsRef<[f32]> for Looked {
            fn as_ref(&self) -> &[f32] {
                self.0.whole()
            }
        }
        match &self.data {
            Data::Whole(data) => Arc::clone(data),
            Data::Joined(joined) => Arc::new(Looked(Arc::clone(joined))),
        }
    }

    /// Was it put together from the pieces of several recordings because somebody looked?
    pub fn was_put_together(&self) -> bool {
        matches!(&self.data, Data::Joined(joined) if joined.is_whole())
    }

    /// The pieces it is made of, unless it is in one piece.
    pub(super) fn pieces(&self) -> Option<&Joined> {
        match &self.data {
            Data::Joined(joined) if !joined.is_whole() => Some(joined),
            _ => None,
        }
    }

    /// Length of each axis, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All numbers, row-major.
    pub fn data(&self) -> &[f32] {
        match &self.data {
            Data::Whole(data) => (**data).as_ref(),
            Data::Joined(joined) => joined.whole(),
        }
    }

    /// The part with the given outer indices, e.g. `at(&[pos, head])` of `[pos, head, d_head]` is
    /// one vector. `None` when an index is out of range.
    pub fn at(&self, indices: &[usize]) -> Option<&[f32]> {
        let mut part = self.data();
        for (&index, &dim) in indices.iter().zip(&self.shape) {
            let step = part.len().checked_div(dim)?;
            let start = index.checked_mul(step)?;
            part = part.get(start..start.checked_add(step)?)?;
        }
        Some(part)
    }

    /// One slice of a three-axis activation as a matrix, e.g. one head of a pattern.
    pub fn matrix(&self, index: usize) -> Option<Matrix<'_>> {
        let &[_, rows, cols] = self.shape.as_slice() else {
            return None;
        };
        let data = self.at(&[index])?;
        Some(Matrix { rows, cols, data })
    }

    /// A two-axis activation as a matrix.
    pub fn as_matrix(&self) -> Option<Matrix<'_>> {
        let &[rows, cols] = self.shape.as_slice() else {
            return None;
        };
        let data = self.data();
        Some(Matrix { rows, cols, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Activation {
        let len = shape.iter().product::<usize>();
        Activation::new(shape.to_vec(), (0..len).map(|i| i as f32).collect()).unwrap()
    }

    #[test]
    fn shape_must_hold_the_data() {
        assert!(Activation::new(vec![2, 3], vec![0.0; 5]).is_none());
        assert!(Activation::new(vec![usize::MAX, 2], vec![]).is_none());
        assert!(Activation::new(vec![0, 3], vec![]).is_some());
    }

    #[test]
    fn outer_indices_select_parts() {
        let a = counting(&[2, 3, 4]);
        assert_eq!(a.at(&[1, 2]), Some(&[20.0, 21.0, 22.0, 23.0][..]));
        assert_eq!(a.at(&[1]).map(<[f32]>::len), Some(12));
        assert_eq!(a.at(&[2]), None);
        assert_eq!(a.at(&[0, 3]), None);
        assert_eq!(counting(&[0, 3]).at(&[0]), None);
    }

    #[test]
    fn matrices_are_read_by_row_and_column() {
        let a = counting(&[2, 3, 4]);
        let m = a.matrix(1).unwrap();
        assert_eq!((m.rows, m.cols, m.get(2, 3)), (3, 4, Some(23.0)));
        assert_eq!(m.get(3, 0), None);
        assert_eq!(m.get(0, 4), None);
        assert!(a.as_matrix().is_none());
    }
}
