//! What a view shows, to take away: its picture as PNG and SVG, its numbers as CSV and JSON.
//!
//! A [`Picture`] holds the very shapes that were drawn in the window. It is turned into pixels or
//! into a drawing on another thread, at any size, without the window.

mod data;
mod menu;
mod paths;
mod png;
mod svg;
mod svg_text;

pub use data::Data;
pub use menu::{context_menu_ui, menu_ui};

use crate::files::write_atomically;
use crate::problem::{Problem, Result};
use egui::epaint::ClippedShape;
use egui::layers::ShapeIdx;
use egui::{Color32, ColorImage, LayerId, Rect, TextureId, Ui};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The shapes of a part of the window, as they were drawn.
#[derive(Debug, Clone)]
pub struct Picture {
    shapes: Vec<ClippedShape>,
    /// What it shows, in words.
    title: String,
    /// Which part of the window, in points.
    rect: Rect,
    background: Color32,
    images: Images,
    /// How much larger than usual everything is drawn.
    zoom: f32,
}

/// The pixels of the textures that pictures of numbers are drawn with.
pub type Images = HashMap<TextureId, Arc<ColorImage>>;

impl Picture {
    /// A picture of everything drawn in `shapes` that lies within `rect`.
    pub fn new(
        title: impl Into<String>,
        shapes: Vec<ClippedShape>,
        rect: Rect,
        background: Color32,
        images: Images,
        zoom: f32,
    ) -> Self {
        Self { shapes, title: title.into(), rect, background, images, zoom }
    }

    /// Writes a picture in the format its file's name asks for, with `scale` pixels for each point.
    ///
    /// # Errors
    /// When the name asks for no picture, or the file cannot be written.
    pub fn save(&self, path: &Path, scale: f32) -> Result<()> {
        let bytes = match Format::of(path) {
            Some(Format::Png) => self.png(scale)?,
            Some(Format::Svg) => self.svg().into_bytes(),
            _ => return Err(unknown_format(path)),
        };
        write_atomically(path, &bytes).map_err(|e| unwritable(path, e))
    }
}

/// Where on the layer of a `Ui` a picture begins.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    layer: LayerId,
    first: ShapeIdx,
}

impl Beginning {
    /// From here on, what is drawn belongs to the picture.
    pub fn here(ui: &Ui) -> Self {
        Self { layer: ui.layer_id(), first: ui.painter().add(egui::Shape::Noop) }
    }

    /// The shapes drawn since.
    pub fn shapes(self, ui: &Ui) -> Vec<ClippedShape> {
        ui.ctx().graphics(|graphics| {
            let drawn = graphics.get(self.layer);
            let drawn = drawn.into_iter().flat_map(egui::layers::PaintList::all_entries);
            drawn.skip(self.first.0).cloned().collect()
        })
    }
}

/// What is written to a file; the ending of its name decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A picture in pixels.
    Png,
    /// A drawing: text stays text, lines stay sharp at any size.
    Svg,
    /// The numbers as comma-separated values, one file for each table.
    Csv,
    /// The numbers, the text, the tokens and the model's sizes.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Png, Self::Svg, Self::Csv, Self::Json];

    /// The ending of file names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The format a file name asks for.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        let asked = |format: &Self| extension.eq_ignore_ascii_case(format.extension());
        Self::ALL.into_iter().find(asked)
    }
}

/// A view's picture and its numbers at one moment.
#[derive(Debug, Clone)]
pub struct Captured {
    /// What was drawn.
    pub picture: Picture,
    /// What it was drawn from.
    pub data: Data,
}

impl Captured {
    /// Writes a file in the format its name asks for, a PNG with `scale` pixels for each point.
    /// Returns the files written: several when the data is several tables of CSV.
    ///
    /// # Errors
    /// When the name asks for no format, there is no data, or the file cannot be written.
    pub fn save(&self, path: &Path, scale: f32) -> Result<Vec<PathBuf>> {
        let Some(format) = Format::of(path) else {
            return Err(unknown_format(path));
        };
        let files = match format {
            Format::Png | Format::Svg => {
                self.picture.save(path, scale)?;
                return Ok(vec![path.to_owned()]);
            }
            Format::Json => vec![(path.to_owned(), self.data.json()?.into_bytes())],
            Format::Csv => self.data.csv(path)?,
        };
        for (path, bytes) in &files {
            write_atomically(path, bytes).map_err(|e| unwritable(path, e))?;
        }
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }
}

/// The problem of a file name that does not say what to write.
pub fn unknown_format(path: &Path) -> Problem {
    let endings: Vec<&str> = Format::ALL.iter().map(|f| f.extension()).collect();
    let why = format!("the name does not say which format: {}", path.display());
    Problem::new("Could not save", why)
        .cure(format!("End the name with one of: .{}", endings.join(", .")))
}

/// The problem of a file that could not be written.
pub fn unwritable(path: &Path, why: impl std::fmt::Display) -> Problem {
    Problem::new("Could not save", format!("{why}: {}", path.display()))
        .cure("Choose a folder that exists, is writable and has room")
}
