//! A text to learn from, out of a file.

use crate::problem::{Problem, Result};
use std::ffi::OsStr;
use std::path::Path;

/// What is read of a file at most, in bytes: a short book's chapter, kept with the session.
pub const MOST_BYTES: usize = 100_000;

/// Is this the name of a file that a text can be read from?
pub fn is_text(path: &Path) -> bool {
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    extension.is_some_and(|extension| ["txt", "md", "csv", "tsv"].iter().any(|e| extension == *e))
}

/// The text of a file, and whether it is only the beginning. Of a table, the column with the longest
/// words, a line for each row.
///
/// # Errors
/// When it cannot be read, is no text in UTF-8, or a table without text.
pub fn read_text(path: &Path) -> Result<(String, bool)> {
    let at =
        |why: String| Problem::new("Could not read the text", format!("{why}: {}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| at(e.to_string()))?;
    let whole = String::from_utf8(bytes).map_err(|_| {
        at("it is not in UTF-8".to_owned()).cure("Save it as UTF-8 in the program it comes from")
    })?;
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    let mut text = match extension.as_deref().and_then(|extension| extension.to_str()) {
        Some("csv") => column(&whole, b',').map_err(at)?,
        Some("tsv") => column(&whole, b'\t').map_err(at)?,
        _ => whole,
    };
    let is_cut = text.len() > MOST_BYTES;
    text.truncate(text.floor_char_boundary(MOST_BYTES));
    Ok((text, is_cut))
}

/// The column of a table with most letters, without its heading.
fn column(table: &str, delimiter: u8) -> std::result::Result<String, String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(table.as_bytes());
    let mut columns: Vec<String> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        for (i, cell) in record.iter().enumerate() {
            if columns.len() <= i {
                columns.push(String::new());
            }
            columns[i].push_str(cell.trim());
            columns[i].push('\n');
        }
    }
    let letters = |text: &String| text.chars().filter(|c| c.is_alphabetic()).count();
    let best = columns.into_iter().max_by_key(letters).unwrap_or_default();
    if letters(&best) == 0 { Err("the table has no column of words".to_owned()) } else { Ok(best) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_columns_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            read_text(&path)
        };
        assert_eq!(file("a.txt", "ünï".as_bytes()), Ok(("ünï".to_owned(), false)));
        let table = "id,text,n\n1,\"Hello, \"\"you\"\"\",2\n2,second line,3\n";
        let column = "Hello, \"you\"\nsecond line\n".to_owned();
        assert_eq!(file("b.csv", table.as_bytes()), Ok((column, false)));
        assert!(file("c.csv", b"1,2\n3,4\n").unwrap_err().why.contains("no column"));
        assert!(file("d.txt", &[0xff, 0xfe]).unwrap_err().why.contains("UTF-8"));
        let long = file("e.txt", "é".repeat(MOST_BYTES).as_bytes()).unwrap();
        assert!(long.1 && long.0.len() <= MOST_BYTES);
        assert!(read_text(&folder.path().join("none.txt")).is_err());
        assert!(is_text(Path::new("a.CSV")) && !is_text(Path::new("config.json")));
    }
}
