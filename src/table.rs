//! Tables of numbers and words with named columns, as CSV and JSON: what a picture shows, to take
//! away.

use crate::problem::Problem;
use serde::ser::{Serialize, SerializeSeq as _, SerializeStruct as _, Serializer};

/// Named columns of equal length. Numbers keep all their digits.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What the table holds, for file names and as its key in JSON: `pattern`.
    pub name: String,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq)]
struct Column {
    name: String,
    cells: Cells,
}

#[derive(Debug, Clone, PartialEq)]
enum Cells {
    Text(Vec<String>),
    Integer(Vec<i64>),
    Number(Vec<f32>),
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Integer(cells) => cells.len(),
            Self::Number(cells) => cells.len(),
        }
    }
}

impl Table {
    /// A table without columns.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), columns: Vec::new() }
    }

    /// Adds a column of words.
    pub fn text<T: Into<String>>(self, name: &str, cells: impl IntoIterator<Item = T>) -> Self {
        let cells = cells.into_iter().map(Into::into).collect();
        self.column(name, Cells::Text(cells))
    }

    /// Adds a column of indices and counts.
    pub fn integer<T: TryInto<i64>>(self, name: &str, cells: impl IntoIterator<Item = T>) -> Self {
        let saturated = |cell: T| cell.try_into().unwrap_or(i64::MAX);
        let cells = cells.into_iter().map(saturated).collect();
        self.column(name, Cells::Integer(cells))
    }

    /// Adds a column of measured values.
    pub fn number(self, name: &str, cells: impl IntoIterator<Item = f32>) -> Self {
        self.column(name, Cells::Number(cells.into_iter().collect()))
    }

    fn column(mut self, name: &str, cells: Cells) -> Self {
        let name = name.to_owned();
        self.columns.push(Column { name, cells });
        self
    }

    /// How many rows are complete.
    pub fn n_rows(&self) -> usize {
        let lengths = self.columns.iter().map(|column| column.cells.len());
        lengths.min().unwrap_or(0)
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The table as comma-separated values (RFC 4180): a line of names, then a line for each row.
    /// Numbers are written with as many digits as tell them apart.
    pub fn csv(&self) -> String {
        let names: Vec<String> = self.columns().map(quoted).collect();
        let mut csv = names.join(",") + "\r\n";
        for row in 0..self.n_rows() {
            for (i, column) in self.columns.iter().enumerate() {
                if i > 0 {
                    csv.push(',');
                }
                match &column.cells {
                    Cells::Text(cells) => csv.push_str(&quoted(&cells[row])),
                    Cells::Integer(cells) => csv.push_str(&cells[row].to_string()),
                    Cells::Number(cells) => csv.push_str(&cells[row].to_string()),
                }
            }
            csv.push_str("\r\n");
        }
        csv
    }
}

/// A text as a CSV field.
fn quoted(text: &str) -> String {
    let is_plain = !text.contains(['"', ',', '\n', '\r']) && text.trim() == text;
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// `{"name", "columns": [names], "rows": [[cells]]}`. JSON has no infinities and no NaN: they are
/// strings, as in recordings.
impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_struct("Table", 3)?;
        table.serialize_field("name", &self.name)?;
        table.serialize_field("columns", &self.columns().collect::<Vec<_>>())?;
        table.serialize_field("rows", &Rows(self))?;
        table.end()
    }
}

struct Rows<'a>(&'a Table);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let n_rows = self.0.n_rows();
        let mut rows = serializer.serialize_seq(Some(n_rows))?;
        for row in 0..n_rows {
            rows.serialize_element(&Row(self.0, row))?;
        }
        rows.end()
    }
}

struct Row<'a>(&'a Table, usize);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_seq(Some(self.0.columns.len()))?;
        for column in &self.0.columns {
            match &column.cells {
                Cells::Text(cells) => row.serialize_element(&cells[self.1])?,
                Cells::Integer(cells) => row.serialize_element(&cells[self.1])?,
                Cells::Number(cells) if cells[self.1].is_finite() => {
                    row.serialize_element(&cells[self.1])?;
                }
                Cells::Number(cells) => row.serialize_element(&cells[self.1].to_string())?,
            }
        }
        row.end()
    }
}

/// What a set of tables without rows means to who wanted to save it.
pub fn nothing_to_save() -> Problem {
    Problem::new("There is no data to save", "the view shows nothing yet")
        .cure("Wait until the picture is there, or type a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new("odd")
            .integer("pos", 0..3_usize)
            .text("token", ["a,b", " say \"hi\"\n", "注意"])
            .number("weight", [0.1, f32::NEG_INFINITY, 1.0 / 3.0, 9.0])
    }

    #[test]
    fn csv_keeps_words_and_digits() {
        let csv = "pos,token,weight\r\n0,\"a,b\",0.1\r\n1,\" say \"\"hi\"\"\n\",-inf\r\n2,注意,0.33333334\r\n";
        assert_eq!(table().csv(), csv);
    }

    #[test]
    fn json_has_names_rows_and_no_bare_infinities() {
        let json = serde_json::to_value(table()).unwrap();
        assert_eq!(json["columns"], serde_json::json!(["pos", "token", "weight"]));
        assert_eq!(json["rows"][1], serde_json::json!([1, " say \"hi\"\n", "-inf"]));
        assert_eq!(json["rows"].as_array().unwrap().len(), 3);
        let third = json["rows"][2][2].as_f64().unwrap() as f32;
        assert_eq!(third, 1.0 / 3.0);
    }
}
