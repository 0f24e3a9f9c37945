//! A file that is there whole or not at all: written beside its name, and renamed at the end.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fs4::fs_std::FileExt;

/// A file that is being written; dropped before [`WholeFile::finish`], it leaves nothing.
pub struct WholeFile {
    out: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
    done: bool,
}

impl WholeFile {
    /// Begins to write `path` (for this user alone) as `path.part`. What a killed process left there is
    /// written over; what another one writes is not.
    ///
    /// # Errors
    /// A file that is there already and must not be replaced, or a folder that cannot be written.
    pub fn begin(path: &Path, overwrite: bool) -> anyhow::Result<WholeFile> {
        if !overwrite && path.exists() {
            bail!(
                "`{}` is there already; choose another name, or replace it with --overwrite",
                path.display()
            );
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let unwritable = || format!("cannot write `{}`", part.display());
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&part)
            .with_context(unwritable)?;
        if !file.try_lock_exclusive().with_context(unwritable)? {
            bail!("another portero writes `{}`", part.display());
        }
        file.set_len(0).with_context(unwritable)?;
        Ok(WholeFile {
            out: BufWriter::with_capacity(1 << 16, file),
            part,
            path: path.to_owned(),
            done: false,
        })
    }

    /// Gives it its name, on disk. Says how many bytes it has.
    ///
    /// # Errors
    /// A disk that is full, or a folder that cannot be written.
    pub fn finish(mut self) -> anyhow::Result<u64> {
        let unwritable = || format!("cannot write `{}`", self.path.display());
        self.out.flush().with_context(unwritable)?;
        let file = self.out.get_ref();
        file.sync_all().with_context(unwritable)?;
        let bytes = file.metadata().with_context(unwritable)?.len();
        std::fs::rename(&self.part, &self.path).with_context(unwritable)?;
        self.done = true;
        sync_folder(&self.path)?;
        Ok(bytes)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// Makes a new name in the folder of `path` durable.
///
/// # Errors
/// A folder that cannot be read.
pub fn sync_folder(path: &Path) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot write the folder `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.backup");
        let listed = || std::fs::read_dir(dir.path()).unwrap().count();
        let mut begun = WholeFile::begin(&path, false).unwrap();
        begun.write_all(b"half").unwrap();
        assert!(WholeFile::begin(&path, false).is_err(), "two at once");
        drop(begun);
        assert_eq!(listed(), 0);
        // What a killed one left.
        std::fs::write(dir.path().join("x.backup.part"), b"a longer half").unwrap();
        let mut whole = WholeFile::begin(&path, false).unwrap();
        whole.write_all(b"whole").unwrap();
        assert_eq!(whole.finish().unwrap(), 5);
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(listed(), 1);
        assert!(WholeFile::begin(&path, false).is_err(), "it is there");
        let mut again = WholeFile::begin(&path, true).unwrap();
        again.write_all(b"again").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole", "until it is done");
        again.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"again");
    }
}
