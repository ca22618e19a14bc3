//! Weights in safetensors: one file, or several with an index.
//!
//! Files are memory-mapped, so that a tensor is copied once, from the disk's cache to where burn
//! keeps it. Nothing in a file is trusted: names, types, shapes and numbers are checked on the way.

use crate::model::files::bytes::{Bytes, lfs_pointer};
use crate::model::files::weights::{READING, TensorSource};
use crate::problem::{Problem, Result};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// One tensor's place and form in a file.
#[derive(Debug)]
struct Entry {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

/// The tensors of some files by name.
#[derive(Debug, Default)]
pub(crate) struct SafetensorsFiles {
    files: Vec<Bytes>,
    entries: BTreeMap<String, Entry>,
    /// What stood before every name and was taken away.
    wrapper: Option<&'static str>,
}

/// What programs for training put before every tensor's name: `torch.compile`, and the wrappers that
/// spread a model over devices.
const WRAPPERS: [&str; 2] = ["_orig_mod.", "module."];

impl SafetensorsFiles {
    /// Opens the files in a checkpoint's folder: `model.safetensors`, or the files that
    /// `model.safetensors.index.json` lists.
    ///
    /// # Errors
    /// When there are none, or a file is damaged.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        let files = if single.exists() {
            vec![single]
        } else if index.exists() {
            shards(&index)?.into_iter().map(|name| folder.join(name)).collect()
        } else {
            return Err(missing(folder));
        };
        let mut weights = Self::default();
        for path in files {
            let at = |why: String| Problem::new(READING, format!("{why}: {}", path.display()));
            let bytes = Bytes::map(&path).map_err(|e| at(e.to_string()))?;
            if bytes.is_lfs_pointer() {
                return Err(lfs_pointer(READING, &path));
            }
            weights.add(bytes).map_err(|why| {
                at(why).cure("The file is damaged or incomplete; download or copy it again")
            })?;
        }
        weights.unwrap_names();
        Ok(weights)
    }

    /// Takes away what a program for training put before every name.
    fn unwrap_names(&mut self) {
        let is_before_all = |wrapper: &&str| {
            !self.entries.is_empty() && self.entries.keys().all(|name| name.starts_with(*wrapper))
        };
        self.wrapper = WRAPPERS.into_iter().find(is_before_all);
        if let Some(wrapper) = self.wrapper {
            let entries = std::mem::take(&mut self.entries).into_iter();
            self.entries =
                entries.map(|(name, entry)| (name[wrapper.len()..].to_owned(), entry)).collect();
        }
    }

    /// Weights embedded in the program.
    ///
    /// # Errors
    /// When they are damaged.
    pub(crate) fn embedded(bytes: &'static [u8]) -> Result<Self> {
        let mut files = Self::default();
        let added = files.add(Bytes::Embedded(bytes));
        added.map_err(|why| Problem::new(READING, why))?;
        Ok(files)
    }

    fn add(&mut self, bytes: Bytes) -> std::result::Result<(), String> {
        let slice = bytes.as_slice();
        let file = SafeTensors::deserialize(slice).map_err(|e| e.to_string())?;
        for (name, tensor) in file.tensors() {
            let start = tensor.data().as_ptr() as usize - slice.as_ptr() as usize;
            let entry = Entry {
                file: self.files.len(),
                dtype: tensor.dtype(),
                shape: tensor.shape().to_vec(),
                bytes: start..start + tensor.data().len(),
            };
            self.entries.insert(name, entry);
        }
        self.files.push(bytes);
        Ok(())
    }

    fn bytes(&self, entry: &Entry) -> &[u8] {
        let file = self.files.get(entry.file).map(Bytes::as_slice);
        file.and_then(|bytes| bytes.get(entry.bytes.clone())).unwrap_or_default()
    }
}

impl TensorSource for SafetensorsFiles {
    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries.get(name).map(|entry| entry.shape.as_slice())
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>> {
        let missing = || Problem::new(READING, format!("the tensor {name} is missing"));
        let entry = self.entries.get(name).ok_or_else(missing)?;
        let numbers = floats(entry.dtype, self.bytes(entry)).ok_or_else(|| {
            Problem::new(READING, format!("{name} has type {:?}", entry.dtype))
                .cure("Supported are F32, F16, BF16 and F64")
        });
        if let Some(file) = self.files.get(entry.file) {
            file.release(&entry.bytes);
        }
        numbers
    }

    fn are_equal(&self, a: &str, b: &str) -> bool {
        let bytes = |name| self.entries.get(name).map(|entry| self.bytes(entry));
        bytes(a).is_some() && bytes(a) == bytes(b)
    }

    fn names(&self) -> Vec<(String, String)> {
        let wrapper = self.wrapper.unwrap_or_default();
        let names = self.entries.keys();
        names.map(|name| (name.clone(), format!("{wrapper}{name}"))).collect()
    }

    fn note(&self) -> Option<String> {
        let wrapper = self.wrapper?;
        Some(format!(
            "every tensor's name begins with {wrapper:?}, which a program for training put there; it was taken away"
        ))
    }
}

/// Little-endian numbers of a safetensors file as f32.
fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let (quads, _) = bytes.as_chunks::<4>();
    let (octets, _) = bytes.as_chunks::<8>();
    Some(match dtype {
        Dtype::F32 => quads.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        Dtype::F16 => pairs.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
        Dtype::BF16 => pairs.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
        Dtype::F64 => octets.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        _ => return None,
    })
}

/// The distinct file names in an index, which maps each tensor to its file.
fn shards(index: &Path) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let at = |why: String| Problem::new(READING, format!("{why}: {}", index.display()));
    let json = std::fs::read(index).map_err(|e| at(e.to_string()))?;
    let index: Index = serde_json::from_slice(&json).map_err(|e| at(e.to_string()))?;
    let mut names: Vec<String> = index.weight_map.into_values().collect();
    names.sort();
    names.dedup();
    match names
        .iter()
        .find(|name| Path::new(name).components().count() != 1 || name.as_str() == "..")
    {
        Some(name) => Err(at(format!("the index points outside the folder, to {name:?}"))),
        None => Ok(names),
    }
}

fn missing(folder: &Path) -> Problem {
    let found = |name: &str| folder.join(name).exists();
    let here = folder.display();
    if found("pytorch_model.bin") || found("pytorch_model.bin.index.json") {
        return Problem::new(READING, format!("only pickled weights (pytorch_model.bin) are here: {here}"))
            .cure("Pickle files can run code when opened. Convert them: load with transformers, then model.save_pretrained(folder)");
    }
    Problem::new(
        READING,
        format!("neither model.safetensors nor model.safetensors.index.json is here: {here}"),
    )
    .cure("Choose the folder that holds config.json and the weights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Weights;
    use burn::tensor::Device;
    use safetensors::tensor::TensorView;

    fn file_with(dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
        let view = TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
        safetensors::serialize([("w", view)], None).unwrap()
    }

    fn load<const D: usize>(file: Vec<u8>, shape: [usize; D]) -> Result<Vec<f32>> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("model.safetensors"), file).unwrap();
        let tensor = Weights::open(dir.path())?.tensor("w", shape, &Device::flex())?;
        Ok(tensor.into_data().try_into_vec().unwrap())
    }

    #[test]
    fn every_float_type_becomes_f32() {
        let numbers = [1.5_f32, -0.25];
        let f32s: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let f64s: Vec<u8> = numbers.iter().flat_map(|&x| f64::from(x).to_le_bytes()).collect();
        let f16s: Vec<u8> = numbers.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect();
        let bf16s: Vec<u8> =
            numbers.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect();
        for (dtype, bytes) in
            [(Dtype::F32, f32s), (Dtype::F64, f64s), (Dtype::F16, f16s), (Dtype::BF16, bf16s)]
        {
            assert_eq!(load(file_with(dtype, &[2], &bytes), [2]), Ok(numbers.to_vec()));
        }
    }

    #[test]
    fn problems_name_the_tensor() {
        let nan = f32::NAN.to_le_bytes();
        let why = |file, shape: [usize; 1]| load(file, shape).unwrap_err().why;
        assert_eq!(why(file_with(Dtype::F32, &[1], &nan), [1]), "w holds NaN at index 0");
        assert!(why(file_with(Dtype::F32, &[1], &nan), [2]).contains("w has shape [1]"));
        assert!(why(file_with(Dtype::I64, &[1], &[0; 8]), [1]).contains("w has type I64"));
    }

    #[test]
    fn lying_files_are_refused() {
        let good = file_with(Dtype::F32, &[2], &[0; 8]);
        for cut in [0, 4, 8, 20, good.len() - 1] {
            assert!(load(good[..cut].to_vec(), [2]).is_err(), "cut at {cut}");
        }
        let mut huge = good.clone();
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(load(huge, [2]).is_err());
        let header =
            br#"{"w":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,8]}}"#;
        let mut lying = (header.len() as u64).to_le_bytes().to_vec();
        lying.extend(header);
        lying.extend([0; 8]);
        assert!(load(lying, [2]).is_err());
    }

    #[test]
    fn an_index_stays_in_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("model.safetensors.index.json");
        std::fs::write(&index, r#"{"weight_map":{"w":"../secret.safetensors"}}"#).unwrap();
        assert!(Weights::open(dir.path()).unwrap_err().why.contains("outside the folder"));
    }

    #[test]
    fn pickles_are_explained() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Weights::open(dir.path()).unwrap_err().why.contains("neither"));
        std::fs::write(dir.path().join("pytorch_model.bin"), "").unwrap();
        assert!(Weights::open(dir.path()).unwrap_err().cure.contains("run code"));
    }
}
