//! Flags of `portero listen`.

use clap::Args;

use crate::client::Target;

/// Flags of `listen`.
#[derive(Args, Debug)]
pub struct ListenArgs {
    /// Where to, usually on this machine
    #[arg(long, value_name = "URL")]
    pub forward_to: String,
    /// Only this kind; may be given several times (`portero webhook events` lists them)
    #[arg(long = "event", value_name = "KIND")]
    pub events: Vec<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}
