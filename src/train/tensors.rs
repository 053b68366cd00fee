//! Vectors of numbers, and whole files, in safetensors files, which anybody can read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, View};

use crate::dataset::KeptFile;

/// A named array of f64.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor<'a> {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Cow<'a, [f64]>,
}

impl<'a> Tensor<'a> {
    /// An array of one axis.
    pub fn vector(name: impl Into<String>, values: &'a [f64]) -> Self {
        Self { name: name.into(), shape: vec![values.len()], values: Cow::Borrowed(values) }
    }
}

/// What stands in a file under a name. The bytes of an array are made when it is written, one array after the other: the state
/// of a method may be most of the memory that there is.
enum Entry<'a> {
    File { shape: [usize; 1], bytes: &'a [u8] },
    Array(&'a Tensor<'a>),
}

impl View for Entry<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Self::File { .. } => Dtype::U8,
            Self::Array(_) => Dtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Self::File { shape, .. } => shape,
            Self::Array(tensor) => &tensor.shape,
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self {
            Self::File { bytes, .. } => Cow::Borrowed(bytes),
            Self::Array(tensor) => tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        match self {
            Self::File { bytes, .. } => bytes.len(),
            Self::Array(tensor) => size_of::<f64>() * tensor.values.len(),
        }
    }
}

/// The one key of the metadata: several would be written in an order that changes from run to run.
const KEY: &str = "pdec";

/// In front of the numbers of files.
const FILE: &str = "file.";

/// The bytes of a file with these arrays, these files, and a text.
pub(super) fn write(tensors: &[Tensor<'_>], files: &[KeptFile], text: String) -> Result<Vec<u8>, String> {
    let names: Vec<String> = (0..files.len()).map(|index| format!("{FILE}{index:04}")).collect();
    let of_files = names.iter().zip(files).map(|(name, file)| {
        let entry = Entry::File { shape: [file.bytes.len()], bytes: &file.bytes };
        (name.as_str(), entry)
    });
    let of_tensors = tensors.iter().map(|tensor| (tensor.name.as_str(), Entry::Array(tensor)));
    let metadata = HashMap::from([(KEY.to_owned(), text)]);
    safetensors::serialize(of_files.chain(of_tensors), Some(metadata)).map_err(|e| e.to_string())
}

/// What a file holds: arrays by name, the bytes of files in their order, and a text.
pub(super) type Content = (Vec<Tensor<'static>>, Vec<Arc<[u8]>>, String);

/// The content of a file.
pub(super) fn read(bytes: &[u8]) -> Result<Content, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let text = metadata.metadata().as_ref().and_then(|m| m.get(KEY)).ok_or("it was not written by pdec")?.clone();
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let mut tensors = Vec::with_capacity(file.len());
    let mut files = Vec::new();
    for (name, view) in file.iter() {
        if name.starts_with(FILE) && view.dtype() == Dtype::U8 {
            files.push((name.to_owned(), view.data().into()));
            continue;
        }
        if view.dtype() != Dtype::F64 {
            return Err(format!("`{name}` does not hold numbers of 64 bits"));
        }
        let values = view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        tensors.push(Tensor { name: name.to_owned(), shape: view.shape().to_vec(), values });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    files.sort_by(|(a, _): &(String, Arc<[u8]>), (b, _)| a.cmp(b));
    Ok((tensors, files.into_iter().map(|(_, bytes)| bytes).collect(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Tensor<'static>> {
        let values = vec![f64::NAN, -0.0, f64::MIN_POSITIVE / 8.0, f64::INFINITY, 1.0, 0.1];
        vec![Tensor { name: "a.weight".into(), shape: vec![2, 3], values: values.into() }, Tensor::vector("b", &[])]
    }

    #[test]
    fn what_is_written_is_read_to_the_last_bit() {
        let files = [KeptFile { path: "a.csv".into(), bytes: (*b"x\n1").into() }];
        let bytes = write(&sample(), &files, "text".into()).unwrap();
        let (back, kept, text) = read(&bytes).unwrap();
        assert_eq!((text.as_str(), kept), ("text", vec![Arc::clone(&files[0].bytes)]));
        let bits = |t: &Tensor<'_>| t.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        for (a, b) in back.iter().zip(&sample()) {
            assert_eq!((&a.name, &a.shape, bits(a)), (&b.name, &b.shape, bits(b)));
        }
        assert_eq!(bytes, write(&sample(), &files, "text".into()).unwrap(), "the same bytes each time");
    }

    #[test]
    fn damaged_files_are_refused() {
        let bytes = write(&sample(), &[], "text".into()).unwrap();
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length} bytes");
        }
        assert!(read(b"PK\x03\x04").is_err());
        assert!(read(&[0xff; 64]).is_err());
    }
}
