//! Verbs and flags about settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Settings that may be given as flags; they win over file and environment.
#[derive(Args, Clone, Debug, Default)]
pub struct SettingFlags {
    /// Data folder
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Postgres instead of SQLite
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Address of the Graph API (a simulator's, to try things)
    #[arg(long, value_name = "URL")]
    pub graph_url: Option<String>,
}

impl SettingFlags {
    /// What was given, by the setting's name.
    #[must_use]
    pub fn given(&self) -> toml::Table {
        let data = self.data.as_ref().map(|d| d.display().to_string());
        let all = [
            ("data", data),
            ("listen", self.listen.clone()),
            ("database_url", self.database_url.clone()),
            ("graph_url", self.graph_url.clone()),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), toml::Value::String(value?))))
            .collect()
    }
}

/// Verbs of `config`.
#[derive(Args, Debug)]
pub struct ConfigArgs {
    /// What to do
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// Verbs of `config`.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Print a commented settings file
    #[command(after_help = "Example:\n  portero config template > portero.toml")]
    Template,
    /// Read the settings and say everything that is wrong with them, by line
    #[command(
        after_help = "Examples:\n  portero config check\n  portero config check --config portero.toml --json\n\nExit code 1 when something is wrong."
    )]
    Check {
        /// Settings file (default: portero.toml here, if there is one)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Each setting with the value that counts and where it comes from; secrets are masked
    #[command(
        after_help = "Examples:\n  portero config show\n  PORTERO_DATA=/var/lib/portero portero config show --config portero.toml --listen 127.0.0.1:9090"
    )]
    Show {
        /// Settings file (default: portero.toml here, if there is one)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// As for `portero serve`
        #[command(flatten)]
        flags: SettingFlags,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
}
