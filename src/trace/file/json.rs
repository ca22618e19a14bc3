//! Recordings as JSON.

use super::{Header, Named, Read, misshapen};
use crate::trace::{Activation, Trace};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _, SerializeStruct as _, Serializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Writes a recording.
pub(super) fn write(
    trace: &Trace,
    path: &Path,
    hooks: &[Named<'_>],
) -> std::result::Result<(), String> {
    let file = std::fs::File::create(path).map_err(|e| e.to_string())?;
    let mut out = std::io::BufWriter::new(file);
    let whole = Json { trace, hooks };
    serde_json::to_writer(&mut out, &whole).map_err(|e| e.to_string())?;
    std::io::Write::flush(&mut out).map_err(|e| e.to_string())
}

/// Reads a recording.
pub(super) fn read(bytes: &[u8]) -> Read {
    #[derive(Deserialize)]
    struct Whole {
        #[serde(flatten)]
        header: Header<'static>,
        activations: BTreeMap<String, Numbers>,
    }
    #[derive(Deserialize)]
    struct Numbers {
        shape: Vec<usize>,
        #[serde(deserialize_with = "floats")]
        data: Vec<f32>,
    }
    let whole: Whole = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let mut activations = BTreeMap::new();
    for (name, numbers) in whole.activations {
        let activation = Activation::new(numbers.shape, numbers.data);
        let activation = activation.ok_or_else(|| misshapen(&name))?;
        activations.insert(name, activation);
    }
    Ok(whole.header.into_trace(activations))
}

/// Numbers and the strings that stand for the numbers JSON lacks.
fn floats<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<f32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Float {
        Number(f32),
        Name(String),
    }
    struct Floats;
    impl<'de> Visitor<'de> for Floats {
        type Value = Vec<f32>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("numbers, or \"-inf\", \"inf\" or \"NaN\"")
        }
        fn visit_seq<A: SeqAccess<'de>>(
            self,
            mut seq: A,
        ) -> std::result::Result<Vec<f32>, A::Error> {
            let mut floats = Vec::new();
            while let Some(float) = seq.next_element()? {
                floats.push(match float {
                    Float::Number(x) => x,
                    Float::Name(name) => name.parse().map_err(serde::de::Error::custom)?,
                });
            }
            Ok(floats)
        }
    }
    deserializer.deserialize_seq(Floats)
}

/// A whole trace as JSON.
struct Json<'a> {
    trace: &'a Trace,
    hooks: &'a [Named<'a>],
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let header = Header::of(self.trace);
        let mut whole = s.serialize_struct("Trace", 7)?;
        whole.serialize_field("format", &header.format)?;
        whole.serialize_field("version", &header.version)?;
        whole.serialize_field("model", &header.model)?;
        whole.serialize_field("text", &header.text)?;
        whole.serialize_field("dropped", &header.dropped)?;
        whole.serialize_field("tokens", &header.tokens)?;
        if let Some(encoder) = &header.encoder {
            whole.serialize_field("encoder", encoder)?;
        }
        whole.serialize_field("activations", &JsonActivations(self))?;
        whole.end()
    }
}

struct JsonActivations<'a>(&'a Json<'a>);

impl Serialize for JsonActivations<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(None)?;
        for (name, trace, hook) in self.0.hooks {
            let (Some(activation), Some(data)) = (trace.get(*hook), trace.exported(*hook)) else {
                continue;
            };
            let axes = hook.axes().iter();
            let axes = axes.map(|&axis| trace.axis_name(axis)).collect();
            let shape = activation.shape();
            let data = &data;
            map.serialize_entry(name, &JsonActivation { axes, shape, data })?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct JsonActivation<'a> {
    axes: Vec<&'static str>,
    shape: &'a [usize],
    #[serde(serialize_with = "write_floats")]
    data: &'a [f32],
}

fn write_floats<S: Serializer>(data: &&[f32], s: S) -> std::result::Result<S::Ok, S::Error> {
    let mut seq = s.serialize_seq(Some(data.len()))?;
    for x in *data {
        if x.is_finite() {
            seq.serialize_element(x)?;
        } else {
            seq.serialize_element(&x.to_string())?;
        }
    }
    seq.end()
}
