//! How the window looks: themes, number formats, motion, sizes that grow with the window.

pub mod fit;
pub mod format;
pub mod motion;
pub mod theme;
