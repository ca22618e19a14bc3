//! Recordings as safetensors files.

use super::{FORMAT, Header, Named, Read, VERSION, misshapen};
use crate::trace::cross::{DECODER, ENCODER};
use crate::trace::{Activation, Hook, Trace};
use safetensors::tensor::{Dtype, SafeTensors, View};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The name of the tokens' ids.
const TOKENS: &str = "tokens";

/// Writes a recording, one tensor after the other.
pub(super) fn write(
    trace: &Trace,
    path: &Path,
    hooks: &[Named<'_>],
) -> std::result::Result<(), String> {
    let mut tensors = vec![(TOKENS.to_owned(), Stored::ids(trace))];
    let encoder = trace.encoder.as_ref();
    tensors.extend(encoder.map(|encoder| (format!("{ENCODER}{TOKENS}"), Stored::ids(encoder))));
    for (name, part, hook) in hooks {
        if let Some(activation) = part.get(*hook) {
            let numbers = Stored::Numbers(part, *hook, activation);
            tensors.push((name.clone(), numbers));
        }
    }
    let metadata = metadata(trace).map_err(|e| e.to_string())?;
    ::safetensors::serialize_to_file(tensors, Some(metadata), path).map_err(|e| e.to_string())
}

/// Header of a safetensors file: a full one for us, and its main parts for others.
fn metadata(trace: &Trace) -> serde_json::Result<HashMap<String, String>> {
    let strings: Vec<&str> = trace.tokens.iter().map(|t| t.text.as_str()).collect();
    Ok(HashMap::from([
        ("format".to_owned(), FORMAT.to_owned()),
        ("version".to_owned(), VERSION.to_string()),
        ("model".to_owned(), trace.model.name.clone()),
        ("text".to_owned(), trace.text.clone()),
        ("tokens".to_owned(), serde_json::to_string(&strings)?),
        ("trace".to_owned(), serde_json::to_string(&Header::of(trace))?),
    ]))
}

/// A tensor on its way to a file. Its bytes are made while it is written, one tensor after the other.
enum Stored<'a> {
    Ids(Vec<i64>, [usize; 1]),
    Numbers(&'a Trace, Hook, &'a Activation),
}

impl Stored<'_> {
    fn ids(trace: &Trace) -> Self {
        let ids: Vec<i64> = trace.tokens.iter().map(|t| i64::from(t.id)).collect();
        let shape = [ids.len()];
        Self::Ids(ids, shape)
    }
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Self::Ids(..) => Dtype::I64,
            Self::Numbers(..) => Dtype::F32,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Self::Ids(_, shape) => shape,
            Self::Numbers(_, _, activation) => activation.shape(),
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Ids(ids, _) => Cow::Borrowed(bytemuck::cast_slice(ids)),
            Self::Numbers(trace, hook, _) => match trace.exported(*hook) {
                Some(Cow::Borrowed(numbers)) => Cow::Borrowed(bytemuck::cast_slice(numbers)),
                Some(Cow::Owned(numbers)) => Cow::Owned(bytemuck::cast_slice(&numbers).to_vec()),
                None => Cow::Borrowed(&[]),
            },
        }
    }

    fn data_len(&self) -> usize {
        let size = match self {
            Self::Ids(..) => size_of::<i64>(),
            Self::Numbers(..) => size_of::<f32>(),
        };
        self.shape().iter().product::<usize>() * size
    }
}

/// Reads a recording.
pub(super) fn read(bytes: &[u8]) -> Read {
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get("trace"));
    let header = header.ok_or("it is a safetensors file, but not a recording of ours")?;
    let header: Header<'_> = serde_json::from_str(header).map_err(|e| e.to_string())?;
    let mut activations = BTreeMap::new();
    for (name, tensor) in file.tensors() {
        let bare = name.strip_prefix(ENCODER).or(name.strip_prefix(DECODER));
        if bare.unwrap_or(&name).parse::<Hook>().is_err() {
            continue;
        }
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("{name} is {:?}, not F32", tensor.dtype()));
        }
        let data = bytemuck::pod_collect_to_vec(tensor.data());
        let activation = Activation::new(tensor.shape().to_vec(), data);
        let activation = activation.ok_or_else(|| misshapen(&name))?;
        activations.insert(name, activation);
    }
    Ok(header.into_trace(activations))
}
