//! Files beside a problem, and tables of numbers in them: CSV, NPZ and NPY, in and out.
//!
//! A [`Table`] is a list of named columns of equal length. [`read`] chooses the format by the file's extension, and
//! [`DataError`] says which cell of which line is wrong. Whatever the bytes are, reading ends in a table or in an error:
//! a count in a header is never believed before the bytes are there. Values on a grid make a function, an [`Interpolant`].
//!
//! [`read_gmsh`] reads a mesh.
//!
//! [`Files`] says which files a problem may name, and gives their bytes; [`Table::from_bytes`] makes a table of them.

mod csv_format;
mod error;
mod files;
mod gmsh_format;
mod interpolant;
mod npy_format;
mod npz_format;
mod table;

pub use csv_format::{read_csv, write_csv};
pub use error::DataError;
pub use files::{FileError, Files, KeptFile, LARGEST_DATA};
pub use gmsh_format::{GmshError, GmshMesh, read_gmsh};
pub use interpolant::{GridError, Interpolant, Interpolation, MOST_GRID_AXES};
pub use npy_format::{Array, read_npy};
pub use npz_format::{read_npz, read_npz_arrays, write_npz};
pub use table::{Table, read};
