//! Files that a problem names: which of them may be read, and what they hold.
//!
//! A problem may come from a stranger, so it reads nothing that lies outside of its own folder: not by `..`, not by an
//! absolute path, not by a link, unless the person at the keyboard allows a folder (`--allow-read`). Paths are compared
//! as the file system resolves them, before anything is opened. What was read once stays as it was for the rest of the
//! run, and can be [taken](Files::taken) along with a trained model.
//!
//! The guard is against what a text says. Somebody who can exchange files of the folder while they are being read can
//! as well change the text, so that there is nothing to win from a race; for that reason the standard library is enough
//! and a library of capabilities (cap-std) is not needed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::{Diagnostic, Span};

/// The largest file that is read, in bytes.
pub const LARGEST_DATA: u64 = 256 << 20;

/// Why a file that a problem names is not read. Paths are shown as they were looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("there is no file `{looked_for}`")]
    Missing {
        /// The path, from the present folder.
        looked_for: String,
        /// A file beside it with nearly the same name.
        similar: Option<String>,
    },
    /// It is outside of the folders that may be read.
    #[error("`{path}` lies outside of the folder of the problem")]
    Outside {
        /// The path as the problem has it.
        path: String,
        /// The folder to allow.
        folder: String,
        /// Whether the path is inside, but is a link to the outside.
        by_link: bool,
    },
    /// A folder, a pipe, a device.
    #[error("`{looked_for}` is {what}, not a file")]
    NotAFile {
        /// The path, from the present folder.
        looked_for: String,
        /// What it is.
        what: &'static str,
    },
    /// Larger than what is read.
    #[error("`{looked_for}` has {} MB; at most {} MB are read", bytes >> 20, most >> 20)]
    TooLarge {
        /// The path, from the present folder.
        looked_for: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// The system refuses.
    #[error("cannot read `{looked_for}`: {reason}")]
    Unreadable {
        /// The path, from the present folder.
        looked_for: String,
        /// What the system says.
        reason: String,
    },
    /// The problem is a text alone, without a folder.
    #[error("`{path}` cannot be read: this problem has no folder")]
    NoFolder {
        /// The path as the problem has it.
        path: String,
    },
    /// A trained run does not have the file.
    #[error("the run has no copy of `{path}`")]
    NotKept {
        /// The path as the problem has it.
        path: String,
    },
}

impl FileError {
    /// The error as a diagnostic at the place where the problem names the file.
    pub fn diagnostic(&self, span: Span) -> Diagnostic {
        let error = |code, label: &str| Diagnostic::error(code, self.to_string(), span, label);
        match self {
            FileError::Missing { similar: Some(similar), .. } => error("E0610", "no such file").help(format!(
                "a file with a similar name is there: `{similar}`; paths start at the folder of this file"
            )),
            FileError::Missing { similar: None, .. } => {
                error("E0610", "no such file").help("paths start at the folder of the file that names them")
            }
            FileError::Outside { folder, by_link, .. } => {
                let label = if *by_link { "a link to the outside" } else { "outside" };
                error("E0611", label).help(format!(
                    "put the file below the folder of the problem, or allow its folder with `--allow-read {folder}`"
                ))
            }
            FileError::NotAFile { .. } => error("E0612", "not a file").help("only regular files are read"),
            FileError::TooLarge { .. } => {
                error("E0612", "too large").help("keep fewer rows or columns of it; NPZ files are smaller than CSV")
            }
            FileError::Unreadable { .. } => error("E0612", "cannot be read"),
            FileError::NoFolder { .. } => {
                error("E0611", "no folder to look in").help("save the problem as a file, and check that file")
            }
            FileError::NotKept { .. } => error("E0610", "not in the run")
                .help("allow the folder that has it with `--allow-read DIR`, or train the problem again"),
        }
    }
}

/// A file of a problem and what it held when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// Its path from the folder of the problem, with `/` between the parts.
    pub path: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// Where the files of a problem come from.
#[derive(Debug, Default)]
pub struct Files {
    origin: Origin,
    /// Folders that may be read beside that of the problem.
    allowed: Vec<Folder>,
    /// What has been read, by path from the folder of the problem.
    known: Mutex<BTreeMap<String, Arc<[u8]>>>,
}

#[derive(Debug, Default)]
enum Origin {
    /// A text alone.
    #[default]
    Nowhere,
    /// A file in this folder.
    Folder(Folder),
    /// A run that keeps copies.
    Run,
}

/// A folder that may be read.
#[derive(Debug)]
struct Folder {
    /// As it was given, for messages.
    given: PathBuf,
    /// From the root, as it was given.
    absolute: PathBuf,
    /// From the root, without links.
    real: PathBuf,
}

impl Folder {
    fn new(given: &Path) -> io::Result<Self> {
        let path = if given.as_os_str().is_empty() { Path::new(".") } else { given };
        let real = fs::canonicalize(path)?;
        if !real.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let absolute = normal(&std::path::absolute(path)?);
        Ok(Self { given: given.to_owned(), absolute, real })
    }
}

impl Files {
    /// Files below the folder of a problem, and below other folders that are allowed.
    ///
    /// # Errors
    /// The folder that is none, and what the system says.
    pub fn below(folder: &Path, allowed: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let open = |path: &Path| Folder::new(path).map_err(|error| (path.to_owned(), error));
        let origin = Origin::Folder(open(folder)?);
        let allowed = allowed.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
        Ok(Self { origin, allowed, known: Mutex::default() })
    }

    /// The files that a run keeps; what it does not keep is looked for in the folders that are allowed.
    ///
    /// # Errors
    /// The folder that is none, and what the system says.
    pub fn kept(files: Vec<KeptFile>, allowed: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let open = |path: &PathBuf| Folder::new(path).map_err(|error| (path.clone(), error));
        let allowed = allowed.iter().map(open).collect::<Result<_, _>>()?;
        let known = files.into_iter().map(|file| (file.path, file.bytes)).collect();
        Ok(Self { origin: Origin::Run, allowed, known: Mutex::new(known) })
    }

    /// The path of a file from the folder of the problem: `path` starts at `folder`, which starts there.
    pub fn resolve(folder: &str, path: &str) -> String {
        let joined = normal(&Path::new(folder).join(path));
        let parts = joined.components().map(|part| part.as_os_str().to_string_lossy());
        let text = parts.collect::<Vec<_>>().join("/");
        // The root is a part of its own.
        text.strip_prefix("//").map_or(text.clone(), |rest| format!("/{rest}"))
    }

    /// The bytes of a file. `path` is what stands in a file of the problem, `folder` the folder of that file from the
    /// folder of the problem (empty for the problem itself).
    ///
    /// # Errors
    /// [`FileError`]: the file may not be read, or can't be.
    pub fn read(&self, folder: &str, path: &str) -> Result<Arc<[u8]>, FileError> {
        self.read_limited(folder, path, LARGEST_DATA)
    }

    /// Like [`read`](Self::read), with a limit of the size in bytes.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_limited(&self, folder: &str, path: &str, most: u64) -> Result<Arc<[u8]>, FileError> {
        let key = Self::resolve(folder, path);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known.get(&key) {
            return Ok(Arc::clone(bytes));
        }
        let bytes: Arc<[u8]> = match &self.origin {
            Origin::Nowhere => return Err(FileError::NoFolder { path: path.to_owned() }),
            Origin::Folder(base) => self.read_below(base, path, &key, most)?.into(),
            Origin::Run => self.read_allowed(path, &key, most)?.into(),
        };
        known.insert(key, Arc::clone(&bytes));
        Ok(bytes)
    }

    /// All files that have been read, by path.
    pub fn taken(&self) -> Vec<KeptFile> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(path, bytes)| KeptFile { path: path.clone(), bytes: Arc::clone(bytes) }).collect()
    }

    fn read_below(&self, base: &Folder, path: &str, key: &str, most: u64) -> Result<Vec<u8>, FileError> {
        let target = normal(&base.real.join(key));
        let folders = || std::iter::once(base).chain(&self.allowed);
        let outside = |target: &Path, by_link| {
            let folder = match target.parent().unwrap_or(target) {
                here if here.as_os_str().is_empty() => ".".to_owned(),
                folder => folder.display().to_string(),
            };
            FileError::Outside { path: path.to_owned(), folder, by_link }
        };
        // Asked before the file system is: what lies outside is not even looked at.
        if !folders().any(|folder| target.starts_with(&folder.absolute) || target.starts_with(&folder.real)) {
            return Err(outside(&normal(&base.given.join(key)), false));
        }
        let shown = normal(&base.given.join(key)).display().to_string();
        let real = match fs::canonicalize(&target) {
            Ok(real) => real,
            Err(error) => {
                // Behind a link that leads out, not even the names of files are told.
                let folder = target.ancestors().skip(1).find_map(|folder| fs::canonicalize(folder).ok());
                return Err(match folder {
                    Some(real) if !folders().any(|folder| real.starts_with(&folder.real)) => {
                        outside(&real.join("_"), true)
                    }
                    _ => system_error(&shown, &target, &error),
                });
            }
        };
        if !folders().any(|folder| real.starts_with(&folder.real)) {
            return Err(outside(&real, true));
        }
        contents(&real, &shown, most)
    }

    fn read_allowed(&self, path: &str, key: &str, most: u64) -> Result<Vec<u8>, FileError> {
        for folder in &self.allowed {
            let target = normal(&folder.real.join(key));
            let Ok(real) = fs::canonicalize(&target) else { continue };
            if self.allowed.iter().any(|folder| real.starts_with(&folder.real)) {
                return contents(&real, &folder.given.join(key).display().to_string(), most);
            }
        }
        Err(FileError::NotKept { path: path.to_owned() })
    }
}

/// The bytes of a regular file.
fn contents(real: &Path, shown: &str, most: u64) -> Result<Vec<u8>, FileError> {
    let refused = |error: io::Error| system_error(shown, real, &error);
    // Asked before opening: opening a pipe waits for its other end.
    let metadata = fs::metadata(real).map_err(refused)?;
    let looked_for = shown.to_owned();
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder" } else { "a device or a pipe" };
        return Err(FileError::NotAFile { looked_for, what });
    }
    let mut bytes = Vec::new();
    if metadata.len() <= most {
        File::open(real).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(refused)?;
    }
    match metadata.len().max(bytes.len() as u64) {
        length if length > most => Err(FileError::TooLarge { looked_for, bytes: length, most }),
        _ => Ok(bytes),
    }
}

fn system_error(shown: &str, target: &Path, error: &io::Error) -> FileError {
    let looked_for = shown.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            FileError::Missing { looked_for, similar: similar(target) }
        }
        io::ErrorKind::PermissionDenied => FileError::Unreadable { looked_for, reason: "permission denied".to_owned() },
        _ => FileError::Unreadable { looked_for, reason: error.to_string() },
    }
}

/// A file beside `target` that differs in upper case or in the extension only.
fn similar(target: &Path) -> Option<String> {
    let lower = |path: &Path| path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let stem = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().to_lowercase());
    let mut paths: Vec<PathBuf> = fs::read_dir(target.parent()?).ok()?.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_file() && path.extension().is_none_or(|e| e != "pde") && stem(path) == stem(target));
    paths.sort_by_key(|path| (lower(path) != lower(target), path.clone()));
    paths.first()?.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Without `.`, and without `..` wherever something stands before it.
fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => _ = parts.pop(),
            (Component::ParentDir, Some(Component::RootDir | Component::Prefix(_))) => {}
            _ => parts.push(part),
        }
    }
    parts.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder `problem` with `a.csv` and `data/b.csv`, beside `secret.csv`.
    fn house() -> tempfile::TempDir {
        let house = tempfile::tempdir().unwrap();
        fs::create_dir_all(house.path().join("problem/data")).unwrap();
        for (path, text) in [("problem/a.csv", "a"), ("problem/data/b.csv", "b"), ("secret.csv", "s")] {
            fs::write(house.path().join(path), text).unwrap();
        }
        house
    }

    fn below(house: &tempfile::TempDir, allowed: &[PathBuf]) -> Files {
        Files::below(&house.path().join("problem"), allowed).unwrap()
    }

    fn code(result: Result<Arc<[u8]>, FileError>) -> &'static str {
        result.err().map_or("", |error| error.diagnostic(Span::default()).code)
    }

    #[test]
    fn files_of_the_folder_are_read() {
        let house = house();
        let files = below(&house, &[]);
        for (folder, path, text) in [
            ("", "a.csv", "a"),
            ("", "./data/../a.csv", "a"),
            ("", "data/b.csv", "b"),
            ("data", "b.csv", "b"),
            ("data", "../a.csv", "a"),
        ] {
            assert_eq!(&*files.read(folder, path).unwrap(), text.as_bytes(), "{folder} {path}");
        }
        let inside = house.path().canonicalize().unwrap().join("problem/a.csv");
        assert!(files.read("", inside.to_str().unwrap()).is_ok(), "an absolute path to the inside");
        let taken: Vec<String> = files.taken().into_iter().map(|file| file.path).collect();
        assert_eq!(taken[taken.len() - 2..], ["a.csv", "data/b.csv"]);
    }

    #[test]
    fn there_is_no_way_out() {
        let house = house();
        let files = below(&house, &[]);
        for path in ["../secret.csv", "data/../../secret.csv", "/etc/passwd", "../problem/../secret.csv", "..", "/"] {
            assert_eq!(code(files.read("", path)), "E0611", "{path}");
        }
        assert_eq!(code(files.read("data", "../../secret.csv")), "E0611");
        assert!(files.taken().is_empty());
        let allowed = below(&house, &[house.path().to_owned()]);
        assert_eq!(&*allowed.read("", "../secret.csv").unwrap(), b"s");
    }

    #[cfg(unix)]
    #[test]
    fn links_count_as_what_they_point_at() {
        use std::os::unix::fs::symlink;
        let house = house();
        let problem = house.path().join("problem");
        symlink(house.path().join("secret.csv"), problem.join("link.csv")).unwrap();
        symlink(house.path(), problem.join("up")).unwrap();
        symlink(problem.join("a.csv"), problem.join("inner.csv")).unwrap();
        let files = below(&house, &[]);
        assert_eq!(code(files.read("", "link.csv")), "E0611");
        assert_eq!(code(files.read("", "up/secret.csv")), "E0611");
        for missing in ["up/secret.npz", "up/none/secret.csv", "up/none.csv"] {
            assert_eq!(code(files.read("", missing)), "E0611", "{missing}");
        }
        assert_eq!(&*files.read("", "inner.csv").unwrap(), b"a");
        assert_eq!(&*below(&house, &[house.path().to_owned()]).read("", "link.csv").unwrap(), b"s");
    }

    #[test]
    fn only_regular_files_of_a_size() {
        let house = house();
        let files = below(&house, &[]);
        for (path, expected) in [("data", "E0612"), ("", "E0612"), ("none.csv", "E0610"), ("a.csv/b", "E0610")] {
            assert_eq!(code(files.read("", path)), expected, "{path}");
        }
        assert_eq!(code(files.read_limited("", "a.csv", 0)), "E0612");
        let missing = files.read("", "A.npz").unwrap_err();
        assert!(matches!(&missing, FileError::Missing { similar: Some(name), .. } if name == "a.csv"), "{missing}");
        assert_eq!(code(Files::default().read("", "a.csv")), "E0611");
    }

    #[test]
    fn what_was_read_stays_as_it_was() {
        let house = house();
        let files = below(&house, &[]);
        files.read("", "a.csv").unwrap();
        fs::write(house.path().join("problem/a.csv"), "changed").unwrap();
        assert_eq!(&*files.read("", "data/../a.csv").unwrap(), b"a");
        let kept = Files::kept(files.taken(), &[]).unwrap();
        assert_eq!(&*kept.read("", "a.csv").unwrap(), b"a");
        assert_eq!(code(kept.read("", "data/b.csv")), "E0610");
        let kept = Files::kept(files.taken(), &[house.path().join("problem")]).unwrap();
        assert_eq!(&*kept.read("", "data/b.csv").unwrap(), b"b");
    }

    #[test]
    fn paths_are_resolved_without_the_file_system() {
        for (folder, path, expected) in [
            ("", "a/./b/../c.csv", "a/c.csv"),
            ("sub", "../a.csv", "a.csv"),
            ("sub", "../../a.csv", "../a.csv"),
            ("sub", "/data/a.csv", "/data/a.csv"),
        ] {
            assert_eq!(Files::resolve(folder, path), expected);
        }
    }
}
