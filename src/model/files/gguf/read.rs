//! Reading a GGUF file's table of contents byte by byte.

use super::value::{Array, Kind, Value};

type Result<T> = std::result::Result<T, String>;

/// Arrays in arrays are allowed by the format; no model uses more than one level.
const MAX_DEPTH: usize = 4;

/// Little-endian numbers and texts, one after another. Errors say where the bytes ran out.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// From the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// From a place in the file.
    pub fn starting(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// How many bytes have been read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(n);
        let bytes = end.and_then(|end| self.bytes.get(self.at..end));
        let bytes = bytes.ok_or_else(|| {
            format!("{n} bytes are promised at byte {}, but the file ends", self.at)
        })?;
        self.at += n;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| "too few bytes".into())
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length and that many bytes of UTF-8.
    pub fn text(&mut self) -> Result<&'a str> {
        let start = self.at;
        let n = usize::try_from(self.u64()?).map_err(|e| e.to_string())?;
        let bytes = self.take(n)?;
        std::str::from_utf8(bytes)
            .map_err(|e| format!("the text at byte {start} is no UTF-8 ({e})"))
    }

    /// A kind and a value of that kind.
    pub fn value(&mut self) -> Result<Value> {
        let kind = Kind::numbered(self.u32()?)?;
        match kind {
            Kind::Text => self.text().map(|text| Value::Text(text.to_owned())),
            Kind::Array => self.skip_array(0).map(Value::Array),
            Kind::Bool => self.take(1).map(|byte| Value::Bool(byte != [0])),
            _ => self.number(kind),
        }
    }

    /// A number of that kind.
    pub fn number(&mut self, kind: Kind) -> Result<Value> {
        Ok(match kind {
            Kind::U8 | Kind::Bool => Value::Whole(u8::from_le_bytes(self.array()?).into()),
            Kind::I8 => Value::Whole(i8::from_le_bytes(self.array()?).into()),
            Kind::U16 => Value::Whole(u16::from_le_bytes(self.array()?).into()),
            Kind::I16 => Value::Whole(i16::from_le_bytes(self.array()?).into()),
            Kind::U32 => Value::Whole(self.u32()?.into()),
            Kind::I32 => Value::Whole(i32::from_le_bytes(self.array()?).into()),
            Kind::U64 => Value::Whole(self.u64()?.into()),
            Kind::I64 => Value::Whole(i64::from_le_bytes(self.array()?).into()),
            Kind::F32 => Value::Float(f32::from_le_bytes(self.array()?).into()),
            Kind::F64 => Value::Float(f64::from_le_bytes(self.array()?)),
            Kind::Text | Kind::Array => return Err("it is no number".into()),
        })
    }

    /// Steps over an array and remembers where it is; its elements are read when they are asked for.
    fn skip_array(&mut self, depth: usize) -> Result<Array> {
        let kind = Kind::numbered(self.u32()?)?;
        let len = usize::try_from(self.u64()?).map_err(|e| e.to_string())?;
        let at = self.at;
        match kind {
            Kind::Text => {
                for _ in 0..len {
                    self.text()?;
                }
            }
            Kind::Array if depth == MAX_DEPTH => {
                return Err(format!("arrays are nested more than {MAX_DEPTH} deep"));
            }
            Kind::Array => {
                for _ in 0..len {
                    self.skip_array(depth + 1)?;
                }
            }
            _ => {
                let n_bytes = len.checked_mul(kind.size());
                self.take(n_bytes.ok_or_else(|| format!("an array of {len} elements"))?)?;
            }
        }
        Ok(Array { kind, len, at })
    }
}
