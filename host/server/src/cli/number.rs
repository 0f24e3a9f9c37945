//! Verbs of `portero number`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::client::Target;

/// Verbs of `number`.
#[derive(Subcommand, Debug)]
pub enum NumberCommand {
    /// List them
    #[command(after_help = "Example:\n  portero number list --tenant tienda-sol")]
    List(Target),
    /// One number: quality, limit, restriction, and what Meta said of it over time
    #[command(after_help = "Example:\n  portero number show 401000000000001 --tenant tienda-sol")]
    Show {
        /// Meta's id of the number
        phone_number_id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Ask Meta for quality, name and limit of every number
    #[command(after_help = "Example:\n  portero number sync --tenant tienda-sol")]
    Sync(Target),
    /// Connect one; the access token is read from PORTERO_ACCESS_TOKEN or a file
    #[command(
        after_help = "Example:\n  portero number add 401000000000001 --waba 301000000000001 --display \"+57 1 555 0101\" --access-token-file token.txt --tenant tienda-sol"
    )]
    Add {
        /// Meta's id of the number
        phone_number_id: String,
        /// Meta's id of its account
        #[arg(long)]
        waba: String,
        /// Shown form
        #[arg(long)]
        display: String,
        /// People a day the account may write to first (TIER_2K, …); 250 until Meta tells it
        #[arg(long, value_name = "TIER")]
        messaging_limit: Option<String>,
        /// The Meta app whose webhooks speak for it [default: as before, at first `default`]
        #[arg(long, value_name = "NAME")]
        app: Option<String>,
        /// File with the access token
        #[arg(long, value_name = "FILE")]
        access_token_file: Option<PathBuf>,
        /// The token itself, better from the environment
        #[arg(
            long,
            env = "PORTERO_ACCESS_TOKEN",
            hide = true,
            hide_env_values = true
        )]
        access_token: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Connect a number step by step: app secret, token, registration, webhooks, templates, and what is still missing
    ///
    /// Asks at the terminal for what no flag and no environment variable gives; secrets are typed without being shown.
    /// Again is harmless: what stands is kept, what is given anew replaces it.
    #[command(
        after_help = "Examples:\n  portero number connect --tenant tienda-sol --public-url https://bots.example\n  PORTERO_APP_SECRET=… PORTERO_ACCESS_TOKEN=… portero number connect 401000000000001 --waba 301000000000001 --display \"+57 1 555 0101\" --tenant tienda-sol\n\nWhere each of them stands in Meta's pages: host/docs/go-live.md. Exit code 3 when something is still missing."
    )]
    Connect {
        /// Meta's id of the number
        phone_number_id: Option<String>,
        /// Meta's id of its account
        #[arg(long)]
        waba: Option<String>,
        /// Shown form
        #[arg(long)]
        display: Option<String>,
        /// The Meta app whose webhooks speak for it
        #[arg(long, value_name = "NAME", default_value = "default")]
        app: String,
        /// Where this host is reached from outside [default: the setting public_url]
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
        /// Secrets, from the environment or asked for
        #[command(flatten)]
        secrets: ConnectSecrets,
        /// The PIN, for a number that is not registered yet
        #[command(flatten)]
        pin: PinFlags,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Register one with Meta by its six-digit PIN, so that messages leave from it
    #[command(
        after_help = "Examples:\n  portero number register 401000000000001 --tenant tienda-sol\n  PORTERO_NUMBER_PIN=… portero number register 401000000000001 --tenant tienda-sol\n\nThe PIN is typed without being shown, or read from PORTERO_NUMBER_PIN or a file. It goes to Meta and is kept\nnowhere. A number that had none has this one from now on. Meta takes ten tries in 72 hours."
    )]
    Register {
        /// Meta's id of the number
        phone_number_id: String,
        /// The PIN
        #[command(flatten)]
        pin: PinFlags,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Have Meta send the webhooks of a number's account here
    #[command(
        after_help = "Example:\n  portero number subscribe 401000000000001 --tenant tienda-sol"
    )]
    Subscribe {
        /// Meta's id of the number
        phone_number_id: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// What the tenant needs before it sends for real, and what of it is there
    #[command(
        after_help = "Examples:\n  portero number checklist --tenant tienda-sol\n  portero number checklist --ask --json\n\nExit code 3 when something is missing."
    )]
    Checklist {
        /// Ask Meta too: whether it takes the tokens, and where it sends the webhooks
        #[arg(long)]
        ask: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}

/// The PIN of a number.
#[derive(Args, Clone)]
pub struct PinFlags {
    /// File with the number's six-digit PIN of two-step verification (or `PORTERO_NUMBER_PIN`)
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// The PIN itself, from the environment
    #[arg(long, env = "PORTERO_NUMBER_PIN", hide = true, hide_env_values = true)]
    pub pin: Option<String>,
}

/// Redacted.
impl std::fmt::Debug for PinFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinFlags").finish_non_exhaustive()
    }
}

/// Secrets of `number connect`.
#[derive(Args, Clone)]
pub struct ConnectSecrets {
    /// App secret
    #[arg(long, env = "PORTERO_APP_SECRET", hide = true, hide_env_values = true)]
    pub app_secret: Option<String>,
    /// Word that Meta repeats when the webhook is set up; made when absent
    #[arg(
        long,
        env = "PORTERO_VERIFY_TOKEN",
        hide = true,
        hide_env_values = true
    )]
    pub verify_token: Option<String>,
    /// The access token
    #[arg(
        long,
        env = "PORTERO_ACCESS_TOKEN",
        hide = true,
        hide_env_values = true
    )]
    pub access_token: Option<String>,
    /// File with the access token
    #[arg(long, value_name = "FILE")]
    pub access_token_file: Option<PathBuf>,
}

/// Redacted.
impl std::fmt::Debug for ConnectSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectSecrets").finish_non_exhaustive()
    }
}
