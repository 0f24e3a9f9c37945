//! `portero.toml`: how the process runs. Tenants, numbers and grants live in the database.
//!
//! Order: defaults < file < environment < flags. A setting is declared once, in [`Config`]: the
//! template, the check, the list of known keys and what `portero config show` prints are read from it.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use confique::Config as _;
use confique::meta::{Field, FieldKind};
use portero_domain::clock::Millis;
use portero_domain::retention::{self, Kind, Terms};
use serde::Serialize;

use crate::http::limits::{Rate, Rates};

pub mod check;
pub mod mask;
pub mod origin;

/// Settings of the process.
#[derive(Clone, Debug, PartialEq, Serialize, confique::Config)]
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
    /// Address under which browsers and Meta reach this host, such as `https://wa.example.com`. With https, cookies
    /// of the pages leave over TLS alone.
    #[config(env = "PORTERO_PUBLIC_URL", validate = site)]
    pub public_url: Option<String>,
    /// Addresses of proxies in front of this host. From them alone `X-Forwarded-For` and `X-Forwarded-Proto` count,
    /// so they must set both. `PORTERO_*`: separated by commas.
    #[config(
        env = "PORTERO_TRUSTED_PROXIES",
        default = ["127.0.0.1", "::1"],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub trusted_proxies: Vec<IpAddr>,
    /// `postgres://…` to share the work between hosts; SQLite in the data folder when absent.
    #[config(env = "PORTERO_DATABASE_URL")]
    #[serde(serialize_with = "mask::without_password")]
    pub database_url: Option<String>,
    /// File with the database's URL and nothing else, for who keeps passwords in files; `database_url` wins.
    #[config(env = "PORTERO_DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,
    /// 64 hexadecimal digits; needed with Postgres. `PORTERO_MASTER_KEY_FILE` names a file instead.
    #[config(env = "PORTERO_MASTER_KEY")]
    pub master_key: Option<mask::Secret>,
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
    #[config(
        env = "PORTERO_HTTP_TIMEOUT_SECS",
        default = 10,
        validate(within(http_timeout_secs, &(1..=60)), "it may be 1 to 60")
    )]
    pub http_timeout_secs: u64,
    /// Longest wait at a stop for what is in hand, seconds (1 to 600). What ends it all the same (systemd, Docker)
    /// must wait longer.
    #[config(
        env = "PORTERO_DRAIN_SECS",
        default = 30,
        validate(within(drain_secs, &(1..=600)), "it may be 1 to 600")
    )]
    pub drain_secs: u64,
    /// Plugin calls at the same time (1 to 512).
    #[config(
        env = "PORTERO_PLUGIN_CONCURRENCY",
        default = 64,
        validate(within(plugin_concurrency, &(1..=512)), "it may be 1 to 512")
    )]
    pub plugin_concurrency: u32,
    /// Days that the log of who did what is kept (30 to 36500).
    #[config(
        env = "PORTERO_AUDIT_KEEP_DAYS",
        default = 730,
        validate(within(audit_keep_days, &(30..=36_500)), "it may be 30 to 36500")
    )]
    pub audit_keep_days: u32,
    /// Days that other kinds of data are kept where a tenant sets nothing, such as `messages=365`; kinds, bounds and
    /// defaults: host/docs/data-rights.md. `PORTERO_*`: separated by commas.
    #[config(
        env = "PORTERO_RETENTION",
        default = [],
        parse_env = confique::env::parse::list_by_comma,
        validate = terms_read
    )]
    pub retention: Vec<String>,
    /// Hosts of your own network that webhooks may go to although they are not public, as they stand
    /// in the address, without port; plain http is allowed for them. `PORTERO_*`: separated by commas.
    #[config(
        env = "PORTERO_WEBHOOK_PRIVATE_HOSTS",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub webhook_private_hosts: Vec<String>,
    /// Hosts of your own network that plugins may ask although they are not public, where a tenant's grant names
    /// them: names such as `crm.internal` or `crm.internal:8080`; plain http is allowed for them. `PORTERO_*`:
    /// separated by commas.
    #[config(
        env = "PORTERO_PLUGIN_PRIVATE_HOSTS",
        default = [],
        parse_env = confique::env::parse::list_by_comma
    )]
    pub plugin_private_hosts: Vec<String>,
    /// Requests of `/v1` that each access token may make per second (0 to 100000; 0: no limit).
    #[config(
        env = "PORTERO_API_PER_SECOND",
        default = 100,
        validate(within(api_per_second, &(0..=100_000)), "it may be 0 to 100000")
    )]
    pub api_per_second: u32,
    /// Requests that a token which rested may make at once (1 to 1000000).
    #[config(
        env = "PORTERO_API_BURST",
        default = 1_000,
        validate(within(api_burst, &(1..=1_000_000)), "it may be 1 to 1000000")
    )]
    pub api_burst: u32,
    /// Requests of `/v1` per second of all tokens of a tenant together (0 to 100000; 0: no limit).
    #[config(
        env = "PORTERO_API_TENANT_PER_SECOND",
        default = 200,
        validate(within(api_tenant_per_second, &(0..=100_000)), "it may be 0 to 100000")
    )]
    pub api_tenant_per_second: u32,
    /// Requests that a tenant which rested may make at once (1 to 1000000).
    #[config(
        env = "PORTERO_API_TENANT_BURST",
        default = 2_000,
        validate(within(api_tenant_burst, &(1..=1_000_000)), "it may be 1 to 1000000")
    )]
    pub api_tenant_burst: u32,
    /// Requests without a good access token per minute and address, and at once (0 to 100000; 0: no limit).
    #[config(
        env = "PORTERO_API_STRANGERS_PER_MINUTE",
        default = 60,
        validate(within(api_strangers_per_minute, &(0..=100_000)), "it may be 0 to 100000")
    )]
    pub api_strangers_per_minute: u32,
}

/// Settings as a layer that may lack some.
pub(crate) type Layer = <Config as confique::Config>::Layer;

impl Config {
    /// Reads `file` (or `portero.toml` here, if there is one) and the environment.
    ///
    /// # Errors
    /// A file that does not exist or parse, an unknown key, a value out of range: all of them at once.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Config> {
        Config::load_with(file, &toml::Table::new())
    }

    /// The same, with flags over it: settings by their names.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with(file: Option<&Path>, flags: &toml::Table) -> anyhow::Result<Config> {
        let found = find(file)?;
        let flags: Layer = toml::from_str(&flags.to_string()).context("a flag does not read")?;
        let mut builder = Config::builder().preloaded(flags).env();
        if let Some(path) = &found {
            let faults = check::file(path)?;
            if !faults.is_empty() {
                bail!(
                    "{}\nCompare with `portero config template`",
                    check::lines(path, &faults)
                );
            }
            builder = builder.file(path);
        }
        let mut config = builder.load().with_context(|| match &found {
            Some(path) => format!(
                "settings in `{}` or PORTERO_* variables do not read; compare with `portero config template`",
                path.display()
            ),
            None => "PORTERO_* variables do not read; `portero config template` lists them".to_owned(),
        })?;
        if let (None, Some(file)) = (&config.database_url, &config.database_url_file) {
            let url = std::fs::read_to_string(file).with_context(|| {
                format!("cannot read the database's URL in `{}`", file.display())
            })?;
            config.database_url = Some(url.trim().to_owned());
        }
        Ok(config)
    }

    /// How often the API may be asked.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let second = Millis::secs(1);
        let rate = |many, per, burst| Rate { many, per, burst };
        let strangers = self.api_strangers_per_minute;
        Rates {
            token: rate(self.api_per_second, second, self.api_burst),
            tenant: rate(self.api_tenant_per_second, second, self.api_tenant_burst),
            stranger: rate(strangers, Millis::minutes(1), strangers),
        }
    }

    /// How long each kind of data is kept where a tenant sets nothing.
    ///
    /// # Errors
    /// Terms that are out of bounds.
    pub fn terms(&self) -> anyhow::Result<Terms> {
        read_terms(&self.retention, self.audit_keep_days)
            .map_err(|faults| anyhow::anyhow!("retention: {}", faults.join("; ")))
    }

    /// The commented file with every setting, its default and its variable.
    #[must_use]
    pub fn template() -> String {
        confique::toml::template::<Config>(confique::toml::FormatOptions::default())
    }
}

/// The settings file that counts.
///
/// # Errors
/// One that was named and is not there.
pub fn find(file: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    match file {
        Some(path) if !path.exists() => bail!(
            "no settings file `{}`; write one with `portero config template`",
            path.display()
        ),
        Some(path) => Ok(Some(path.to_owned())),
        None => Ok(Some(PathBuf::from("portero.toml")).filter(|p| p.exists())),
    }
}

/// Every setting, as declared.
pub(crate) fn fields() -> &'static [Field] {
    Config::META.fields
}

/// The variable that sets a field.
pub(crate) fn variable(field: &Field) -> Option<&'static str> {
    match field.kind {
        FieldKind::Leaf { env, .. } => env,
        FieldKind::Nested { .. } => None,
    }
}

fn site<T: AsRef<str>>(url: &T) -> Result<(), &'static str> {
    let uri = url.as_ref().parse::<axum::http::Uri>();
    let whole = |u: axum::http::Uri| {
        matches!(u.scheme_str(), Some("https" | "http")) && u.authority().is_some()
    };
    match uri.is_ok_and(whole) {
        true => Ok(()),
        false => Err("write it as https://wa.example.com"),
    }
}

/// Terms of their own, over the defaults.
fn read_terms(given: &[String], audit_days: u32) -> Result<Terms, Vec<String>> {
    let pairs = given
        .iter()
        .map(|one| one.split_once('=').unwrap_or((one, "")));
    Terms::of_host(&retention::read(pairs)?, audit_days)
}

#[expect(
    clippy::ptr_arg,
    reason = "the library hands over the value as it stands in the settings"
)]
fn terms_read(given: &Vec<String>) -> Result<(), String> {
    // The log of who did what has a setting of its own, with bounds of its own.
    let audit_days = Kind::Audit.facts().default_days;
    read_terms(given, audit_days)
        .map(drop)
        .map_err(|faults| faults.join("; "))
}

fn within<T: Copy + Into<u64>>(value: &T, allowed: &RangeInclusive<u64>) -> bool {
    allowed.contains(&(*value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template with every setting that has a default switched on.
    fn switched_on() -> String {
        Config::template()
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if setting.contains(" = ") && !setting.starts_with(' ') => setting,
                _ => line,
            })
            .fold(String::new(), |all, line| all + line + "\n")
    }

    #[test]
    fn the_template_names_every_setting_with_its_variable() {
        let text = Config::template();
        for field in fields() {
            let (name, variable) = (field.name, variable(field).unwrap());
            assert!(text.contains(&format!("\n#{name} =")), "{name}:\n{text}");
            assert!(
                text.contains(&format!("`{variable}`")),
                "{variable}:\n{text}"
            );
            assert!(!field.doc.is_empty(), "{name} says nothing");
        }
        assert!(fields().len() > 10);
    }

    #[test]
    fn the_template_switched_on_is_the_defaults() {
        let defaults = || {
            Config::builder()
                .load()
                .expect("every setting has a default or may be absent")
        };
        let layer: Layer = toml::from_str(&switched_on()).unwrap();
        let read = Config::builder().preloaded(layer).load().unwrap();
        assert_eq!(read, defaults());
        // It says something: with another value it is another.
        let other = switched_on().replace("127.0.0.1:8080", "127.0.0.1:8081");
        let layer: Layer = toml::from_str(&other).unwrap();
        let other = Config::builder().preloaded(layer).load().unwrap();
        assert_ne!(other, defaults());
        assert!(check::text(&switched_on()).is_empty());
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("portero.toml");
        std::fs::write(
            &path,
            "graph_version = \"v25.0\"\ngraph_url = \"http://a\"\n",
        )
        .unwrap();
        let flags = toml::Table::from_iter([("graph_url".to_owned(), "http://b".into())]);
        let read = Config::load_with(Some(&path), &flags).unwrap();
        assert_eq!(read.graph_url, "http://b");
        assert_eq!(read.graph_version, "v25.0");
    }

    #[test]
    fn the_databases_url_may_stand_in_a_file_and_a_flag_wins() {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("url");
        std::fs::write(&secret, "postgres://portero@db/portero\n").unwrap();
        let path = dir.path().join("portero.toml");
        let text = format!("database_url_file = {:?}\n", secret.display().to_string());
        std::fs::write(&path, text).unwrap();
        let read = Config::load(Some(&path)).unwrap();
        assert_eq!(
            read.database_url.as_deref(),
            Some("postgres://portero@db/portero")
        );
        let flags =
            toml::Table::from_iter([("database_url".to_owned(), "postgres://other".into())]);
        let read = Config::load_with(Some(&path), &flags).unwrap();
        assert_eq!(read.database_url.as_deref(), Some("postgres://other"));
        std::fs::remove_file(&secret).unwrap();
        let said = Config::load(Some(&path)).unwrap_err().to_string();
        assert!(said.contains("cannot read the database's URL"), "{said}");
    }
}
