//! Where the value of each setting comes from.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use crate::config::{Config, fields, find, variable};

/// Who had the last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The settings file.
    File {
        /// Which.
        path: PathBuf,
    },
    /// A variable of the environment.
    Env {
        /// Its name.
        variable: &'static str,
    },
    /// A flag of the command.
    Flag {
        /// As typed.
        flag: String,
    },
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path } => write!(f, "{}", path.display()),
            Origin::Env { variable } => f.write_str(variable),
            Origin::Flag { flag } => f.write_str(flag),
        }
    }
}

/// One setting as it counts.
#[derive(Clone, Debug, Serialize)]
pub struct Effective {
    /// Its name in the file.
    pub setting: &'static str,
    /// Its value; secrets masked, `null` when absent.
    pub value: Value,
    /// Where that comes from.
    pub origin: Origin,
}

/// Every setting with the value that counts, in the order of the template.
///
/// # Errors
/// Settings that do not read.
pub fn effective(file: Option<&Path>, flags: &toml::Table) -> anyhow::Result<Vec<Effective>> {
    let config = Config::load_with(file, flags)?;
    let values = serde_json::to_value(&config)?;
    let path = find(file)?;
    let in_file: toml::Table = match &path {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?
            .parse()?,
        None => toml::Table::new(),
    };
    let all = fields().iter().map(|field| {
        let set = variable(field).filter(|name| std::env::var_os(name).is_some());
        let origin = match (&path, set) {
            _ if flags.contains_key(field.name) => Origin::Flag {
                flag: format!("--{}", field.name.replace('_', "-")),
            },
            (_, Some(variable)) => Origin::Env { variable },
            (Some(path), None) if in_file.contains_key(field.name) => {
                Origin::File { path: path.clone() }
            }
            _ => Origin::Default,
        };
        Effective {
            setting: field.name,
            value: values.get(field.name).cloned().unwrap_or(Value::Null),
            origin,
        }
    });
    Ok(all.collect())
}
