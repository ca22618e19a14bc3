//! The models inside the program.

/// A checkpoint embedded in the executable, as the files of its folder.
#[derive(Debug)]
pub struct Bundled {
    /// Name by which `--model` finds it.
    pub name: &'static str,
    /// Its `config.json`.
    pub config: &'static [u8],
    /// Its `model.safetensors`.
    pub weights: &'static [u8],
    /// Its `tokenizer.json`.
    pub tokenizer: &'static [u8],
}

/// The files of one folder under `models/`.
macro_rules! bundled {
    ($name:literal) => {
        Bundled {
            name: $name,
            config: include_bytes!(concat!("../../../models/", $name, "/config.json")),
            weights: include_bytes!(concat!("../../../models/", $name, "/model.safetensors")),
            tokenizer: include_bytes!(concat!("../../../models/", $name, "/tokenizer.json")),
        }
    };
}

// Statics, not constants: a constant's bytes stand in the program once for each of its uses.

/// Writes English stories: a decoder (GPT-2's format). The program starts with it.
pub static STORYBOOK: Bundled = bundled!("storybook");
/// Reads English in both directions: an encoder (BERT's format).
pub static READER: Bundled = bundled!("reader");
/// Translates English into Spanish: an encoder and a decoder (Marian's format).
pub static TRANSLATOR: Bundled = bundled!("translator");

/// Every bundled model; the first is the one the program starts with.
pub static BUNDLED: [&Bundled; 3] = [&STORYBOOK, &READER, &TRANSLATOR];
