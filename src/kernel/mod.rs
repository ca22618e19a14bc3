//! Arithmetic on plain numbers, as fast as the processor allows: what burn's operations are replaced
//! by where the time goes.
//!
//! Everything is written once, over [`pulp::Simd`], and compiled for AVX-512, for AVX2 with fused
//! multiply-add, for NEON and for a processor with none of them; which one runs is decided at run
//! time. There is no unsafe code here. Each function has a slow readable twin in its tests.

#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled without the processor's wide instructions"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "loops over the same index of several small arrays become one block of registers"
)]

mod attention;
pub mod backward;
mod elementwise;
mod matmul;
pub mod memory;
mod norm;
mod product;
mod split;

pub use attention::{Heads, Sight, mix, scores, softmax};
pub use elementwise::{exp, map, update};
pub use matmul::matmul;
pub use norm::{normalize, scale_and_shift};
pub use product::multiply;
pub use split::as_one_of_them;

use pulp::{Simd, WithSimd};

/// Numbers in rows of equal length that need not lie side by side: a matrix, or the part of one
/// that belongs to a head.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// All numbers, from the first of the first row.
    pub data: &'a [f32],
    /// Distance from one row's first number to the next row's.
    pub stride: usize,
    /// Length of a row.
    pub width: usize,
}

impl<'a> Rows<'a> {
    /// A whole matrix.
    pub fn new(data: &'a [f32], width: usize) -> Self {
        Self { data, stride: width, width }
    }

    /// Columns `start..start + width` of a matrix.
    pub fn columns(self, start: usize, width: usize) -> Self {
        Self { data: self.data.get(start..).unwrap_or_default(), stride: self.stride, width }
    }

    /// One row.
    #[inline(always)]
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.data[index * self.stride..][..self.width]
    }
}

/// Runs `work` compiled for the best instructions this processor has.
#[inline]
fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new() {
            return Simd::vectorize(simd, work);
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return Simd::vectorize(simd, work);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = pulp::aarch64::Neon::try_new() {
        return Simd::vectorize(simd, work);
    }
    Simd::vectorize(pulp::Scalar, work)
}
