//! `portero plugin install`.

use std::path::PathBuf;

use clap::Args;

use crate::client::Target;

/// `plugin install`.
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// The .wasm, or the https address where its author publishes it
    #[arg(value_name = "FILE|URL")]
    pub file: String,
    /// Permissions granted, separated by commas; what is not named is denied
    #[arg(long, value_delimiter = ',')]
    pub grant: Vec<String>,
    /// Templates it may name (names, or prefixes ending in *)
    #[arg(long, value_delimiter = ',')]
    pub template: Vec<String>,
    /// Contact fields it may read
    #[arg(long, value_delimiter = ',')]
    pub field: Vec<String>,
    /// Hosts that http.fetch may ask: names, or names below one (*.shop.example), with :port where needed
    #[arg(long = "host", value_name = "HOST", value_delimiter = ',')]
    pub hosts: Vec<String>,
    /// Settings as JSON
    #[arg(long, default_value = "{}")]
    pub set: String,
    /// Place among the tenant's plugins; smaller is asked first
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub position: i64,
    /// What has to be so of the file
    #[command(flatten)]
    pub sure: SureArgs,
    /// Take it although another key signed the version that runs, or it is not signed any more
    #[arg(long)]
    pub new_signer: bool,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// What has to be so of a file that is brought.
#[derive(Args, Debug)]
pub struct SureArgs {
    /// Its signature (default: FILE.minisig, when that is there)
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// SHA-256 that it must have (sha256:…); needed with an address, unless --locked tells it
    #[arg(long, value_name = "SHA256")]
    pub digest: Option<String>,
    /// Only what the lock names: id, version, digest, source and key
    #[arg(long)]
    pub locked: bool,
    /// The lock; where it lies it is kept up to date
    #[arg(long, value_name = "FILE", default_value = "portero.lock")]
    pub lock: PathBuf,
}

/// `plugin lock`.
#[derive(Args, Debug)]
pub struct LockArgs {
    /// Where to write it
    #[arg(long, value_name = "FILE", default_value = "portero.lock")]
    pub lock: PathBuf,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// `plugin apply`.
#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// TOML with a table `[plugins."ID"]` for each plugin
    pub file: PathBuf,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
