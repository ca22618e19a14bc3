//! Where tensors live and are computed, chosen at run time.

use burn::tensor::Device;

/// A backend of burn that this build contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceKind {
    /// burn-flex: pure-Rust, SIMD, several threads.
    #[default]
    Flex,
    /// burn-ndarray: deprecated upstream, kept to compare with.
    #[cfg(feature = "ndarray")]
    NdArray,
}

impl DeviceKind {
    /// Every device of this build, the default first.
    pub const ALL: &'static [Self] = &[
        Self::Flex,
        #[cfg(feature = "ndarray")]
        Self::NdArray,
    ];

    /// The name used on the command line and in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            #[cfg(feature = "ndarray")]
            Self::NdArray => "ndarray",
        }
    }

    /// The device of that name, if this build has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The kind of a device.
    pub fn of(device: &Device) -> Self {
        let kinds = Self::ALL.iter().copied();
        kinds.into_iter().find(|kind| kind.device() == *device).unwrap_or_default()
    }

    /// What to know before choosing it.
    pub fn description(self) -> &'static str {
        match self {
            Self::Flex => "burn-flex: fast, on all processor cores",
            #[cfg(feature = "ndarray")]
            Self::NdArray => "burn-ndarray: deprecated upstream, to compare with",
        }
    }

    /// The burn device.
    pub fn device(self) -> Device {
        match self {
            Self::Flex => Device::flex(),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "offered for comparison; see docs/architecture.md")]
            Self::NdArray => Device::ndarray(),
        }
    }
}
