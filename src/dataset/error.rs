//! What can be wrong with a file of numbers.

use std::io;

/// Why a file is no table. Lines and columns count from 1.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The extension names no known format.
    #[error("`{extension}` is no known kind of data file; known: csv, npz, npy")]
    UnknownFormat {
        /// The extension, without its dot; empty if there is none.
        extension: String,
    },
    /// Nothing in it, not even names of columns.
    #[error("the file is empty")]
    Empty,
    /// Names of columns, but no row.
    #[error("the file has columns ({}) but no rows", names.join(", "))]
    NoRows {
        /// The columns.
        names: Vec<String>,
    },
    /// The first line holds numbers where names are needed.
    #[error("line {line}: the first line must name the columns, but `{text}` is a number")]
    NoHeader {
        /// Line of the first record.
        line: u64,
        /// Its first cell.
        text: String,
    },
    /// The cells are not separated by commas.
    #[error("line {line}: the columns are separated by {separator}, in a CSV file by `,`")]
    Separator {
        /// Line of the first row.
        line: u64,
        /// What stands between its cells.
        separator: &'static str,
    },
    /// Two columns of the same name.
    #[error("there are two columns `{name}`")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A row with more or fewer cells than there are columns.
    #[error("line {line}: {found} cells, but {expected} columns")]
    Ragged {
        /// Line of the row.
        line: u64,
        /// Cells in the row.
        found: usize,
        /// Number of columns.
        expected: usize,
    },
    /// A cell that is no number.
    #[error("line {line}: `{text}` is not a number (column `{name}`)")]
    NotANumber {
        /// Line of the cell.
        line: u64,
        /// Which cell of the line.
        column: usize,
        /// Name of its column.
        name: String,
        /// What it holds, shortened.
        text: String,
    },
    /// A NaN or an infinity.
    #[error("line {line}: `{text}` is not a finite number (column `{name}`)")]
    NotFinite {
        /// Line of the cell (of an array: number of the element).
        line: u64,
        /// Which cell of the line.
        column: usize,
        /// Name of its column.
        name: String,
        /// What it holds.
        text: String,
    },
    /// A column that is asked for and not there.
    #[error("there is no column `{name}`; the file has {}", known.join(", "))]
    MissingColumn {
        /// The name.
        name: String,
        /// The columns that are there.
        known: Vec<String>,
    },
    /// Arrays of different lengths do not make a table.
    #[error("array `{name}` has {found} elements, but `{first}` has {expected}")]
    Lengths {
        /// The array that differs.
        name: String,
        /// Its number of elements.
        found: usize,
        /// The first array.
        first: String,
        /// Its number of elements.
        expected: usize,
    },
    /// The grid shape does not belong to the table.
    #[error("a grid of {shape:?} does not have {rows} points")]
    GridShape {
        /// The shape.
        shape: Vec<usize>,
        /// Rows of the table.
        rows: usize,
    },
    /// Not the format that it should be, or damaged.
    #[error("not a sound {format} file: {reason}")]
    Corrupt {
        /// `CSV`, `NPZ` or `NPY`.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// At most 40 characters of a cell, for messages.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
