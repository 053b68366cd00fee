//! Checkpoints on disk: `ckpt/<steps>/` with the state, a few numbers, and a manifest of hashes.
//!
//! A checkpoint is written into a temporary folder, forced to the disk and renamed, so that it is there as a whole or not
//! at all. What disks do to it later shows in the hashes; reading then goes back to the checkpoint before.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tensors::{self, Tensor};
use crate::kernel::PointSet;
use crate::optim::State;
use crate::report::files::WriteError;

const STATE: &str = "state.safetensors";
const NUMBERS: &str = "checkpoint.json";
const MANIFEST: &str = "manifest.json";
/// In front of the names of the optimizer's own vectors.
const OPTIMIZER: &str = "optimizer.";
/// In front of those of the session's.
const SESSION: &str = "session.";
/// In front of the numbers of windows that are finished.
const WINDOW: &str = "window.";
/// In front of the numbers of blocks whose points are kept: coordinates, normals and weights, one row each.
const POINTS: &str = "points.";

/// Why a checkpoint can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file of it can't be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of it is not what was written.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// A session on disk: what it takes to go on with the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The seed of the run.
    pub seed: u64,
    /// The window of time, from 0.
    pub window: usize,
    /// The parameters of the windows before.
    pub finished: Vec<Vec<f64>>,
    /// The stage, from 0.
    pub stage: usize,
    /// Steps of this stage so far.
    pub step: usize,
    /// Steps of all stages so far.
    pub total_steps: usize,
    /// Seconds of training so far.
    pub seconds: f64,
    /// The parameters.
    pub theta: Vec<f64>,
    /// The state of the method.
    pub state: State,
    /// What the session keeps beside it: weights that change, and parameters to go back to.
    pub session: State,
    /// The last losses, for the stop rule.
    pub losses: Vec<f64>,
    /// The points of each block whose points follow the residuals, by number of the block.
    pub points: Vec<(usize, PointSet)>,
}

/// The form of the files.
const SCHEMA: u32 = 1;

/// The numbers beside the vectors.
#[derive(Debug, Serialize, Deserialize)]
struct Numbers {
    schema: u32,
    version: String,
    seed: u64,
    #[serde(default)]
    window: usize,
    stage: usize,
    step: usize,
    total_steps: usize,
    seconds: f64,
    /// The vectors of the method, in its order.
    vectors: Vec<String>,
    /// Those of the session.
    #[serde(default)]
    session: Vec<String>,
    /// The blocks whose points follow the residuals.
    #[serde(default)]
    points: Vec<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    bytes: u64,
    blake3: String,
}

/// Writes a checkpoint below `folder` and removes all but the newest `keep`.
///
/// # Errors
/// [`WriteError`]; checkpoints that were there are then still there.
pub fn write_checkpoint(folder: &Path, checkpoint: &Checkpoint, keep: usize) -> Result<PathBuf, WriteError> {
    let target = folder.join(format!("{:06}", checkpoint.total_steps));
    write_folder(folder, &target, checkpoint).map_err(|error| WriteError::of(&target, error))?;
    // What is too old only takes space; that it can't be removed does not make the new one worse.
    for old in checkpoints(folder).iter().rev().skip(keep.max(1)) {
        let _ = fs::remove_dir_all(old);
    }
    Ok(target)
}

fn write_folder(folder: &Path, target: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let temporary = tempfile::Builder::new().prefix(".ckpt-").tempdir_in(folder)?;
    let files = [(STATE, state(checkpoint)?), (NUMBERS, to_json(&numbers(checkpoint))?)];
    let entry = |(name, bytes): &(&str, Vec<u8>)| Entry {
        name: (*name).to_owned(),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(bytes).to_hex().to_string(),
    };
    let manifest = to_json(&Manifest { files: files.iter().map(entry).collect() })?;
    for (name, bytes) in files.iter().chain([&(MANIFEST, manifest)]) {
        let mut file = File::create(temporary.path().join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    fs::rename(temporary.path(), target)?;
    // It has another name now; there is nothing left to remove.
    let _ = temporary.keep();
    #[cfg(unix)]
    {
        // Temporary folders are private; a run is as open as its other files.
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder)?.permissions().mode();
        fs::set_permissions(target, fs::Permissions::from_mode(mode & 0o777))?;
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn to_json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_string_pretty(value)?.into_bytes())
}

fn numbers(checkpoint: &Checkpoint) -> Numbers {
    Numbers {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: checkpoint.seed,
        window: checkpoint.window,
        stage: checkpoint.stage,
        step: checkpoint.step,
        total_steps: checkpoint.total_steps,
        seconds: checkpoint.seconds,
        vectors: names(&checkpoint.state),
        session: names(&checkpoint.session),
        points: checkpoint.points.iter().map(|(block, _)| *block).collect(),
    }
}

fn names(state: &State) -> Vec<String> {
    state.vectors.iter().map(|(name, _)| name.clone()).collect()
}

fn state(checkpoint: &Checkpoint) -> io::Result<Vec<u8>> {
    let mut tensors = vec![Tensor::vector("theta", &checkpoint.theta), Tensor::vector("losses", &checkpoint.losses)];
    for (prefix, state) in [(OPTIMIZER, &checkpoint.state), (SESSION, &checkpoint.session)] {
        let vectors = state.vectors.iter().map(|(name, vector)| Tensor::vector(format!("{prefix}{name}"), vector));
        tensors.extend(vectors);
    }
    for (window, theta) in checkpoint.finished.iter().enumerate() {
        tensors.push(Tensor::vector(format!("{WINDOW}{window}"), theta));
    }
    for (block, set) in &checkpoint.points {
        let columns = [&set.coordinates[..], &set.normals, std::slice::from_ref(&set.weights)].concat();
        let shape = vec![columns.len(), set.len()];
        tensors.push(Tensor { name: format!("{POINTS}{block}"), shape, values: columns.concat().into() });
    }
    tensors::write(&tensors, &[], "checkpoint".to_owned()).map_err(io::Error::other)
}

/// The checkpoints below a folder, the oldest first.
fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let steps = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<usize>().ok());
    let mut found: Vec<(usize, PathBuf)> =
        entries.flatten().filter_map(|e| Some((steps(&e.path())?, e.path()))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// The newest sound checkpoint below a folder, and why newer ones were passed over.
pub fn newest_checkpoint(folder: &Path) -> (Option<Checkpoint>, Vec<CheckpointError>) {
    let mut passed_over = Vec::new();
    for path in checkpoints(folder).iter().rev() {
        match read_checkpoint(path) {
            Ok(checkpoint) => return (Some(checkpoint), passed_over),
            Err(error) => passed_over.push(error),
        }
    }
    (None, passed_over)
}

/// Reads one checkpoint, and compares it with its manifest.
///
/// # Errors
/// [`CheckpointError`] if a file is missing or not what was written.
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let manifest: Manifest = parse(&path.join(MANIFEST), &read(&path.join(MANIFEST))?)?;
    let sound = |name: &str| {
        let file = path.join(name);
        let bytes = read(&file)?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        match manifest.files.iter().find(|entry| entry.name == name) {
            Some(entry) if entry.blake3 == hash => Ok(bytes),
            _ => Err(CheckpointError::Damaged { path: file, reason: "its hash is not that of the manifest".into() }),
        }
    };
    let numbers: Numbers = parse(&path.join(NUMBERS), &sound(NUMBERS)?)?;
    if numbers.schema != SCHEMA {
        let reason = format!("it has the form {}, this version of pdec reads {SCHEMA}", numbers.schema);
        return Err(CheckpointError::Damaged { path: path.join(NUMBERS), reason });
    }
    let damaged = |reason| CheckpointError::Damaged { path: path.join(STATE), reason };
    let (tensors, ..) = tensors::read(&sound(STATE)?).map_err(damaged)?;
    let vector = |name: &str| {
        let found = tensors.iter().find(|t| t.name == name).map(|t| t.values.to_vec());
        found.ok_or_else(|| damaged(format!("there is no `{name}`")))
    };
    let state = |prefix: &str, names: &[String]| {
        let pair = |name: &String| Ok((name.clone(), vector(&format!("{prefix}{name}"))?));
        Ok(State { vectors: names.iter().map(pair).collect::<Result<_, CheckpointError>>()? })
    };
    let mut points = Vec::with_capacity(numbers.points.len());
    for block in numbers.points {
        let name = format!("{POINTS}{block}");
        let set = tensors.iter().find(|t| t.name == name).and_then(point_set);
        points.push((block, set.ok_or_else(|| damaged(format!("there is no sound `{name}`")))?));
    }
    let finished = (0..numbers.window).map(|window| vector(&format!("{WINDOW}{window}"))).collect::<Result<_, _>>()?;
    Ok(Checkpoint {
        seed: numbers.seed,
        window: numbers.window,
        finished,
        stage: numbers.stage,
        step: numbers.step,
        total_steps: numbers.total_steps,
        seconds: numbers.seconds,
        theta: vector("theta")?,
        state: state(OPTIMIZER, &numbers.vectors)?,
        session: state(SESSION, &numbers.session)?,
        losses: vector("losses")?,
        points,
    })
}

/// Points as they were written.
fn point_set(tensor: &Tensor<'_>) -> Option<PointSet> {
    let [rows, count] = tensor.shape[..] else { return None };
    if rows % 2 == 0 {
        return None;
    }
    let column = |row: usize| tensor.values[row * count..(row + 1) * count].to_vec();
    let axes = rows / 2;
    Some(PointSet {
        coordinates: (0..axes).map(column).collect(),
        normals: (axes..2 * axes).map(column).collect(),
        weights: column(2 * axes),
        // Only rows of data have any, and these are never drawn.
        columns: Vec::new(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    fs::read(path).map_err(|source| CheckpointError::Read { path: path.to_owned(), source })
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, bytes: &[u8]) -> Result<T, CheckpointError> {
    serde_json::from_slice(bytes)
        .map_err(|error| CheckpointError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(total_steps: usize) -> Checkpoint {
        Checkpoint {
            seed: u64::MAX,
            window: 2,
            finished: vec![vec![0.5, 0.25, 1.0], vec![-0.5, 1e300, 2.0]],
            stage: 1,
            step: 7,
            total_steps,
            seconds: 0.1 + 0.2,
            theta: vec![0.1, -1e-300, 3.0],
            state: State { vectors: vec![("moment".into(), vec![1.0, 2.0]), ("damping".into(), vec![1e-9])] },
            session: State { vectors: vec![("weights".into(), vec![1.5])] },
            losses: vec![3.0, 2.0, 1.0],
            points: vec![(
                2,
                PointSet {
                    coordinates: vec![vec![0.1, 0.2], vec![0.3, 0.4]],
                    normals: vec![vec![0.0, 1.0], vec![-1.0, 0.0]],
                    weights: vec![0.5, 0.25],
                    columns: Vec::new(),
                },
            )],
        }
    }

    #[test]
    fn checkpoints_come_back_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        for steps in [5, 10, 20, 1_000_000] {
            write_checkpoint(folder.path(), &sample(steps), 2).unwrap();
        }
        let names: Vec<_> = checkpoints(folder.path()).iter().map(|p| p.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["000020", "1000000"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing temporary is left");
        let (newest, passed_over) = newest_checkpoint(folder.path());
        assert_eq!(newest, Some(sample(1_000_000)));
        assert!(passed_over.is_empty());
    }

    #[test]
    fn a_damaged_one_is_passed_over() {
        for damage in ["flip", "cut", "remove", "manifest"] {
            let folder = tempfile::tempdir().unwrap();
            write_checkpoint(folder.path(), &sample(5), 3).unwrap();
            let newest = write_checkpoint(folder.path(), &sample(10), 3).unwrap();
            let state = newest.join(STATE);
            let mut bytes = fs::read(&state).unwrap();
            match damage {
                "flip" => {
                    let last = bytes.len() - 1;
                    bytes[last] ^= 1;
                    fs::write(&state, bytes).unwrap();
                }
                "cut" => fs::write(&state, &bytes[..bytes.len() / 2]).unwrap(),
                "remove" => fs::remove_file(&state).unwrap(),
                _ => fs::write(newest.join(MANIFEST), "{").unwrap(),
            }
            let (found, passed_over) = newest_checkpoint(folder.path());
            assert_eq!(found, Some(sample(5)), "{damage}");
            assert_eq!(passed_over.len(), 1, "{damage}");
        }
    }

    #[test]
    fn a_checkpoint_replaces_one_of_the_same_step() {
        let folder = tempfile::tempdir().unwrap();
        write_checkpoint(folder.path(), &sample(5), 3).unwrap();
        let newer = Checkpoint { theta: vec![9.0], ..sample(5) };
        write_checkpoint(folder.path(), &newer, 3).unwrap();
        assert_eq!(newest_checkpoint(folder.path()).0, Some(newer));
    }
}
