//! What a run leaves behind: files for people and for other programs.
//!
//! * [`files`]: writing that is atomic and durable, for everything that writes

pub mod files;
