//! Weights in few bits, and what they stand for.
//!
//! Weights are stored in blocks. A block holds a few shared numbers, a scale `d` and perhaps a
//! minimum `m`, and a small integer `q` for each weight, which stands for `d·q` or `d·q + m`. The
//! layouts are those of `ggml-common.h`; the arithmetic is that of `gguf/quants.py`, rounding
//! included.

use crate::problem::{Problem, Result};
use half::{bf16, f16};
use std::fmt;

/// How numbers are stored, by the number the format gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GgmlType(pub u32);

impl GgmlType {
    /// Name, weights per block and bytes per block of each known type. Those without a block are
    /// known by name only.
    fn layout(self) -> Option<(&'static str, usize, usize)> {
        Some(match self.0 {
            0 => ("F32", 1, 4),
            1 => ("F16", 1, 2),
            2 => ("Q4_0", 32, 18),
            3 => ("Q4_1", 32, 20),
            6 => ("Q5_0", 32, 22),
            7 => ("Q5_1", 32, 24),
            8 => ("Q8_0", 32, 34),
            10 => ("Q2_K", 256, 84),
            11 => ("Q3_K", 256, 110),
            12 => ("Q4_K", 256, 144),
            13 => ("Q5_K", 256, 176),
            14 => ("Q6_K", 256, 210),
            16 => ("IQ2_XXS", 256, 66),
            17 => ("IQ2_XS", 256, 74),
            18 => ("IQ3_XXS", 256, 98),
            19 => ("IQ1_S", 256, 50),
            20 => ("IQ4_NL", 32, 18),
            21 => ("IQ3_S", 256, 110),
            22 => ("IQ2_S", 256, 82),
            23 => ("IQ4_XS", 256, 136),
            24 => ("I8", 1, 1),
            25 => ("I16", 1, 2),
            26 => ("I32", 1, 4),
            27 => ("I64", 1, 8),
            28 => ("F64", 1, 8),
            29 => ("IQ1_M", 256, 56),
            30 => ("BF16", 1, 2),
            34 => ("TQ1_0", 256, 54),
            35 => ("TQ2_0", 256, 66),
            39 => ("MXFP4", 32, 17),
            _ => return None,
        })
    }

    /// The name of a type that is known but whose layout is not.
    fn name_only(self) -> Option<&'static str> {
        Some(match self.0 {
            4 => "Q4_2",
            5 => "Q4_3",
            9 => "Q8_1",
            15 => "Q8_K",
            31 => "Q4_0_4_4",
            32 => "Q4_0_4_8",
            33 => "Q4_0_8_8",
            36 => "IQ4_NL_4_4",
            37 => "IQ4_NL_4_8",
            38 => "IQ4_NL_8_8",
            40 => "NVFP4",
            _ => return None,
        })
    }

    /// Is it known how many bytes a block of it has?
    pub fn has_layout(self) -> bool {
        self.layout().is_some()
    }

    /// Why weights of this type cannot be read, and what to do.
    pub fn refusal(self) -> Problem {
        let why = format!("weights of type {self} cannot be read");
        let cure = "Use a file in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS or MXFP4";
        Problem::new("Could not read the model's weights", why).cure(cure)
    }

    /// Bytes of a tensor of that shape, slowest axis first; nothing when it cannot have that shape.
    pub fn n_bytes(self, shape: &[usize]) -> Option<usize> {
        let (_, per_block, bytes) = self.layout()?;
        let row = *shape.last()?;
        let is_whole = row.is_multiple_of(per_block) && !shape.contains(&0);
        let numbers = shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
        is_whole.then_some((numbers? / per_block).checked_mul(bytes))?
    }

    /// The numbers as f32.
    ///
    /// # Errors
    /// When this program does not read that type.
    pub fn floats(self, bytes: &[u8]) -> Result<Vec<f32>> {
        Ok(match self.0 {
            0 => numbers(bytes, f32::from_le_bytes),
            1 => numbers(bytes, |b| f16::from_le_bytes(b).to_f32()),
            2 => blocks(bytes, q4_0),
            3 => blocks(bytes, q4_1),
            6 => blocks(bytes, q5_0),
            7 => blocks(bytes, q5_1),
            8 => blocks(bytes, q8_0),
            10 => blocks(bytes, q2_k),
            11 => blocks(bytes, q3_k),
            12 => blocks(bytes, q4_k),
            13 => blocks(bytes, q5_k),
            14 => blocks(bytes, q6_k),
            20 => blocks(bytes, iq4_nl),
            23 => blocks(bytes, iq4_xs),
            28 => numbers(bytes, |b| f64::from_le_bytes(b) as f32),
            30 => numbers(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            39 => blocks(bytes, mxfp4),
            _ => return Err(self.refusal()),
        })
    }
}

impl fmt::Display for GgmlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layout().map(|(name, ..)| name).or_else(|| self.name_only()) {
            Some(name) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| number(chunk)).collect()
}

/// Turns blocks of `B` bytes into `N` numbers each.
fn blocks<const B: usize, const N: usize>(
    bytes: &[u8],
    block: impl Fn(&[u8; B], &mut [f32; N]),
) -> Vec<f32> {
    let blocks = bytes.as_chunks::<B>().0;
    let mut numbers = vec![0.0; blocks.len() * N];
    for (from, to) in blocks.iter().zip(numbers.as_chunks_mut::<N>().0) {
        block(from, to);
    }
    numbers
}

/// The half-precision number at a place in a block.
fn half_at<const B: usize>(block: &[u8; B], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// The four-bit numbers of a block of 32: first all low halves of the bytes, then all high ones.
fn nibble(quants: &[u8], i: usize) -> u8 {
    if i < 16 { quants[i] & 15 } else { quants[i - 16] >> 4 }
}

/// The fifth bit of each number of a block of 32.
fn fifth_bit(high: &[u8], i: usize) -> u8 {
    (high[i / 8] >> (i % 8) & 1) << 4
}

/// `d, q[32]: 4 bits`; `d·(q − 8)`
fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half_at(block, 0);
    for (i, x) in out.iter_mut().enumerate() {
        *x = d * (f32::from(nibble(&block[2..], i)) - 8.0);
    }
}

/// `d, m, q[32]: 4 bits`; `d·q + m`
fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    for (i, x) in out.iter_mut().enumerate() {
        *x = d * f32::from(nibble(&block[4..], i)) + m;
    }
}

/// `d, fifth bits, q[32]: 4 bits`; `d·(q − 16)`
fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let d = half_at(block, 0);
    for (i, x) in out.iter_mut().enumerate() {
        let q = nibble(&block[6..], i) | fifth_bit(&block[2..6], i);
        *x = d * (f32::from(q) - 16.0);
    }
}

/// `d, m, fifth bits, q[32]: 4 bits`; `d·q + m`
fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    for (i, x) in out.iter_mut().enumerate() {
        let q = nibble(&block[8..], i) | fifth_bit(&block[4..8], i);
        *x = d * f32::from(q) + m;
    }
}

/// `d, q[32]: 8 bits with sign`; `d·q`
fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let d = half_at(block, 0);
    for (x, &q) in out.iter_mut().zip(&block[2..]) {
        *x = d * f32::from(q.cast_signed());
    }
}

/// The two-bit number `i` of a block of 256: of every 32 bytes, first all lowest pairs of bits.
fn pair(quants: &[u8], i: usize) -> u8 {
    quants[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3
}

/// `scales and minima[16]: 4 bits, q[256]: 2 bits, d, m`; `d·scale·q − m·min`
fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    let (d, m) = (half_at(block, 80), half_at(block, 82));
    for (i, x) in out.iter_mut().enumerate() {
        let both = block[i / 16];
        let (scale, min) = (d * f32::from(both & 15), m * f32::from(both >> 4));
        *x = scale * f32::from(pair(&block[16..80], i)) - min;
    }
}

/// `third bits[256], q[256]: 2 bits, scales[16]: 6 bits, d`; `d·(scale − 32)·(q − 4)`
fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    let (d, scales) = (half_at(block, 108), &block[96..108]);
    for (i, x) in out.iter_mut().enumerate() {
        let group = i / 16;
        let low = scales[group % 8] >> (group / 8 * 4) & 15;
        let high = scales[8 + group % 4] >> (group / 4 * 2) & 3;
        let scale = d * (f32::from(low | high << 4) - 32.0);
        let third = block[i % 32] >> (i / 32) & 1;
        *x = scale * (f32::from(pair(&block[32..96], i) | third << 2) - 4.0);
    }
}

/// What the sixteen numbers of four bits stand for, unevenly spaced.
const UNEVEN: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// `d, q[32]: 4 bits`; `d·UNEVEN[q]`
fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half_at(block, 0);
    for (i, x) in out.iter_mut().enumerate() {
        *x = d * f32::from(UNEVEN[usize::from(nibble(&block[2..], i))]);
    }
}

/// `d, scales[8]: 6 bits, q[256]: 4 bits`; `d·(scale − 32)·UNEVEN[q]`
fn iq4_xs(block: &[u8; 136], out: &mut [f32; 256]) {
    let (d, high) = (half_at(block, 0), u16::from_le_bytes([block[2], block[3]]));
    for (i, x) in out.iter_mut().enumerate() {
        let group = i / 32;
        let low = block[4 + group / 2] >> (group % 2 * 4) & 15;
        let scale = f32::from(low) + f32::from(high >> (2 * group) & 3) * 16.0 - 32.0;
        let q = nibble(&block[8 + 16 * group..], i % 32);
        *x = d * scale * f32::from(UNEVEN[usize::from(q)]);
    }
}

/// Twice what the sixteen numbers of four bits stand for, in floating point with one bit behind the
/// point.
const TINY_FLOATS: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/// `exponent, q[32]: 4 bits`; `2^(exponent − 128)·TINY_FLOATS[q]`
fn mxfp4(block: &[u8; 17], out: &mut [f32; 32]) {
    let exponent = u32::from(block[0]);
    let bits = if exponent < 2 { 0x0020_0000 << exponent } else { (exponent - 1) << 23 };
    let d = f32::from_bits(bits);
    for (i, x) in out.iter_mut().enumerate() {
        *x = d * f32::from(TINY_FLOATS[usize::from(nibble(&block[1..], i))]);
    }
}

/// The scale and the minimum of each of a block's eight groups of 32, six bits each.
fn scale_and_min(packed: &[u8], group: usize) -> (f32, f32) {
    let at = group % 4;
    let (low, min, rest) = (packed[at], packed[at + 4], packed[at + 8]);
    let (scale, min) = if group < 4 {
        (low & 63, min & 63)
    } else {
        (rest & 15 | low >> 2 & 0x30, rest >> 4 | min >> 2 & 0x30)
    };
    (f32::from(scale), f32::from(min))
}

/// The four-bit number `i` of a block of 256: of every 32 bytes, first the low halves.
fn group_nibble(quants: &[u8], i: usize) -> u8 {
    quants[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15
}

/// `d, m, scales and minima[8]: 6 bits, q[256]: 4 bits`; `d·scale·q − m·min`
fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    for (i, x) in out.iter_mut().enumerate() {
        let (scale, min) = scale_and_min(&block[4..16], i / 32);
        *x = d * scale * f32::from(group_nibble(&block[16..], i)) - m * min;
    }
}

/// As `q4_k`, with a fifth bit: of byte `i % 32`, bit `i / 32`.
fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    for (i, x) in out.iter_mut().enumerate() {
        let (scale, min) = scale_and_min(&block[4..16], i / 32);
        let high = block[16 + i % 32] >> (i / 32) & 1;
        let q = group_nibble(&block[48..], i) | high << 4;
        *x = d * scale * f32::from(q) - m * min;
    }
}

/// `low bits[256]: 4, high bits[256]: 2, scales[16]: 8 bits with sign, d`; `d·scale·(q − 32)`
fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let d = half_at(block, 208);
    for (i, x) in out.iter_mut().enumerate() {
        let low = block[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15;
        let high = block[128 + i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
        let scale = f32::from(block[192 + i / 16].cast_signed());
        *x = d * scale * (f32::from(low | high << 4) - 32.0);
    }
}
