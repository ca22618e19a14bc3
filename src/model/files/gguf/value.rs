//! The values of GGUF's metadata.

use super::read::Reader;

/// What a value is made of, by the number the format gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Text,
    Array,
    U64,
    I64,
    F64,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::Text,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];

    /// The kind of that number.
    pub fn numbered(number: u32) -> Result<Self, String> {
        let kind = Self::ALL.get(number as usize).copied();
        kind.ok_or_else(|| format!("there is no kind of value {number}"))
    }

    /// Bytes of one element; 0 where they vary.
    pub fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
            Self::Text | Self::Array => 0,
        }
    }
}

/// A value of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An integer of any width.
    Whole(i128),
    /// A number with a point.
    Float(f64),
    /// A switch.
    Bool(bool),
    /// A text.
    Text(String),
    /// Many values of one kind.
    Array(Array),
}

impl Value {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The size or id, if it is a whole number that is not negative.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Whole(n) => (*n).try_into().ok(),
            _ => None,
        }
    }

    /// The number, whole or not.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Whole(n) => Some(*n as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }
}

/// Many values of one kind, left where they are in the file: a vocabulary has a hundred thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    pub(super) kind: Kind,
    pub(super) len: usize,
    pub(super) at: usize,
}

impl Array {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The texts, if they are texts.
    pub fn texts<'a>(&self, file: &'a [u8]) -> Option<Vec<&'a str>> {
        let mut reader = Reader::starting(file, self.at);
        let is_text = self.kind == Kind::Text;
        is_text.then(|| (0..self.len).map_while(|_| reader.text().ok()).collect())
    }

    /// The numbers, if they are numbers.
    pub fn numbers(&self, file: &[u8]) -> Option<Vec<f64>> {
        let mut reader = Reader::starting(file, self.at);
        let mut next = || reader.number(self.kind).ok()?.number();
        (self.kind.size() > 0).then(|| (0..self.len).map_while(|_| next()).collect())
    }
}
