//! Files that are either complete or not there.
//!
//! The bytes go into a temporary file in the same folder, are forced to the disk, and take their place by a rename, which
//! is atomic. Whoever reads the file meanwhile, or after a crash, finds the old text or the new one, never a part.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a file was not written; what stood there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No space is left, or the quota is used up.
    #[error("cannot write `{}`: the disk is full", .0.display())]
    Full(PathBuf),
    /// The file or its folder must not be written.
    #[error("cannot write `{}`: permission denied", .0.display())]
    Denied(PathBuf),
    /// The folder does not exist.
    #[error("cannot write `{}`: there is no such folder", .0.display())]
    NoFolder(PathBuf),
    /// There is a folder of this name.
    #[error("cannot write `{}`: it is a folder", .0.display())]
    IsFolder(PathBuf),
    /// Something else, in the words of the system.
    #[error("cannot write `{}`: {source}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl WriteError {
    /// What went wrong with the file or folder at `path`, told by the kind of the error.
    pub fn of(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied(path),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoFolder(path),
            io::ErrorKind::IsADirectory => Self::IsFolder(path),
            _ => Self::Other { path, source },
        }
    }
}

/// Writes a file atomically and durably; a file that is there keeps its permissions, a link what it points to.
///
/// # Errors
/// [`WriteError`]; the old file, if any, is then untouched, and no temporary file is left behind.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_atomic_with(path, |file| file.write_all(bytes))
}

/// Like [`write_atomic`], with the bytes written by `fill`, for what does not fit into memory twice.
///
/// # Errors
/// [`WriteError`], also for an error that `fill` returns.
pub fn write_atomic_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), WriteError> {
    replace(path, fill).map_err(|source| WriteError::of(path, source))
}

fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let target = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        resolved => resolved?,
    };
    let permissions = permissions_of(&target)?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pdec-").suffix(".tmp");
    if let Some(new) = permissions_of_new_files() {
        builder.permissions(new);
    }
    // Dropped on the way out, it removes itself.
    let mut temporary = builder.tempfile_in(folder)?;
    fill(temporary.as_file_mut())?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&target).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Of a file that will be replaced. A rename would replace even a file that must not be written.
fn permissions_of(target: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(target) {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if metadata.permissions().readonly() => Err(io::ErrorKind::PermissionDenied.into()),
        Ok(metadata) => Ok(Some(metadata.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What any program gives its files, less the umask; temporary files are private otherwise.
fn permissions_of_new_files() -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    return None;
}

/// Makes the rename itself durable, where folders can be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_made_and_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pde");
        for text in ["first", "second, and longer"] {
            write_atomic(&path, text.as_bytes()).expect("it can be written");
            assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
        }
        assert_eq!(names(folder.path()), ["a.pde"]);
    }

    #[test]
    fn a_full_disk_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pde");
        fs::write(&path, "old").expect("it can be written");
        let result = write_atomic_with(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(result, Err(WriteError::Full(_))), "{result:?}");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "old");
        assert_eq!(names(folder.path()), ["a.pde"]);
    }

    #[test]
    fn errors_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = |name: &str| folder.path().join(name);
        assert!(matches!(write_atomic(folder.path(), b""), Err(WriteError::IsFolder(_))));
        assert!(matches!(write_atomic(&inside("missing/a"), b""), Err(WriteError::NoFolder(_))));
        fs::write(inside("locked"), "old").expect("it can be written");
        let mut permissions = fs::metadata(inside("locked")).expect("it is there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(inside("locked"), permissions).expect("it is ours");
        assert!(matches!(write_atomic(&inside("locked"), b"new"), Err(WriteError::Denied(_))));
        assert_eq!(fs::read_to_string(inside("locked")).expect("it is there"), "old");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("a.pde"), folder.path().join("link.pde"));
        fs::write(&path, "old").expect("it can be written");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("it is ours");
        symlink(&path, &link).expect("a link");
        write_atomic(&link, b"new").expect("it can be written");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "new");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    }
}
