//! The data folder: made private, locked by one host, and where its CLI finds it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fs4::fs_std::FileExt;
use portero_domain::ids::IdSource;
use serde::{Deserialize, Serialize};

/// A data folder nobody else runs a host on.
pub struct DataDir {
    path: PathBuf,
    // Held until the process ends; the system lets go of it whatever happens.
    _lock: File,
}

/// Where a running host is, for verbs of the command line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Running {
    /// Its address.
    pub url: String,
    /// Operator token of this run's command line.
    pub token: String,
}

impl DataDir {
    /// Creates the folder (0700) when missing and locks it.
    ///
    /// # Errors
    /// A folder that cannot be written, or one that another host holds; the message says what to do.
    pub fn lock(path: &Path) -> anyhow::Result<DataDir> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
            format!(
                "cannot create the data folder `{}`; choose another one with --data, or create it for this user",
                path.display()
            )
        })?;
        let file = path.join("portero.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&file)
            .with_context(|| unwritable(path))?;
        if !lock
            .try_lock_exclusive()
            .context("cannot lock the data folder")?
        {
            bail!(
                "another portero runs on `{}`; stop it, or start this one with another --data \
                 (several hosts can share the work on one Postgres, each with its own data folder)",
                path.display()
            );
        }
        // A folder may refuse new files though the lock file in it opens: the database would find
        // out first, and blame its address.
        let probe = path.join("portero.probe");
        write_private(&probe, b"")
            .and_then(|()| std::fs::remove_file(&probe).map_err(Into::into))
            .with_context(|| unwritable(path))?;
        Ok(DataDir {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// 32 random bytes kept in a private file, made at first need. Says whether it was made now.
    ///
    /// # Errors
    /// A file that cannot be read, written, or is not 32 bytes.
    pub fn key(&self, name: &str, ids: &dyn IdSource) -> anyhow::Result<([u8; 32], bool)> {
        let path = self.path.join(name);
        if path.exists() {
            return Ok((read_key(&path)?, false));
        }
        let mut key = [0_u8; 32];
        ids.random(&mut key);
        write_private(&path, &key)?;
        Ok((key, true))
    }

    /// Keeps a key that came from elsewhere; one that is there already must be the same.
    ///
    /// # Errors
    /// Another key of that name, or a file that cannot be written.
    pub fn keep_key(&self, name: &str, key: &[u8; 32]) -> anyhow::Result<()> {
        let path = self.path.join(name);
        if !path.exists() {
            return write_private(&path, key);
        }
        if read_key(&path)? != *key {
            bail!(
                "`{}` is another key; move it away first, or choose another folder with --data",
                path.display()
            );
        }
        Ok(())
    }

    /// Tells the command line where this host is.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn announce(&self, running: &Running) -> anyhow::Result<()> {
        write_private(&self.path.join("host.json"), &serde_json::to_vec(running)?)
    }

    /// What the last host here announced and, having been killed, did not take back.
    #[must_use]
    pub fn announced(&self) -> Option<Running> {
        serde_json::from_slice(&std::fs::read(self.path.join("host.json")).ok()?).ok()
    }

    /// Takes the announcement back.
    pub fn retire(&self) {
        let _ = std::fs::remove_file(self.path.join("host.json"));
    }
}

/// A key as a data folder keeps it.
///
/// # Errors
/// A file that cannot be read or is not 32 bytes.
pub fn read_key(path: &Path) -> anyhow::Result<[u8; 32]> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    bytes.try_into().map_err(|_| {
        anyhow::anyhow!(
            "`{}` is not a key of 32 bytes; restore it from your backup",
            path.display()
        )
    })
}

/// Where the host of a data folder is, if one runs.
#[must_use]
pub fn running(path: &Path) -> Option<Running> {
    let lock = OpenOptions::new()
        .write(true)
        .open(path.join("portero.lock"))
        .ok()?;
    if lock.try_lock_exclusive().unwrap_or(false) {
        // Nobody holds it: whatever is announced there is of a host that died.
        return None;
    }
    serde_json::from_slice(&std::fs::read(path.join("host.json")).ok()?).ok()
}

fn unwritable(path: &Path) -> String {
    format!(
        "the data folder `{}` cannot be written; make it writable for this user or choose another one with --data",
        path.display()
    )
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| format!("cannot write `{}`", temporary.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path).with_context(|| format!("cannot write `{}`", path.display()))
}
