//! Models by their Hugging Face name: `hf:openai-community/gpt2`.
//!
//! What was downloaded before, by this program or by Python's `huggingface_hub`, is found in the
//! same cache and opens without a network; what is missing is downloaded into it. The environment
//! variables are the usual ones: `HF_HOME`, `HF_HUB_CACHE`, `HF_ENDPOINT`, `HF_TOKEN`,
//! `HF_HUB_OFFLINE`.
//!
//! The crate hf-hub was weighed: version 1 brings tokio, reqwest, xet and a TLS library that needs
//! cmake, 80 crates that nothing else here uses; version 0.5 on ureq is small, but cannot be stopped,
//! waits forever on a silent server, and checks neither lengths nor checksums.

mod cache;
#[cfg(feature = "download")]
mod conversion;
mod curated;
#[cfg(feature = "download")]
mod download;
#[cfg(feature = "download")]
mod http;
mod repo;

pub use cache::Hub;
pub use curated::{Curated, curated};
pub use repo::Repo;

/// How far a download is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// The file under way.
    pub file: String,
    /// Bytes that are here, of all files.
    pub done: u64,
    /// Bytes there will be.
    pub total: u64,
    /// Seconds left at the speed so far, once that is known.
    pub seconds_left: Option<f64>,
}

/// What a download's listener wants: to go on, or to stop.
pub type Go = std::ops::ControlFlow<()>;
