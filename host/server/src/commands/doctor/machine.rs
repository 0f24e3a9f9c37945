//! What the machine must offer: a folder, room, private files, an address.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portero_net::ClientOptions;

use super::{Check, all_of, bad, good};
use crate::config::Config;
use crate::lock;

/// Files of the data folder that only their owner may read.
const PRIVATE: &[&str] = &["master.key", "plugin-cache.key", "host.json", "portero.db"];
/// How long a host on this machine may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn data_folder(path: &Path) -> Check {
    if !path.exists() {
        return good(
            "data folder",
            format!("`{}` will be made at the first start", path.display()),
        );
    }
    let probe = path.join(".doctor");
    match std::fs::write(&probe, b"") {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            good(
                "data folder",
                format!("`{}` can be written", path.display()),
            )
        }
        Err(error) => bad(
            "data folder",
            format!("`{}`: {error}", path.display()),
            "make it writable for this user, or choose another with --data",
        ),
    }
}

/// Room on the disk of the folder, or of the nearest folder above that exists.
pub(super) fn disk(data: &Path, at_least_mib: u64) -> Check {
    let absolute = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let there = absolute.ancestors().find(|p| p.is_dir());
    let there = there.unwrap_or(Path::new("/"));
    match fs4::available_space(there) {
        Ok(bytes) => {
            let free = bytes / (1024 * 1024);
            if free >= at_least_mib {
                good("disk space", format!("{free} MiB are free"))
            } else {
                bad(
                    "disk space",
                    format!("{free} MiB are free, {at_least_mib} are wanted"),
                    format!(
                        "make room on the disk of `{}`, or move the data folder (--data)",
                        there.display()
                    ),
                )
            }
        }
        Err(error) => bad(
            "disk space",
            format!("`{}`: {error}", there.display()),
            "choose a data folder on a disk that can be asked (--data)",
        ),
    }
}

/// No secret lies open for other users of the machine.
pub(super) fn secret_files(config: &Config, settings: Option<&Path>) -> Check {
    let mut files: Vec<PathBuf> = PRIVATE.iter().map(|name| config.data.join(name)).collect();
    files.extend(config.master_key_file.clone());
    let settings = settings.unwrap_or(Path::new("portero.toml"));
    if holds_a_secret(settings) {
        files.push(settings.to_owned());
    }
    let there: Vec<&PathBuf> = files.iter().filter(|file| file.exists()).collect();
    let open: Vec<String> = there
        .iter()
        // The folder keeps others out of what is in it.
        .filter(|file| {
            !(is_private(&config.data) && file.starts_with(&config.data)) || is_key(file)
        })
        .filter(|file| !is_private(file))
        .map(|file| file.display().to_string())
        .collect();
    let wrong: Vec<String> = open
        .iter()
        .map(|file| format!("other users may read `{file}`"))
        .collect();
    let remedy = format!(
        "chmod 600 {} (and think of what was in it as known)",
        open.join(" ")
    );
    let found = format!("{} files, closed to other users", there.len());
    all_of("secret files", &wrong, found, &remedy)
}

/// A key leaves the folder with a copy of it; the folder's own mode does not.
fn is_key(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "key")
}

fn is_private(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o077 == 0)
}

fn holds_a_secret(settings: &Path) -> bool {
    let text = std::fs::read_to_string(settings).unwrap_or_default();
    text.parse::<toml::Table>()
        .is_ok_and(|table| table.contains_key("master_key") || table.contains_key("database_url"))
}

/// Whether the host that holds the folder answers.
pub(super) async fn host(path: &Path) -> Check {
    let Some(running) = lock::running(path) else {
        return good("host", "none runs on this folder");
    };
    let options = ClientOptions {
        timeout: PATIENCE,
        ..ClientOptions::default()
    };
    let asked = async {
        let client = portero_net::client(options).map_err(|e| e.to_string())?;
        let answer = client.get(format!("{}/healthz", running.url)).send().await;
        let status = answer.map_err(|e| e.without_url().to_string())?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(format!("it says {status}"))
        }
    };
    match asked.await {
        Ok(()) => good("host", format!("runs at {}", running.url)),
        Err(why) => bad(
            "host",
            format!(
                "holds this folder and does not answer at {}: {why}",
                running.url
            ),
            "end that process and start it again; nothing that it had taken in is lost",
        ),
    }
}

pub(super) async fn listener(address: &str, host_runs: bool) -> Check {
    if host_runs {
        return good("listener", format!("{address} (a host runs)"));
    }
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => good("listener", format!("{address} is free")),
        Err(error) => bad(
            "listener",
            format!("{address}: {error}"),
            "choose another address with `listen` in portero.toml or --listen",
        ),
    }
}

pub(super) fn cache_folder(data: &Path) -> PathBuf {
    data.join("plugin-cache")
}

/// Where compiled plugins are kept.
pub(super) fn plugin_cache(data: &Path) -> Check {
    let folder = cache_folder(data);
    if !folder.exists() {
        return good("plugin cache", "made at the first start");
    }
    let probe = folder.join(".doctor");
    match std::fs::write(&probe, b"") {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            good("plugin cache", "can be written")
        }
        Err(error) => bad(
            "plugin cache",
            format!("`{}`: {error}", folder.display()),
            format!(
                "remove `{}`; it is filled again at the next start",
                folder.display()
            ),
        ),
    }
}
