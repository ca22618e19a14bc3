//! Pictures: pixels without a graphics card, files to take away, `headlight shot`.

pub mod export;
pub mod raster;
pub mod shot;
