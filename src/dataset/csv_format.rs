//! CSV with a header line.

use std::io::Write;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::error::{DataError, shortened};
use super::table::Table;

/// Reads comma-separated numbers under a line of names. Blank lines are skipped, spaces around cells do not count, and a
/// `#` before the first name (NumPy's `savetxt`) is dropped.
///
/// # Errors
/// [`DataError`] with the line of the first bad cell.
pub fn read_csv(bytes: &[u8]) -> Result<Table, DataError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(unread)? {
        return Err(DataError::Empty);
    }
    let names = header(&record, bytes)?;
    let separator = separator(&names);
    let mut columns = vec![Vec::new(); names.len()];
    while reader.read_byte_record(&mut record).map_err(unread)? {
        let line = line_of(&record, bytes);
        // A name may hold any character: only rows that are none say that the columns are separated otherwise.
        let misread = |error: DataError| separator.map_or(error, |separator| DataError::Separator { line, separator });
        if record.len() != names.len() {
            return Err(misread(DataError::Ragged { line, found: record.len(), expected: names.len() }));
        }
        for (index, (cell, column)) in record.iter().zip(&mut columns).enumerate() {
            column.push(number(cell, line, index, &names[index]).map_err(misread)?);
        }
    }
    Table::checked(names, columns)
}

fn header(record: &ByteRecord, bytes: &[u8]) -> Result<Vec<String>, DataError> {
    let mut names = Vec::with_capacity(record.len());
    for (index, cell) in record.iter().enumerate() {
        let name = std::str::from_utf8(cell).map_err(|_| corrupt("the names of its columns are not UTF-8 text"))?;
        let name = if index == 0 { name.trim_start_matches('#').trim_start() } else { name };
        names.push(name.to_owned());
    }
    if let Some(text) = names.iter().find(|name| name.parse::<f64>().is_ok_and(f64::is_finite)) {
        return Err(DataError::NoHeader { line: line_of(record, bytes), text: shortened(text) });
    }
    Ok(names)
}

/// What seems to separate names that were read as one.
fn separator(names: &[String]) -> Option<&'static str> {
    let [name] = names else { return None };
    match name {
        _ if name.contains(';') => Some("`;`"),
        _ if name.contains('\t') => Some("tabs"),
        _ if name.contains(' ') => Some("blanks"),
        _ => None,
    }
}

fn number(cell: &[u8], line: u64, index: usize, name: &str) -> Result<f64, DataError> {
    let text = String::from_utf8_lossy(cell);
    let (column, name) = (index + 1, name.to_owned());
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(DataError::NotFinite { line, column, name, text: shortened(&text) }),
        Err(_) => Err(DataError::NotANumber { line, column, name, text: shortened(&text) }),
    }
}

/// The line that a record starts on; its position is from before the blank lines that were skipped.
fn line_of(record: &ByteRecord, bytes: &[u8]) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let rest = bytes.get(position.byte() as usize..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| b"\r\n".contains(byte)).filter(|&&byte| byte == b'\n').count();
    position.line() + blank as u64
}

fn corrupt(reason: &str) -> DataError {
    DataError::Corrupt { format: "CSV", reason: reason.to_owned() }
}

/// What the reader refuses: with records of any length and of any bytes, only what it can't read.
fn unread(_: csv::Error) -> DataError {
    corrupt("its records can't be told apart")
}

/// Writes a table with the shortest decimals that read back to the same numbers.
///
/// # Errors
/// [`DataError::Io`]
pub fn write_csv(table: &Table, out: &mut dyn Write) -> Result<(), DataError> {
    let io = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => DataError::Io(error),
        _ => corrupt("its records can't be written"),
    };
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(&table.names).map_err(io)?;
    for row in 0..table.rows() {
        writer.write_record(table.columns.iter().map(|column| format!("{:?}", column[row]))).map_err(io)?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        let expected =
            Table { names: vec!["t".into(), "u, v".into()], columns: vec![vec![0.0, 1e-3], vec![-2.0, 3.5]] };
        for text in [
            "t,\"u, v\"\n0,-2\n1e-3,3.5\n",
            "\u{feff}t,\"u, v\"\r\n0 , -2.0\r\n\r\n.001,3.5",
            "# t ,\"u, v\"\n0,-2\n0.001,+3.5\n\n",
        ] {
            assert_eq!(read_csv(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let cases = [
            ("", "the file is empty"),
            ("\n\n", "the file is empty"),
            ("x,u\n", "the file has columns (x, u) but no rows"),
            ("x,u\n1,2\n\n3,abc\n", "line 4: `abc` is not a number (column `u`)"),
            ("x,u\n1,\n", "line 2: `` is not a number (column `u`)"),
            ("x,u\n1,2,3\n", "line 2: 3 cells, but 2 columns"),
            ("x,u\n1,2\n1\n", "line 3: 1 cells, but 2 columns"),
            ("x,u\nnan,2\n", "line 2: `nan` is not a finite number (column `x`)"),
            ("x,u\n1,-inf\n", "line 2: `-inf` is not a finite number (column `u`)"),
            ("x,u\n1,1e999\n", "line 2: `1e999` is not a finite number (column `u`)"),
            ("x,x\n1,2\n", "there are two columns `x`"),
            ("x;u\n0,5;1\n", "line 2: the columns are separated by `;`, in a CSV file by `,`"),
            ("\n# x u\n0 1\n", "line 3: the columns are separated by blanks, in a CSV file by `,`"),
            ("x\tu\n0\t1\n", "line 2: the columns are separated by tabs, in a CSV file by `,`"),
            ("0.5,1\n1,2\n", "line 1: the first line must name the columns, but `0.5` is a number"),
        ];
        for (text, message) in cases {
            assert_eq!(read_csv(text.as_bytes()).unwrap_err().to_string(), message, "{text:?}");
        }
        let long = format!("x\n{}\n", "a".repeat(1000));
        assert!(read_csv(long.as_bytes()).unwrap_err().to_string().len() < 100);
    }

    proptest! {
        #[test]
        fn numbers_come_back_to_the_last_bit(values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL, 1..40)) {
            let table = Table { names: vec!["a \"b\", c".into()], columns: vec![values] };
            let mut bytes = Vec::new();
            write_csv(&table, &mut bytes).unwrap();
            let back = read_csv(&bytes).unwrap();
            prop_assert_eq!(&back.names, &table.names);
            let bits = |t: &Table| t.columns[0].iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&table));
        }

        #[test]
        fn any_bytes_give_a_table_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(table) = read_csv(&bytes) {
                prop_assert!(table.rows() > 0);
            }
        }
    }
}
