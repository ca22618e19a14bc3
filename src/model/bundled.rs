//! The models inside the program.

/// A checkpoint embedded in the executable, as the files of its folder.
#[derive(Debug, Clone, Copy)]
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

/// Every bundled model; the first is the one the program starts with.
pub const BUNDLED: &[Bundled] = &[
    Bundled {
        name: "storybook",
        config: include_bytes!("../../models/storybook/config.json"),
        weights: include_bytes!("../../models/storybook/model.safetensors"),
        tokenizer: include_bytes!("../../models/storybook/tokenizer.json"),
    },
    TRANSLATOR,
];

/// The bundled model with an encoder and a decoder.
pub const TRANSLATOR: Bundled = Bundled {
    name: "translator",
    config: include_bytes!("../../models/translator/config.json"),
    weights: include_bytes!("../../models/translator/model.safetensors"),
    tokenizer: include_bytes!("../../models/translator/tokenizer.json"),
};
