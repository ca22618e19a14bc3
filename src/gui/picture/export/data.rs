//! The numbers of a view as files.

use crate::gui::contract::view::{Context, View};
use crate::gui::state::selection::Selection;
use crate::model::Edit;
use crate::problem::{Problem, Result};
use crate::table::{Table, nothing_to_save};
use crate::trace::{ModelInfo, Token, Trace};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Marks a file as ours.
const FORMAT: &str = "headlight-data";
/// Version of the JSON form.
const VERSION: u32 = 1;

/// The tables of a view, with what is needed to understand them.
#[derive(Debug, Clone)]
pub struct Data {
    view: &'static str,
    question: &'static str,
    trace: Arc<Trace>,
    edits: Vec<Edit>,
    selection: Selection,
    tables: Vec<Table>,
}

/// The JSON form.
#[derive(Serialize)]
struct File<'a> {
    format: &'static str,
    version: u32,
    program: String,
    view: &'static str,
    question: &'static str,
    model: &'a ModelInfo,
    text: &'a str,
    tokens: &'a [Token],
    dropped: usize,
    edits: &'a [Edit],
    selection: Selection,
    tables: &'a [Table],
}

impl Data {
    /// What a view shows now.
    pub fn of(view: &dyn View, ctx: &Context<'_>) -> Self {
        Self {
            view: view.id(),
            question: view.question(),
            trace: Arc::clone(ctx.trace),
            edits: ctx.edits.to_vec(),
            selection: ctx.pinned,
            tables: view.tables(ctx),
        }
    }

    /// The tables that have rows.
    fn filled(&self) -> Result<Vec<&Table>> {
        let filled: Vec<&Table> = self.tables.iter().filter(|t| t.n_rows() > 0).collect();
        if filled.is_empty() {
            return Err(nothing_to_save());
        }
        Ok(filled)
    }

    /// Everything in one JSON document.
    pub(super) fn json(&self) -> Result<String> {
        self.filled()?;
        let file = File {
            format: FORMAT,
            version: VERSION,
            program: format!("headlight {}", env!("CARGO_PKG_VERSION")),
            view: self.view,
            question: self.question,
            model: &self.trace.model,
            text: &self.trace.text,
            tokens: &self.trace.tokens,
            dropped: self.trace.dropped,
            edits: &self.edits,
            selection: self.selection,
            tables: &self.tables,
        };
        let json = serde_json::to_string(&file);
        json.map_err(|e| Problem::new("Could not save the data", e))
    }

    /// One file for each table: the first under the name asked for, the others with the table's
    /// name added (`heads.csv`, `heads-pattern.csv`).
    pub(super) fn csv(&self, path: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = |(i, table): (usize, &&Table)| {
            let path = if i == 0 {
                path.to_owned()
            } else {
                path.with_file_name(format!("{stem}-{}.csv", table.name))
            };
            (path, table.csv().into_bytes())
        };
        Ok(self.filled()?.iter().enumerate().map(file).collect())
    }
}
