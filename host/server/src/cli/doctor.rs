//! Flags of `portero doctor`.

use clap::Args;

use crate::client::Target;

/// Flags of `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The address under which Meta reaches this host; tried as Meta tries it
    #[arg(long, value_name = "URL", env = "PORTERO_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Room the data folder's disk must have, MiB
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub min_free_mib: u64,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
