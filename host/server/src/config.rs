//! `portero.toml`: how the process runs. Tenants, numbers and grants live in the database.
//!
//! Order: defaults < file < environment < flags.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use confique::Config as _;

/// Settings of the process.
#[derive(Clone, Debug, confique::Config)]
pub struct Config {
    /// Folder for the SQLite file, keys and the plugin cache.
    #[config(env = "PORTERO_DATA", default = "portero-data")]
    pub data: PathBuf,
    /// Where to listen. Anything but loopback also needs `allow_remote = true`.
    #[config(env = "PORTERO_LISTEN", default = "127.0.0.1:8080")]
    pub listen: String,
    /// Allow a listener that is not loopback; put TLS in front of it.
    #[config(env = "PORTERO_ALLOW_REMOTE", default = false)]
    pub allow_remote: bool,
    /// `postgres://…` to share the work between hosts; SQLite in the data folder when absent.
    #[config(env = "PORTERO_DATABASE_URL")]
    pub database_url: Option<String>,
    /// 64 hexadecimal digits; needed with Postgres. `PORTERO_MASTER_KEY_FILE` names a file instead.
    #[config(env = "PORTERO_MASTER_KEY")]
    pub master_key: Option<String>,
    /// File with the master key.
    #[config(env = "PORTERO_MASTER_KEY_FILE")]
    pub master_key_file: Option<PathBuf>,
    /// Address of the Graph API.
    #[config(env = "PORTERO_GRAPH_URL", default = "https://graph.facebook.com")]
    pub graph_url: String,
    /// Graph API version.
    #[config(env = "PORTERO_GRAPH_VERSION", default = "v26.0")]
    pub graph_version: String,
    /// Longest wait for one answer of the Graph API, seconds (1 to 60).
    #[config(env = "PORTERO_HTTP_TIMEOUT_SECS", default = 10)]
    pub http_timeout_secs: u64,
    /// Plugin calls at the same time (1 to 512).
    #[config(env = "PORTERO_PLUGIN_CONCURRENCY", default = 64)]
    pub plugin_concurrency: u32,
    /// Hosts of your own network that webhooks may go to although they are not public, as they stand
    /// in the address, without port; plain http is allowed for them. `PORTERO_*`: separated by commas.
    #[config(
        env = "PORTERO_WEBHOOK_PRIVATE_HOSTS",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub webhook_private_hosts: Vec<String>,
}

impl Config {
    /// Reads `file` (or `portero.toml` here, if there is one) and the environment.
    ///
    /// # Errors
    /// A file that does not exist or parse, an unknown key, a value out of range.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Config> {
        let mut builder = Config::builder().env();
        let found = match file {
            Some(path) if !path.exists() => {
                bail!(
                    "no settings file `{}`; write one with `portero config template`",
                    path.display()
                )
            }
            Some(path) => Some(path.to_owned()),
            None => Some(PathBuf::from("portero.toml")).filter(|p| p.exists()),
        };
        if let Some(path) = &found {
            check_keys(path)?;
            builder = builder.file(path);
        }
        let config = builder.load().with_context(|| match &found {
            Some(path) => format!(
                "settings in `{}` or PORTERO_* variables do not read; compare with `portero config template`",
                path.display()
            ),
            None => "PORTERO_* variables do not read; `portero config template` lists them".to_owned(),
        })?;
        if !(1..=60).contains(&config.http_timeout_secs) {
            bail!(
                "http_timeout_secs is {}; it may be 1 to 60",
                config.http_timeout_secs
            );
        }
        if !(1..=512).contains(&config.plugin_concurrency) {
            bail!(
                "plugin_concurrency is {}; it may be 1 to 512",
                config.plugin_concurrency
            );
        }
        Ok(config)
    }

    /// The commented file with every setting and its default.
    #[must_use]
    pub fn template() -> String {
        confique::toml::template::<Config>(confique::toml::FormatOptions::default())
    }
}

const KEYS: &[&str] = &[
    "data",
    "listen",
    "allow_remote",
    "database_url",
    "master_key",
    "master_key_file",
    "graph_url",
    "graph_version",
    "http_timeout_secs",
    "plugin_concurrency",
    "webhook_private_hosts",
];

/// A misspelled key would silently leave its default: it is an error with the nearest known one.
fn check_keys(path: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("`{}` is not well-formed TOML; mend the place named below (`portero config template` shows a good file)", path.display()))?;
    for key in table.keys() {
        if !KEYS.contains(&key.as_str()) {
            let near = KEYS
                .iter()
                .min_by_key(|k| distance(k, key))
                .copied()
                .unwrap_or_default();
            bail!(
                "`{}`: unknown setting `{key}`; did you mean `{near}`?",
                path.display()
            );
        }
    }
    Ok(())
}

/// Characters that differ, position by position, plus the difference in length: enough for typos.
fn distance(a: &str, b: &str) -> usize {
    let same_place = a.chars().zip(b.chars()).filter(|(x, y)| x == y).count();
    let shared = a.chars().filter(|c| b.contains(*c)).count();
    (a.len().max(b.len()) * 2).saturating_sub(same_place + shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_names_every_setting_and_nothing_else() {
        let text = Config::template();
        for key in KEYS {
            assert!(
                text.contains(&format!("{key} =")),
                "{key} is missing from:\n{text}"
            );
        }
    }

    #[test]
    fn a_misspelled_key_is_refused_with_the_right_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("portero.toml");
        std::fs::write(&path, "lisen = \"127.0.0.1:1\"\n").unwrap();
        let error = Config::load(Some(&path)).unwrap_err().to_string();
        assert!(error.contains("did you mean `listen`"), "{error}");
    }

    #[test]
    fn malformed_toml_names_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("portero.toml");
        std::fs::write(&path, "listen = \"unclosed\ndata = 1\n").unwrap();
        let error = format!("{:#}", Config::load(Some(&path)).unwrap_err());
        assert!(error.contains("line 1"), "{error}");
    }
}
