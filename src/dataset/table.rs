//! Named columns of numbers.

use std::fs;
use std::path::Path;

use super::csv_format::read_csv;
use super::error::DataError;
use super::npy_format::read_npy;
use super::npz_format::read_npz;

/// Named columns of equal length, all numbers finite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// One name a column, all different.
    pub names: Vec<String>,
    /// The columns.
    pub columns: Vec<Vec<f64>>,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// A column by its name.
    ///
    /// # Errors
    /// [`DataError::MissingColumn`]
    pub fn column(&self, name: &str) -> Result<&[f64], DataError> {
        match self.names.iter().position(|n| n == name) {
            Some(index) => Ok(&self.columns[index]),
            None => Err(DataError::MissingColumn { name: name.to_owned(), known: self.names.clone() }),
        }
    }

    /// The table in the bytes of a file; the format follows from the extension of its path.
    ///
    /// # Errors
    /// [`DataError`]: the bytes are not what the extension says.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, DataError> {
        match Format::of(path)? {
            Format::Csv => read_csv(bytes),
            Format::Npz => read_npz(bytes),
            Format::Npy => read_npy(bytes)?.into_table(),
        }
    }

    /// The sound table that these columns make.
    pub(super) fn checked(names: Vec<String>, columns: Vec<Vec<f64>>) -> Result<Self, DataError> {
        if names.is_empty() {
            return Err(DataError::Empty);
        }
        for (i, name) in names.iter().enumerate() {
            if names[..i].contains(name) {
                return Err(DataError::DuplicateColumn { name: name.clone() });
            }
            let (found, expected) = (columns[i].len(), columns[0].len());
            if found != expected {
                return Err(DataError::Lengths { name: name.clone(), found, first: names[0].clone(), expected });
            }
            if let Some(row) = columns[i].iter().position(|v| !v.is_finite()) {
                let text = columns[i][row].to_string();
                return Err(DataError::NotFinite { line: row as u64 + 1, column: i + 1, name: name.clone(), text });
            }
        }
        if columns[0].is_empty() {
            return Err(DataError::NoRows { names });
        }
        Ok(Self { names, columns })
    }
}

/// Reads a table; the format follows from the extension (`csv`, `npz` or `npy`).
///
/// # Errors
/// [`DataError`]: the file cannot be read, or is not what its extension says.
pub fn read(path: &Path) -> Result<Table, DataError> {
    // Before anything is read: a wrong extension may belong to a file of any size.
    Format::of(path)?;
    Table::from_bytes(path, &fs::read(path)?)
}

/// The formats of tables.
enum Format {
    Csv,
    Npz,
    Npy,
}

impl Format {
    fn of(path: &Path) -> Result<Self, DataError> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "csv" => Ok(Self::Csv),
            "npz" => Ok(Self::Npz),
            "npy" => Ok(Self::Npy),
            _ => Err(DataError::UnknownFormat { extension }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::write_csv;

    #[test]
    fn the_extension_chooses_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let table = Table { names: vec!["x".into()], columns: vec![vec![1.0]] };
        let path = folder.path().join("a.CSV");
        write_csv(&table, &mut fs::File::create(&path).unwrap()).unwrap();
        assert_eq!(read(&path).unwrap(), table);
        let message = |name: &str| read(&folder.path().join(name)).unwrap_err().to_string();
        assert_eq!(message("a.xlsx"), "`xlsx` is no known kind of data file; known: csv, npz, npy");
        assert!(message("absent.csv").contains("No such file"));
    }

    #[test]
    fn a_missing_column_names_the_others() {
        let table = Table { names: vec!["t".into(), "x".into()], columns: vec![vec![1.0], vec![2.0]] };
        assert_eq!(table.column("x").unwrap(), [2.0]);
        assert_eq!(table.column("u").unwrap_err().to_string(), "there is no column `u`; the file has t, x");
    }
}
