//! Plain numbers with a shape.

/// A recorded tensor: numbers in row-major order and the length of each axis. What the axes mean is
/// said by the [`Hook`](super::Hook) it was recorded at.
#[derive(Debug, Clone, PartialEq)]
pub struct Activation {
    shape: Vec<usize>,
    data: Vec<f32>,
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
        self.data
            .get(start..start.saturating_add(self.cols))
            .unwrap_or(&[])
    }

    /// One number, when it exists.
    pub fn get(&self, row: usize, col: usize) -> Option<f32> {
        self.row(row).get(col).copied()
    }
}

impl Activation {
    /// Numbers with their shape; `None` when the shape does not hold exactly that many.
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Option<Self> {
        let len = shape
            .iter()
            .try_fold(1_usize, |len, &dim| len.checked_mul(dim))?;
        (len == data.len()).then_some(Self { shape, data })
    }

    /// Length of each axis, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All numbers, row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The part with the given outer indices, e.g. `at(&[pos, head])` of `[pos, head, d_head]` is
    /// one vector. `None` when an index is out of range.
    pub fn at(&self, indices: &[usize]) -> Option<&[f32]> {
        let mut part = self.data.as_slice();
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
        let data = &self.data;
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
