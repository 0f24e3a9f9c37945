//! `portero-plugin.toml`: what a plugin is, what it may say to whom, and what it asks for and why.
//!
//! Embedded in the component as custom section [`SECTION`]. Unknown keys are errors: a misspelt
//! permission must not become "asks for nothing".

use std::collections::BTreeMap;
use std::fmt;

use portero_domain::ids::PluginId;
use portero_domain::plugin::PluginKind;
use serde::{Deserialize, Serialize};

use crate::budget::{CallLimits, MAX_MEMORY_BYTES};
use crate::config_schema;
use crate::hosts::{HostPattern, is_label};

/// Name of the custom section that holds the manifest.
pub const SECTION: &str = "portero:manifest";
/// Longest manifest accepted, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024;
/// Interfaces of `portero:plugin` that are host calls, with the permission that grants each.
pub const INTERFACES: [(&str, &str); 6] = [
    ("log", "log"),
    ("config", "config"),
    ("kv", "kv"),
    ("gate", "gate.preview"),
    ("contacts", "contacts.read"),
    ("http", "http.fetch"),
];
/// Every permission: the host calls above, and what may stand in a returned action.
pub const PERMISSIONS: [&str; 15] = [
    "log",
    "config",
    "kv",
    "gate.preview",
    "contacts.read",
    "http.fetch",
    "send.session",
    "send.media",
    "send.interactive",
    "send.template.utility",
    "send.template.marketing",
    "send.template.authentication",
    "consent.request",
    "contacts.write",
    "metric",
];
/// WIT tracks this host can run.
pub const TRACKS: [&str; 1] = ["0.1"];

/// A plugin's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Reverse DNS, never changes (`ar.example.cart-recovery`).
    pub id: String,
    /// Of the plugin.
    pub version: semver::Version,
    /// Which world it exports.
    pub kind: PluginKind,
    /// WIT track it was built against (`0.1`).
    pub wit: String,
    /// Shown in lists; the id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// One or two sentences for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which events it wants; replies plugins only.
    #[serde(default)]
    pub subscribe: Subscribe,
    /// Bounds on what it may propose to send; the gate enforces them.
    #[serde(default)]
    pub messages: Messages,
    /// What it asks of the host; written as `[[permission]]`.
    #[serde(default, rename = "permission")]
    pub permissions: Vec<Permission>,
    /// What an operator may set.
    #[serde(default)]
    pub config: ConfigSection,
    /// Secrets by name: the host puts them into requests, the guest never sees them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Secret>,
    /// Lower limits than the host's.
    #[serde(default)]
    pub limits: Limits,
}

/// Which events a replies plugin wants. Everything is off unless asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Subscribe {
    /// What people write and tap.
    pub messages: bool,
    /// Names of business events: exact, or ending in `.*` (`order.*`).
    pub events: Vec<String>,
    /// Its own timers.
    pub timers: bool,
    /// The gate's verdicts on its own proposals.
    pub verdicts: bool,
    /// Changes of consent.
    pub consent: bool,
}

impl Subscribe {
    /// Whether the business event `name` is wanted.
    #[must_use]
    pub fn wants_event(&self, name: &str) -> bool {
        self.events
            .iter()
            .any(|pattern| matches_pattern(pattern, name))
    }
}

/// The blast radius.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Messages {
    /// Template categories it may propose: `utility`, `marketing`, `authentication`.
    pub categories: Vec<String>,
    /// Template names: exact, or ending in `*` (`cart_reminder_*`).
    pub templates: Vec<String>,
    /// Messages to one person within 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_contact_per_day: Option<u32>,
}

impl Messages {
    /// Whether the manifest names the template `name`.
    #[must_use]
    pub fn names_template(&self, name: &str) -> bool {
        self.templates
            .iter()
            .any(|pattern| matches_pattern(pattern, name))
    }
}

/// Something asked of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// One of [`PERMISSIONS`].
    pub id: String,
    /// Why, for the operator who grants it; at least one word.
    pub reason: String,
    /// `contacts.read`: fields asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// `http.fetch`: `host[:port]`, a leading `*.` allows subdomains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

/// What an operator may set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigSection {
    /// JSON Schema (what [`crate::config_schema`] checks), written as a TOML table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<serde_json::Map<String, serde_json::Value>>,
}

/// A secret the plugin wants used in its requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Hosts it may be sent to, written as in the `http.fetch` permission.
    pub hosts: Vec<String>,
}

/// Lower limits than the host's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Linear memory, 1 to 64 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// Wall time of a call in milliseconds, 1 to the kind's own (5,000 replies, 30,000
    /// segmentation, 10,000 analytics).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// What is wrong with a manifest, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ManifestError {
    /// Line, from 1; `None` when something is missing rather than wrong.
    pub line: Option<usize>,
    /// What is wrong and what to write instead.
    pub what: String,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        if text.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError {
                line: None,
                what: format!(
                    "the manifest has {} bytes; at most {MAX_MANIFEST_BYTES} are read",
                    text.len()
                ),
            });
        }
        let manifest: Manifest = toml::from_str(text).map_err(|error| ManifestError {
            line: error.span().map(|span| line_at(text, span.start)),
            what: error.message().replace('\n', ", "),
        })?;
        manifest.check().map_err(|(needle, what)| ManifestError {
            line: line_of(text, &needle),
            what,
        })?;
        Ok(manifest)
    }

    /// The permission with this id, if asked for.
    #[must_use]
    pub fn permission(&self, id: &str) -> Option<&Permission> {
        self.permissions.iter().find(|p| p.id == id)
    }

    /// What to show in lists.
    #[must_use]
    pub fn name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.id)
    }

    /// First problem as (text to find the line by, what is wrong).
    fn check(&self) -> Result<(), (String, String)> {
        if PluginId::new(self.id.as_str()).is_none() || !is_reverse_dns(&self.id) {
            return Err((
                self.id.clone(),
                format!(
                    "`{}` is no plugin id: write it as reverse DNS in lower case, such as \
                     `ar.example.cart-recovery`, at most {} bytes",
                    self.id,
                    PluginId::MAX_BYTES
                ),
            ));
        }
        if !is_track(&self.wit) {
            return Err((
                self.wit.clone(),
                format!("`{}` is no WIT track: write `wit = \"0.1\"`", self.wit),
            ));
        }
        if self.subscribe != Subscribe::default() && self.kind != PluginKind::Replies {
            return Err((
                "[subscribe]".to_owned(),
                format!(
                    "only a replies plugin subscribes to events; this one is `{}`",
                    self.kind.as_str()
                ),
            ));
        }
        for pattern in &self.subscribe.events {
            if !is_pattern(pattern, ".*") {
                return Err((
                    pattern.clone(),
                    format!(
                        "`{pattern}` is no event pattern: write a name such as `order.shipped`, \
                         or `order.*`"
                    ),
                ));
            }
        }
        for category in &self.messages.categories {
            if !["utility", "marketing", "authentication"].contains(&category.as_str()) {
                return Err((
                    category.clone(),
                    format!(
                        "`{category}` is no template category: `utility`, `marketing` or \
                         `authentication`"
                    ),
                ));
            }
        }
        for pattern in &self.messages.templates {
            if !is_pattern(pattern, "*") {
                return Err((
                    pattern.clone(),
                    format!(
                        "`{pattern}` is no template pattern: write a name such as `cart_reminder`, \
                         or `cart_*`"
                    ),
                ));
            }
        }
        self.check_permissions()?;
        self.check_rest()
    }

    fn check_permissions(&self) -> Result<(), (String, String)> {
        for (at, permission) in self.permissions.iter().enumerate() {
            let id = &permission.id;
            if !PERMISSIONS.contains(&id.as_str()) {
                let known: Vec<String> = PERMISSIONS
                    .iter()
                    .map(|known| format!("`{known}`"))
                    .collect();
                return Err((
                    id.clone(),
                    format!("`{id}` is no permission: one of {}", known.join(", ")),
                ));
            }
            if self.permissions.iter().take(at).any(|p| p.id == *id) {
                return Err((
                    id.clone(),
                    format!("permission `{id}` is asked for twice: join the two"),
                ));
            }
            if permission.reason.trim().is_empty() {
                return Err((
                    id.clone(),
                    format!(
                        "permission `{id}` has no reason: say in `reason` what it is for, \
                         the operator reads it before granting"
                    ),
                ));
            }
            let (needs_fields, needs_hosts) = (id == "contacts.read", id == "http.fetch");
            if needs_fields == permission.fields.is_empty() {
                return Err((
                    id.clone(),
                    format!(
                        "`fields` belongs to `contacts.read`, which needs at least one (`{id}`)"
                    ),
                ));
            }
            if needs_hosts == permission.hosts.is_empty() {
                return Err((
                    id.clone(),
                    format!("`hosts` belongs to `http.fetch`, which needs at least one (`{id}`)"),
                ));
            }
            for host in &permission.hosts {
                if !is_host_pattern(host) {
                    return Err((
                        host.clone(),
                        format!(
                            "`{host}` is no host: write `api.shop.example`, \
                             `*.shop.example` or `api.shop.example:8443`, without scheme or path"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The config schema as JSON text, if there is one.
    #[must_use]
    pub fn config_schema_json(&self) -> Option<String> {
        let schema = self.config.schema.as_ref()?;
        serde_json::to_string(schema).ok()
    }

    fn check_rest(&self) -> Result<(), (String, String)> {
        if let Some(schema) = &self.config.schema {
            config_schema::check_schema(schema)?;
        }
        for (name, secret) in &self.secrets {
            if !is_secret_name(name) {
                return Err((
                    format!("[secrets.{name}]"),
                    format!(
                        "`{name}` is no name of a secret: 1 to 64 of `A-Z`, `0-9` and `_`, \
                         such as `SHOP_TOKEN`"
                    ),
                ));
            }
            if self.permission("http.fetch").is_none() {
                return Err((
                    format!("[secrets.{name}]"),
                    format!(
                        "secret `{name}` goes nowhere: ask for the permission `http.fetch` with its hosts"
                    ),
                ));
            }
            let bad = secret.hosts.iter().find(|host| !is_host_pattern(host));
            if secret.hosts.is_empty() || bad.is_some() {
                return Err((
                    bad.cloned().unwrap_or_else(|| name.clone()),
                    format!(
                        "secret `{name}` needs `hosts`, each such as `api.shop.example` or \
                         `*.shop.example:8443`"
                    ),
                ));
            }
        }
        let most_mib = u64::try_from(MAX_MEMORY_BYTES / (1024 * 1024)).unwrap_or(u64::MAX);
        if let Some(mib) = self.limits.memory_mib
            && !(1..=most_mib).contains(&mib)
        {
            return Err((
                "memory_mib".to_owned(),
                format!("`memory_mib` is {mib}; 1 to {most_mib} are possible"),
            ));
        }
        let most_ms =
            u64::try_from(CallLimits::for_kind(self.kind).wall.as_millis()).unwrap_or(u64::MAX);
        if let Some(ms) = self.limits.timeout_ms
            && !(1..=most_ms).contains(&ms)
        {
            return Err((
                "timeout_ms".to_owned(),
                format!(
                    "`timeout_ms` is {ms}; 1 to {most_ms} are possible for `{}`",
                    self.kind.as_str()
                ),
            ));
        }
        Ok(())
    }
}

/// Exact, or everything that begins with what stands before a final `*`.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

fn is_pattern(pattern: &str, wildcard: &str) -> bool {
    let name = pattern.strip_suffix(wildcard).unwrap_or(pattern);
    !name.is_empty()
        && name.len() <= 512
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b))
}

fn is_reverse_dns(id: &str) -> bool {
    id.contains('.') && id.split('.').all(is_label)
}

fn is_track(track: &str) -> bool {
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = track.split('.').collect();
    parts.len() <= 2 && parts.into_iter().all(numeric)
}

fn is_host_pattern(pattern: &str) -> bool {
    pattern.parse::<HostPattern>().is_ok()
}

/// What stands between the braces of `{{secret:NAME}}`.
fn is_secret_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|b| *b == b'\n')
        .count()
        .saturating_add(1)
}

/// The last line that contains `needle`: of two equal ones, the second is the wrong one.
fn line_of(text: &str, needle: &str) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    text.rfind(&format!("\"{needle}\""))
        .or_else(|| text.rfind(needle))
        .map(|offset| line_at(text, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"id = "ar.example.tienda"
version = "1.4.0"
kind = "replies"
wit = "0.1"

[subscribe]
messages = true
events = ["order.*", "cart.abandoned"]
timers = true

[messages]
categories = ["utility"]
templates = ["order_*", "hello"]
max_per_contact_per_day = 3

[[permission]]
id = "kv"
reason = "remember where a conversation stands"

[[permission]]
id = "contacts.read"
reason = "greet by name"
fields = ["name"]

[[permission]]
id = "http.fetch"
reason = "read the cart"
hosts = ["api.shop.example:443", "*.cdn.example"]

[config]
schema = { type = "object" }

[secrets.SHOP]
hosts = ["api.shop.example"]

[limits]
memory_mib = 32
timeout_ms = 3000
"#;

    fn broken(from: &str, to: &str) -> ManifestError {
        assert!(FULL.contains(from), "{from}");
        Manifest::parse(&FULL.replacen(from, to, 1)).unwrap_err()
    }

    #[test]
    fn a_full_manifest_is_read() {
        let manifest = Manifest::parse(FULL).unwrap();
        assert_eq!(manifest.kind, PluginKind::Replies);
        assert!(manifest.subscribe.wants_event("order.shipped"));
        assert!(manifest.subscribe.wants_event("cart.abandoned"));
        assert!(!manifest.subscribe.wants_event("cart.abandoned.twice"));
        assert!(manifest.messages.names_template("order_shipped"));
        assert!(!manifest.messages.names_template("hello_again"));
        assert!(manifest.permission("kv").is_some());
        assert!(manifest.permission("log").is_none());
    }

    #[test]
    fn every_mistake_names_its_line() {
        let cases = [
            ("id = \"ar.example.tienda\"", "id = \"Tienda\"", 1),
            ("1.4.0", "1.4", 2),
            ("\"replies\"", "\"bot\"", 3),
            ("wit = \"0.1\"", "wit = \"v1\"", 4),
            ("messages = true", "mesages = true", 7),
            ("order.*", "Order*", 8),
            ("[\"utility\"]", "[\"promo\"]", 12),
            ("order_*", "*", 13),
            ("id = \"kv\"", "id = \"disk\"", 17),
            ("remember where a conversation stands", " ", 17),
            ("api.shop.example:443", "https://api.shop.example", 28),
            ("*.cdn.example", "127.0.0.1", 28),
            ("{ type = \"object\" }", "[]", 31),
            ("{ type = \"object\" }", "{ typ = \"object\" }", 31),
            ("hosts = [\"api.shop.example\"]", "hosts = [\"a b\"]", 34),
            ("[secrets.SHOP]", "[secrets.shop]", 33),
            ("memory_mib = 32", "memory_mib = 65", 37),
            ("timeout_ms = 3000", "timeout_ms = 5001", 38),
        ];
        for (from, to, line) in cases {
            let error = broken(from, to);
            assert_eq!(error.line, Some(line), "{to}: {error}");
        }
    }

    #[test]
    fn a_permission_asked_for_twice_is_refused_at_the_second() {
        let error = broken("id = \"contacts.read\"", "id = \"kv\"");
        assert_eq!(error.line, Some(21), "{error}");
        assert!(error.what.contains("twice"), "{error}");
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = broken("version = \"1.4.0\"\n", "");
        assert!(error.what.contains("`version`"), "{error}");
    }

    #[test]
    fn only_a_replies_plugin_subscribes() {
        let error = broken("\"replies\"", "\"analytics\"");
        assert!(error.what.contains("subscribe"), "{error}");
    }
}
