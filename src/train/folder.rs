//! The folder of a run: `runs/<problem>/<NNN>/`, or `<NNN>-<tag>`, with `latest` pointing at the newest.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::report::files::WriteError;

const LATEST: &str = "latest";
const LOCK: &str = ".lock";

/// What a run consists of; a folder with this file is a run.
const SETTINGS: &str = "settings.json";

/// Why there is no run folder to work in.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Another process has it.
    #[error("another process is writing the run `{}`", .0.display())]
    Busy(PathBuf),
}

/// A run folder that this process alone writes to.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// The files of a run folder, by their roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles(PathBuf);

impl RunFiles {
    /// Those of the run in this folder.
    pub fn of(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// What was asked for, in full.
    pub fn settings(&self) -> PathBuf {
        self.0.join(SETTINGS)
    }

    /// What each step did.
    pub fn log(&self) -> PathBuf {
        self.0.join("log.jsonl")
    }

    /// The trained networks.
    pub fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// The checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("ckpt")
    }

    /// How it ended.
    pub fn result(&self) -> PathBuf {
        self.0.join("result.json")
    }

    /// The timeline of a run that was profiled.
    pub fn timeline(&self) -> PathBuf {
        self.0.join("profile.json")
    }

    /// A report that is a function of time.
    pub fn report(&self, name: &str) -> PathBuf {
        self.0.join(format!("report_{name}.csv"))
    }

    /// The copy of the problem.
    pub fn problem(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.pde"))
    }

    /// The copies of the files that the problem names.
    pub fn copies(&self) -> PathBuf {
        self.0.join("files")
    }

    /// Whether there is a run.
    pub fn exist(&self) -> bool {
        self.settings().is_file()
    }
}

impl RunFolder {
    /// Makes the next folder of a problem below `root`, and points `latest` at it.
    ///
    /// # Errors
    /// [`FolderError`] if it can't be made.
    pub fn create(root: &Path, problem: &str, tag: Option<&str>) -> Result<Self, FolderError> {
        let parent = root.join(problem);
        fs::create_dir_all(&parent).map_err(|error| WriteError::of(&parent, error))?;
        let path = next_folder(&parent, tag)?;
        let folder = Self::lock(path)?;
        // Only a convenience, and not every file system has links.
        let _ = point_latest_at(&parent, &folder.path);
        Ok(folder)
    }

    /// Takes a run folder that is there, to go on in it.
    ///
    /// # Errors
    /// [`FolderError`] if another process has it.
    pub fn reopen(path: &Path) -> Result<Self, FolderError> {
        Self::lock(path.to_owned())
    }

    /// Its files.
    pub fn files(&self) -> RunFiles {
        RunFiles(self.path.clone())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lock(path: PathBuf) -> Result<Self, FolderError> {
        let name = path.join(LOCK);
        let file = File::options().create(true).append(true).open(&name);
        let file = file.map_err(|error| WriteError::of(&name, error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(FolderError::Busy(path)),
            // Without locks (some network file systems) numbers still keep runs apart.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { path, _lock: file }),
        }
    }
}

/// The number in front of the name of a run folder.
fn number_of(name: &str) -> Option<usize> {
    let digits = name.split('-').next().unwrap_or(name);
    (digits.len() >= 3).then(|| digits.parse().ok()).flatten()
}

fn runs_in(parent: &Path) -> Vec<(usize, PathBuf)> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let number = |path: &Path| path.file_name().and_then(|name| number_of(name.to_str()?));
    let mut found: Vec<_> = entries.flatten().filter_map(|e| Some((number(&e.path())?, e.path()))).collect();
    found.sort();
    found
}

fn next_folder(parent: &Path, tag: Option<&str>) -> Result<PathBuf, WriteError> {
    let tag = tag.map(|tag| format!("-{tag}")).unwrap_or_default();
    let mut number = runs_in(parent).last().map_or(1, |(last, _)| last.saturating_add(1));
    loop {
        let path = parent.join(format!("{number:03}{tag}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number = number.saturating_add(1),
            Err(error) => return Err(WriteError::of(&path, error)),
        }
    }
}

#[cfg(unix)]
fn point_latest_at(parent: &Path, run: &Path) -> io::Result<()> {
    let Some(name) = run.file_name() else { return Ok(()) };
    // By a rename: a link is never missing in between.
    let temporary = parent.join(format!(".latest-{}", std::process::id()));
    std::os::unix::fs::symlink(name, &temporary)?;
    fs::rename(&temporary, parent.join(LATEST)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

#[cfg(not(unix))]
fn point_latest_at(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// The runs of a problem below `root`, in the order of their numbers.
pub fn runs_of(problem: &str, root: &Path) -> Vec<RunFiles> {
    let runs = runs_in(&root.join(problem)).into_iter().map(|(_, path)| RunFiles(path));
    runs.filter(RunFiles::exist).collect()
}

/// The run that a person means: the path of its folder, the same below `root`, or a problem's name for its latest run.
pub fn find_run(given: &Path, root: &Path) -> Option<RunFiles> {
    for path in [given.to_owned(), root.join(given)] {
        if RunFiles::of(&path).exist() {
            return Some(RunFiles(path));
        }
        // Where there is no link, the highest number is the latest.
        let parent = if path.ends_with(LATEST) { path.parent() } else { Some(&*path) };
        let linked = RunFiles::of(path.join(LATEST));
        if linked.exist() {
            return Some(linked);
        }
        let newest = parent.map(runs_in).unwrap_or_default().pop().map(|(_, path)| RunFiles(path));
        if let Some(files) = newest.filter(RunFiles::exist) {
            return Some(files);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(folder: &RunFolder) -> String {
        folder.path().file_name().unwrap().to_string_lossy().into_owned()
    }

    #[test]
    fn runs_are_numbered_and_the_latest_is_found() {
        let root = tempfile::tempdir().unwrap();
        let first = RunFolder::create(root.path(), "heat", None).unwrap();
        let second = RunFolder::create(root.path(), "heat", Some("wide")).unwrap();
        let third = RunFolder::create(root.path(), "heat", None).unwrap();
        assert_eq!([name(&first), name(&second), name(&third)], ["001", "002-wide", "003"]);
        assert_eq!(find_run(Path::new("heat"), root.path()), None, "empty folders are no runs");
        for folder in [&first, &second, &third] {
            fs::write(folder.files().settings(), "{}").unwrap();
        }
        assert_eq!(runs_of("heat", root.path()).len(), 3);
        let found = |given: &str| {
            let files = find_run(Path::new(given), root.path()).unwrap();
            fs::canonicalize(files.folder()).unwrap().file_name().unwrap().to_string_lossy().into_owned()
        };
        assert_eq!(found("heat"), "003");
        assert_eq!(found("heat/latest"), "003");
        assert_eq!(found("heat/002-wide"), "002-wide");
        fs::remove_file(root.path().join("heat/latest")).unwrap();
        assert_eq!(found("heat/latest"), "003");
        assert_eq!(find_run(Path::new("wave"), root.path()), None);
    }

    #[test]
    fn two_processes_never_write_one_run() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::create(root.path(), "heat", None).unwrap();
        assert!(matches!(RunFolder::reopen(run.path()), Err(FolderError::Busy(_))));
        let path = run.path().to_owned();
        drop(run);
        assert!(RunFolder::reopen(&path).is_ok());
    }

    #[test]
    fn a_root_that_is_a_file_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(RunFolder::create(file.path(), "heat", None), Err(FolderError::Write(_))));
    }
}
