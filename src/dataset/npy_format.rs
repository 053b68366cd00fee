//! Arrays in NumPy's NPY format.

use npyz::{Deserialize, NpyFile, Order};

use super::error::DataError;
use super::table::Table;

/// Bytes of magic, version and (in version 1) header length.
const PREAMBLE: usize = 10;

/// An array of numbers of any shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length along each axis; empty for a single number.
    pub shape: Vec<usize>,
    /// The elements, last axis fastest, whatever the order in the file.
    pub values: Vec<f64>,
}

impl Array {
    /// A table of the columns of a matrix (`c1`, `c2`, ..), or of one column `c1`.
    ///
    /// # Errors
    /// [`DataError::Corrupt`] above two axes; what makes no sound table.
    pub fn into_table(self) -> Result<Table, DataError> {
        let width = match self.shape[..] {
            [] | [_] => 1,
            [_, width] => width,
            _ => return Err(corrupt(format!("an array of shape {:?} is no table", self.shape))),
        };
        let names = (1..=width).map(|i| format!("c{i}")).collect();
        let column = |i| self.values.iter().skip(i).step_by(width).copied().collect();
        Table::checked(names, (0..width).map(column).collect())
    }
}

/// Reads an array of floating-point numbers or integers of any width.
///
/// # Errors
/// [`DataError::Corrupt`] if the bytes are not a sound file, or the elements no numbers.
pub fn read_npy(bytes: &[u8]) -> Result<Array, DataError> {
    check_header(bytes)?;
    let file = NpyFile::new(bytes).map_err(|_| corrupt("it does not begin like an array of NumPy"))?;
    let shape: Vec<usize> = file.shape().iter().map(|&length| length as usize).collect();
    let order = file.order();
    let values = values(file)?;
    Ok(match order {
        Order::C => Array { shape, values },
        Order::Fortran => Array { values: row_major(&shape, &values), shape },
    })
}

fn values(file: NpyFile<&[u8]>) -> Result<Vec<f64>, DataError> {
    let dtype = file.dtype().descr();
    let file = match of_type::<f64>(file, |v| v) {
        Ok(values) => return values,
        Err(file) => file,
    };
    macro_rules! try_types {
        ($file:expr; $($type:ty),*) => {{
            let file = $file;
            $(let file = match of_type::<$type>(file, |v| v as f64) {
                Ok(values) => return values,
                Err(file) => file,
            };)*
            drop(file);
        }};
    }
    try_types!(file; f32, i64, i32, i16, i8, u64, u32, u16, u8);
    Err(corrupt(format!("elements of type {dtype} are no real numbers")))
}

/// All elements, or the file back if they are of another type.
fn of_type<T: Deserialize>(
    file: NpyFile<&[u8]>,
    convert: impl Fn(T) -> f64,
) -> Result<Result<Vec<f64>, DataError>, NpyFile<&[u8]>> {
    let reader = file.try_data::<T>()?;
    Ok(reader.map(|value| value.map(&convert)).collect::<Result<_, _>>().map_err(|_| corrupt("it is cut off")))
}

/// What the parser of the header takes on trust: its length, shallow nesting, and a shape that the bytes can hold.
fn check_header(bytes: &[u8]) -> Result<(), DataError> {
    let start = match bytes.get(6) {
        Some(1) => PREAMBLE,
        _ => PREAMBLE + 2,
    };
    let length_bytes = bytes.get(PREAMBLE - 2..start).ok_or_else(|| corrupt("it is cut off"))?;
    let length = length_bytes.iter().rev().fold(0usize, |sum, &byte| sum << 8 | usize::from(byte));
    let header = bytes.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(|| corrupt("it is cut off"))?;
    if header.iter().filter(|byte| b"([{".contains(byte)).count() > 64 {
        return Err(corrupt("its header is nested too deeply"));
    }
    let header = std::str::from_utf8(header).map_err(|_| corrupt("its header is not text"))?;
    let elements = elements(header).ok_or_else(|| corrupt("its header has no sound shape"))?;
    if elements > bytes.len() { Err(corrupt("it is cut off")) } else { Ok(()) }
}

/// The number of elements, axes of no length counted as one; `None` if the shape is missing, unusual or too large.
fn elements(header: &str) -> Option<usize> {
    let (_, after) = header.split_once("shape")?;
    if after.contains("shape") {
        return None;
    }
    let (_, after) = after.split_once('(')?;
    let (shape, _) = after.split_once(')')?;
    let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
    lengths
        .map(|length| length.parse::<usize>().ok())
        .try_fold(1usize, |total, length| total.checked_mul(length?.max(1)))
}

fn row_major(shape: &[usize], column_major: &[f64]) -> Vec<f64> {
    let from = |mut index: usize| {
        let mut source = 0;
        let mut stride = column_major.len();
        for &length in shape.iter().rev() {
            stride /= length;
            source += index % length * stride;
            index /= length;
        }
        column_major[source]
    };
    (0..column_major.len()).map(from).collect()
}

fn corrupt(reason: impl ToString) -> DataError {
    DataError::Corrupt { format: "NPY", reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn header(dtype: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
    }

    #[test]
    fn numbers_of_any_width_and_order() {
        let data: Vec<u8> = (1..=6i16).flat_map(i16::to_be_bytes).collect();
        let array = read_npy(&npy(&header(">i2", "False", "(2, 3)"), &data)).unwrap();
        assert_eq!(array, Array { shape: vec![2, 3], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] });
        let array = read_npy(&npy(&header(">i2", "True", "(2, 3)"), &data)).unwrap();
        assert_eq!(array.values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        let table = array.into_table().unwrap();
        assert_eq!((&table.names[2][..], &table.columns[2][..]), ("c3", &[5.0, 6.0][..]));
        let data: Vec<u8> = [0.5f32, -1.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(read_npy(&npy(&header("<f4", "False", "(2,)"), &data)).unwrap().values, [0.5, -1.0]);
        assert_eq!(read_npy(&npy(&header("<f4", "False", "()"), &data)).unwrap().values, [0.5]);
    }

    #[test]
    fn hostile_headers_are_refused() {
        let deep = "(".repeat(60_000);
        let cases = [
            header("<f8", "False", "(18446744073709551615, 2)"),
            header("<f8", "False", "(0, 18446744073709551615, 2)"),
            header("<f8", "False", "(1000000,)"),
            header("<f8", "False", "(-1,)"),
            header("<f8", "False", "[2]"),
            header("<f8", "False", &deep),
            header("|O", "False", "(1,)"),
            header("<U4", "False", "(1,)"),
            header("<c16", "False", "(1,)"),
            "{'descr': '<f8', 'shape': (1,), 'shape': (99999999999999999999,)}".into(),
            "{}".into(),
            String::new(),
        ];
        for header in cases {
            let error = read_npy(&npy(&header, &[0; 16])).unwrap_err();
            assert!(matches!(error, DataError::Corrupt { .. }), "{header}");
        }
        let error = read_npy(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").unwrap_err();
        assert_eq!(error.to_string(), "not a sound NPY file: it is cut off");
    }
}
