//! Verbs that keep a host's data: into one file and back.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::Config;

/// Where the data is, for verbs that go to the database themselves.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceFlags {
    /// Settings file (default: portero.toml here, if there is one)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Postgres instead of SQLite
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// File with the master key: 64 hexadecimal digits, or the master.key of a data folder
    #[arg(long, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
}

impl PlaceFlags {
    /// The settings that count, these flags over the others.
    ///
    /// # Errors
    /// As [`Config::load_with`].
    pub fn settings(&self) -> anyhow::Result<Config> {
        let path = |p: &Path| toml::Value::String(p.display().to_string());
        let all = [
            ("data", self.data.as_deref().map(path)),
            (
                "database_url",
                self.database_url.clone().map(toml::Value::String),
            ),
            ("master_key_file", self.master_key_file.as_deref().map(path)),
        ];
        let given = all
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        let mut config = Config::load_with(self.config.as_deref(), &given)?;
        if self.master_key_file.is_some() {
            config.master_key = None;
        }
        Ok(config)
    }
}

/// Flags of `backup`.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The file to write; `-` is standard output, for a program that encrypts it
    pub file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub overwrite: bool,
    /// Where the data is
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `restore`.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The file that `portero backup` wrote
    pub file: PathBuf,
    /// Read the whole file and compare its hashes; write nothing
    #[arg(long)]
    pub check: bool,
    /// Do not stop sending: nothing has left since the backup was made
    #[arg(long)]
    pub keep_sending: bool,
    /// Where the data goes
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `tenant export`.
#[derive(Args, Debug)]
pub struct TenantExportArgs {
    /// Its short name or id
    pub tenant: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub overwrite: bool,
    /// File with the key that its secrets travel under: 64 hexadecimal digits. Without it a key is made and printed once
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Where the data is
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `tenant import`.
#[derive(Args, Debug)]
pub struct TenantImportArgs {
    /// The file that `portero tenant export` wrote
    pub file: PathBuf,
    /// File with the key that the export printed or was given
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
    /// Call it so here
    #[arg(long = "as", value_name = "NEW-SLUG")]
    pub slug: Option<String>,
    /// Do everything but keep it: what would come in, and whether it can
    #[arg(long)]
    pub dry_run: bool,
    /// Do not stop its sending: nothing has left elsewhere since the export
    #[arg(long)]
    pub keep_sending: bool,
    /// Where the data goes
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}
