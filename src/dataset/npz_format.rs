//! Several arrays in one file: NumPy's NPZ format.

use std::io::{Cursor, Read, Write};

use npyz::WriterBuilder;
use npyz::npz::{NpzArchive, NpzWriter, array_name_from_file_name};

use super::error::DataError;
use super::npy_format::{Array, read_npy};
use super::table::Table;

/// The most that one array may unpack to: a small file can hold a large one.
const MOST_BYTES: u64 = 1 << 31;

/// Reads a file of arrays with equally many elements as a table, one column an array, grids flattened with the last
/// axis fastest.
///
/// # Errors
/// [`DataError::Corrupt`] or what makes no sound table.
pub fn read_npz(bytes: &[u8]) -> Result<Table, DataError> {
    let (names, arrays): (Vec<_>, Vec<_>) = read_npz_arrays(bytes)?.into_iter().unzip();
    Table::checked(names, arrays.into_iter().map(|array| array.values).collect())
}

/// Reads all arrays of a file, in its order, whatever their shapes.
///
/// # Errors
/// [`DataError::Corrupt`]
pub fn read_npz_arrays(bytes: &[u8]) -> Result<Vec<(String, Array)>, DataError> {
    let no_archive = "it is no archive of arrays, or it is cut off; `numpy.savez` writes such files";
    let mut archive = NpzArchive::new(Cursor::new(bytes)).map_err(|_| corrupt(no_archive))?;
    let zip = archive.zip_archive();
    let mut arrays = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|_| corrupt("one of its arrays is packed in an unknown way"))?;
        let Some(name) = array_name_from_file_name(entry.name()).map(str::to_owned) else { continue };
        let mut unpacked = Vec::new();
        entry
            .take(MOST_BYTES)
            .read_to_end(&mut unpacked)
            .map_err(|_| corrupt(&format!("the array `{name}` is damaged")))?;
        arrays.push((name, read_npy(&unpacked)?));
    }
    Ok(arrays)
}

/// Writes one array a column: vectors, or grids of `shape` (last axis fastest). The same table gives the same bytes.
///
/// # Errors
/// [`DataError::GridShape`] if the shape is not that of the rows; [`DataError::Io`].
pub fn write_npz(table: &Table, shape: Option<&[usize]>, out: &mut dyn Write) -> Result<(), DataError> {
    let rows = table.rows();
    let flat = [rows];
    let shape = shape.unwrap_or(&flat);
    if shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length)) != Some(rows) {
        return Err(DataError::GridShape { shape: shape.to_vec(), rows });
    }
    let shape: Vec<u64> = shape.iter().map(|&length| length as u64).collect();
    let mut bytes = Vec::new();
    let mut archive = NpzWriter::new(Cursor::new(&mut bytes));
    for (name, column) in table.names.iter().zip(&table.columns) {
        let array = archive.array::<f64>(name, Default::default())?;
        let mut writer = array.default_dtype().shape(&shape).begin_nd()?;
        writer.extend(column.iter().copied())?;
        writer.finish()?;
    }
    archive.zip_writer().finish().map_err(|_| corrupt("it can't be written"))?;
    drop(archive);
    undate(&mut bytes);
    out.write_all(&bytes)?;
    Ok(())
}

/// Sets the times of all entries to 1980-01-01, so that the file depends on the numbers only.
fn undate(zip: &mut [u8]) {
    const EPOCH: [u8; 4] = [0, 0, 0x21, 0];
    let mut at = 0;
    // Entries with their data, then the directory: signature, place of the time, places of the lengths that follow.
    while let Some(header) = zip.get_mut(at..at + 46) {
        let word = |place: usize| usize::from(u16::from_le_bytes([header[place], header[place + 1]]));
        let (time, length) = match &header[..4] {
            b"PK\x03\x04" => (10, 30 + (word(18) | word(20) << 16) + word(26) + word(28)),
            b"PK\x01\x02" => (12, 46 + word(28) + word(30) + word(32)),
            _ => return,
        };
        header[time..time + 4].copy_from_slice(&EPOCH);
        at += length;
    }
}

fn corrupt(reason: &str) -> DataError {
    DataError::Corrupt { format: "NPZ", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::DataError;

    fn sample() -> Table {
        let column = |k: i32| (0..12).map(|i| f64::from(i - 4) / f64::from(k)).collect();
        Table { names: vec!["t".into(), "u_x".into()], columns: vec![column(3), column(7)] }
    }

    fn written(shape: Option<&[usize]>) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_npz(&sample(), shape, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_table_comes_back_with_its_grid() {
        assert_eq!(read_npz(&written(None)).unwrap(), sample());
        let bytes = written(Some(&[3, 4]));
        assert_eq!(read_npz(&bytes).unwrap(), sample());
        let arrays = read_npz_arrays(&bytes).unwrap();
        assert_eq!((&arrays[1].0[..], &arrays[1].1.shape[..]), ("u_x", &[3, 4][..]));
        let error = write_npz(&sample(), Some(&[5, 5]), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "a grid of [5, 5] does not have 12 points");
    }

    #[test]
    fn files_have_no_date() {
        let bytes = written(None);
        let entry = |signature: &[u8]| bytes.windows(4).filter(|w| w == &signature).count();
        assert_eq!((entry(b"PK\x03\x04"), entry(b"PK\x01\x02"), entry(&[0, 0, 0x21, 0])), (2, 2, 4));
    }

    #[test]
    fn truncated_files_are_errors() {
        let bytes = written(Some(&[3, 4]));
        for length in 0..bytes.len() {
            let error = read_npz(&bytes[..length]).unwrap_err();
            assert!(matches!(error, DataError::Corrupt { .. }), "{length} bytes: {error}");
        }
    }

    #[test]
    fn flipped_bits_end_in_a_table_or_an_error() {
        let bytes = written(Some(&[3, 4]));
        let mut sound = 0;
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // A flip in the numbers fails the checksum; one in a date or a name may go through, or hide an array.
            if let Ok(table) = read_npz(&flipped) {
                assert!(table.columns.iter().all(|column| sample().columns.contains(column)));
                sound += 1;
            }
        }
        assert!(sound < 4 * bytes.len(), "{sound}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(read_npz(&bytes).is_err());
            prop_assert!(read_npy(&bytes).is_err());
        }
    }
}
