//! Colours as themes write them.

use egui::Color32;
use serde::{Deserialize, Deserializer};

/// A colour written as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(Color32);

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let color = Color32::from_hex(&text);
        color.map(Self).map_err(|e| serde::de::Error::custom(format!("{text}: {e:?}")))
    }
}

impl From<Color> for Color32 {
    fn from(color: Color) -> Self {
        color.0
    }
}

impl std::ops::Deref for Color {
    type Target = Color32;
    fn deref(&self) -> &Color32 {
        &self.0
    }
}
