//! `portero.lock`: what was installed, by id, version, digest, source and key, and nothing else with `--locked`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::LockArgs;
use crate::commands::{show, text};
use crate::whole_file::WholeFile;

const HEAD: &str = "# Written by `portero plugin lock`; `portero plugin install --locked` takes this and nothing else.\n\n";

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    /// By id.
    #[serde(default, rename = "plugin")]
    pub(super) plugins: Vec<Locked>,
}

/// One plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Locked {
    pub(super) id: String,
    pub(super) version: String,
    /// `sha256:…`.
    pub(super) digest: String,
    /// Where it was fetched from; nothing for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// The public key that signed it; nothing when it is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
}

impl Locked {
    /// What an installation says of itself.
    pub(super) fn of(installation: &Value) -> Locked {
        let given = |place: &str| {
            let value = installation.pointer(place).and_then(Value::as_str);
            value.map(str::to_owned)
        };
        Locked {
            id: text(installation, "plugin"),
            version: text(installation, "version"),
            digest: format!("sha256:{}", text(installation, "digest")),
            source: given("/source"),
            key: given("/signed_by/public_key"),
        }
    }

    /// Whether a file is the one that is locked.
    ///
    /// # Errors
    /// What is locked, what the file is and what to do.
    pub(super) fn is(&self, version: &str, digest: &str, lock: &Path) -> anyhow::Result<()> {
        let found = format!("sha256:{digest}");
        if self.version == version && self.digest == found {
            return Ok(());
        }
        bail!(
            "`{}` names {} {} with {}, the file is {version} with {found}: get the file that is named, or leave \
             --locked out when another version is wanted",
            lock.display(),
            self.id,
            self.version,
            self.digest
        )
    }
}

impl Lock {
    /// Reads it; nothing when there is none.
    ///
    /// # Errors
    /// A file that cannot be read or is no lock.
    pub(super) fn read(file: &Path) -> anyhow::Result<Option<Lock>> {
        let text = match std::fs::read_to_string(file) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("cannot read `{}`", file.display()))?,
        };
        let lock = toml::from_str(&text).with_context(|| {
            format!(
                "`{}` is no lock: `portero plugin lock` writes one",
                file.display()
            )
        })?;
        Ok(Some(lock))
    }

    /// The entry that a test picks.
    ///
    /// # Errors
    /// There is no lock, or nothing of that in it.
    pub(super) fn must(
        file: &Path,
        what: &str,
        fits: impl Fn(&Locked) -> bool,
    ) -> anyhow::Result<Locked> {
        let lock = Lock::read(file)?.with_context(|| {
            format!(
                "--locked, and there is no `{}`: `portero plugin lock` writes one from what is installed",
                file.display()
            )
        })?;
        let known: Vec<&str> = lock.plugins.iter().map(|p| p.id.as_str()).collect();
        let found = lock.plugins.iter().find(|p| fits(p)).cloned();
        found.with_context(|| {
            format!(
                "`{}` does not name {what}; it names {}. Leave --locked out to install it",
                file.display(),
                known.join(", ")
            )
        })
    }

    fn write(&mut self, file: &Path) -> anyhow::Result<()> {
        self.plugins.sort_by(|a, b| a.id.cmp(&b.id));
        let text = toml::to_string(self).context("the lock cannot be written as TOML")?;
        let mut out = WholeFile::begin(file, true)?;
        out.write_all(HEAD.as_bytes())?;
        out.write_all(text.as_bytes())?;
        out.finish()?;
        Ok(())
    }

    /// Keeps a lock that is there up to date.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(super) fn note(file: &Path, installation: &Value) -> anyhow::Result<()> {
        let Some(mut lock) = Lock::read(file)? else {
            return Ok(());
        };
        let now = Locked::of(installation);
        lock.plugins.retain(|p| p.id != now.id);
        lock.plugins.push(now);
        lock.write(file)
    }
}

/// Runs `plugin lock`.
///
/// # Errors
/// The host's words, or a file that cannot be written.
pub(super) async fn run(args: LockArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let answer = api.get("/v1/plugins").await?;
    let all = answer.as_array().into_iter().flatten();
    let mut lock = Lock {
        plugins: all.map(Locked::of).collect(),
    };
    lock.write(&args.lock)?;
    let line = format!(
        "`{}` names {} plugins by digest",
        args.lock.display(),
        lock.plugins.len()
    );
    show(args.target.json, &serde_json::to_value(&lock)?, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_installed_comes_back_from_the_lock_as_it_was() {
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("portero.lock");
        let mut lock = Lock {
            plugins: vec![
                Locked::of(
                    &json!({ "plugin": "b.x.y", "version": "1.0.0", "digest": "ab", "source": null, "signed_by": null }),
                ),
                Locked::of(
                    &json!({ "plugin": "a.x.y", "version": "2.0.0", "digest": "cd",
                    "source": "https://x.example/y.wasm", "signed_by": { "public_key": "RWQ", "name": "X" } }),
                ),
            ],
        };
        lock.write(&file).unwrap();
        let read = Lock::read(&file).unwrap().unwrap();
        assert_eq!(read.plugins, lock.plugins);
        assert_eq!(read.plugins[0].key.as_deref(), Some("RWQ"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("digest = \"sha256:ab\""), "{text}");

        let b = Lock::must(&file, "b", |p| p.id == "b.x.y").unwrap();
        b.is("1.0.0", "ab", &file).unwrap();
        for (version, digest) in [("1.0.1", "ab"), ("1.0.0", "cd")] {
            let why = b.is(version, digest, &file).unwrap_err().to_string();
            assert!(why.contains("sha256:ab") && why.contains(digest), "{why}");
        }
        let why = Lock::must(&file, "c", |p| p.id == "c")
            .unwrap_err()
            .to_string();
        assert!(why.contains("a.x.y, b.x.y"), "{why}");
        assert!(Lock::must(&here.path().join("none"), "c", |_| true).is_err());
    }
}
