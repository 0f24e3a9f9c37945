//! `portero plugin`: what authors and operators type.

mod install;
mod journal;
mod logs;
mod secret;
mod trust;
mod version;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use portero_domain::plugin::PluginKind;

use crate::client::Target;

pub use install::{ApplyArgs, InstallArgs, LockArgs, SureArgs};
pub use journal::{CallArgs, ReplayArgs};
pub use logs::PluginLogsArgs;
pub use secret::PluginSecretCommand;
pub use trust::{PluginKeyCommand, PluginTrustCommand, SignArgs};
pub use version::{ApproveArgs, OfPluginArgs, RollbackArgs, UpgradeArgs};

/// Verbs of `plugin`.
#[derive(Subcommand, Debug)]
pub enum PluginCommand {
    /// Begin a plugin in a new folder: it builds, answers and is tested, without a registry
    #[command(
        after_help = "Examples:\n  portero plugin new greeter                                # a folder `greeter`: a bot that answers\n  portero plugin new recent --kind segmentation --json\n\nThen: `cd greeter`, `portero plugin build`, `portero plugin test`. The SDK lies in the folder; nothing is downloaded."
    )]
    New(NewArgs),
    /// Build the plugin of a folder to one .wasm with its manifest in it
    #[command(
        after_help = "Examples:\n  portero plugin build greeter                              # greeter/greeter.wasm\n  portero plugin build greeter --json\n\nNeeds Rust (https://rustup.rs) and `rustup target add wasm32-wasip2`."
    )]
    Build(BuildArgs),
    /// Build again at each change, swap the plugin in a running demo, talk to it
    #[command(
        after_help = "Example:\n  portero plugin dev greeter --data demo-data --tenant tienda-sol     # beside `portero demo --idle --data demo-data`\n\nEach typed line is written by a pretend person, `/tap ID` taps a button. Everything that the manifest asks for is\ngranted; the plugin is asked before the demo's own. An error leaves the version before in place. Ctrl-C ends it."
    )]
    Dev(DevArgs),
    /// Play a plugin's scenarios against the real gate and a pretend Meta
    #[command(
        after_help = "Examples:\n  portero plugin test greeter                               # builds, then plays greeter/tests/*.scenario.toml\n  portero plugin test greeter --no-build --junit junit.xml\n  portero plugin test greeter --no-build --only first --json\n\nThe format: host/docs/scenarios.md. Exit code 3 when an expectation does not hold."
    )]
    Test(TestArgs),
    /// List installed ones
    #[command(after_help = "Example:\n  portero plugin list --tenant tienda-sol")]
    List(Target),
    /// How one does: whether it is asked, what it may, how its calls ended, what the gate refused
    #[command(
        after_help = "Examples:\n  portero plugin show com.portero.tienda-bot --tenant tienda-sol\n  portero plugin show ins_0193… --lang es --json"
    )]
    Show {
        /// The plugin's own id, or ins_…
        plugin: String,
        /// Language of the words
        #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
        lang: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Have it asked again, from the next message on
    #[command(
        after_help = "Example:\n  portero plugin enable com.portero.tienda-bot --tenant tienda-sol"
    )]
    Enable {
        /// The plugin's own id, or ins_…
        plugin: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Have it asked no more; what it keeps, its figures and its segments stay as they are
    #[command(
        after_help = "Example:\n  portero plugin disable com.portero.tienda-bot --tenant tienda-sol"
    )]
    Disable {
        /// The plugin's own id, or ins_…
        plugin: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Look into a component without installing it
    #[command(after_help = "Example:\n  portero plugin inspect tienda_bot.wasm")]
    Inspect {
        /// The .wasm
        file: PathBuf,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Check and install a component
    #[command(
        after_help = "Examples:\n  portero plugin install tienda_bot.wasm --tenant tienda-sol --grant send.session,send.interactive,log --set '{\"shop\":\"Tienda Sol\"}'\n  portero plugin install https://acme.example/carts-1.2.0.wasm --digest sha256:633a… --grant send.session --tenant tienda-sol\n  portero plugin install carts.wasm --locked --tenant tienda-sol      # only as portero.lock names it\n\nA signature beside a file (FILE.minisig) is checked; what is fetched has to have one, of a key that is trusted\n(`portero plugin trust add`). Installing the same id again replaces component, grants and settings."
    )]
    Install(InstallArgs),
    /// Have the plugins that a file names, with the grants and settings that it says; twice is as good as once
    #[command(
        after_help = "Example:\n  portero plugin apply plugins.toml --tenant tienda-sol\n\nhost/docs/plugins.md shows a file. What it does not name is left as it is. For a server without a screen: after the\nhost has started, as `ExecStartPost=` of its unit."
    )]
    Apply(ApplyArgs),
    /// Write down what is installed: id, version, digest, source and key
    #[command(
        after_help = "Example:\n  portero plugin lock --tenant tienda-sol                   # portero.lock, kept up to date by install and upgrade"
    )]
    Lock(LockArgs),
    /// Sign a component, or the key that takes the place of this one
    #[command(
        after_help = "Examples:\n  portero plugin sign greeter.wasm --key acme.key          # greeter.wasm.minisig\n  portero plugin sign acme-2027.pub --key acme.key --json\n\nThe signature is minisign's: `minisign -V -p acme.pub -m greeter.wasm` checks it too."
    )]
    Sign(SignArgs),
    /// Keys to sign with
    #[command(subcommand)]
    Key(PluginKeyCommand),
    /// Keys of authors that a tenant trusts
    #[command(subcommand)]
    Trust(PluginTrustCommand),
    /// Bring another version in; settings and grants stay, and it waits if it asks for more
    #[command(
        after_help = "Examples:\n  portero plugin upgrade tienda_bot.wasm --tenant tienda-sol\n  portero plugin upgrade https://acme.example/carts-1.3.0.wasm --digest sha256:77b0… --tenant tienda-sol\n\nA version that asks for no more than the one that runs runs at once. One that asks for more waits until\n`portero plugin approve`; the old one goes on meanwhile."
    )]
    Upgrade(UpgradeArgs),
    /// Let the version that waits run, with what is granted in addition
    #[command(
        after_help = "Examples:\n  portero plugin versions com.example.carts --tenant tienda-sol      # what it asks for\n  portero plugin approve com.example.carts --grant http.fetch --host api.shop.example --tenant tienda-sol"
    )]
    Approve(ApproveArgs),
    /// Drop the version that waits
    #[command(
        after_help = "Example:\n  portero plugin discard com.example.carts --tenant tienda-sol"
    )]
    Discard(OfPluginArgs),
    /// Run what ran before, with its settings and grants; what the plugin remembers stays
    #[command(
        after_help = "Examples:\n  portero plugin rollback com.example.carts --tenant tienda-sol\n  portero plugin rollback com.example.carts --to 3 --tenant tienda-sol"
    )]
    Rollback(RollbackArgs),
    /// What ran, and what waits to be granted what it asks for
    #[command(
        after_help = "Example:\n  portero plugin versions com.example.carts --tenant tienda-sol"
    )]
    Versions(OfPluginArgs),
    /// Calls of a plugin: how each ended, what it used, what it logged
    #[command(
        after_help = "Examples:\n  portero plugin logs com.example.greeter --tenant tienda-sol\n  portero plugin logs com.example.greeter --follow --tenant tienda-sol      # as they happen\n  portero plugin logs com.example.greeter --failed --last 200 --json --tenant tienda-sol\n\nLines are the plugin's own words, with long runs of digits masked. What the gate said of its proposals:\n`portero verdicts list --plugin`, `portero why`."
    )]
    Logs(PluginLogsArgs),
    /// A call as it was: what a replies plugin was told, asked and answered, what the gate said
    #[command(
        after_help = "Examples:\n  portero plugin call com.example.greeter evt_0193… --tenant tienda-sol\n  portero plugin call com.example.greeter evt_0193… --scenario --tenant tienda-sol > greeter/tests/again.scenario.toml\n\nIt shows what a person wrote: it needs `see_personal_data` and is written down. A scenario has pseudonyms for the\nperson's name, numbers and addresses; whatever else they wrote of themselves stays in it."
    )]
    Call(CallArgs),
    /// Run recorded calls again: on their own component nothing may differ, on another version what differs is told
    #[command(
        after_help = "Examples:\n  portero plugin replay com.example.greeter --tenant tienda-sol\n  portero plugin replay com.example.greeter --against new.wasm --since 24h --tenant tienda-sol\n  portero plugin replay com.example.greeter --against new.wasm --since 7d --last 10000 --json\n\nSends and keeps nothing, asks nobody: the host answers as it did. Verdicts on other words are judged on the facts of\nthen. Exit code 3 when a call went another way on its own component, and with --against on a new fault or a message\nthat was denied and would go now."
    )]
    Replay(ReplayArgs),
    /// Secrets of the shop's systems that a plugin's requests may carry
    #[command(subcommand)]
    Secret(PluginSecretCommand),
}

/// `plugin new`.
#[derive(Args, Debug)]
pub struct NewArgs {
    /// Name of the plugin and of its folder: a-z, 0-9, `-`
    pub name: String,
    /// What it does: answer people, put them into segments, count
    #[arg(long, value_enum, default_value_t = KindName::Replies)]
    pub kind: KindName,
    /// Folder to make it in (default: the name, here)
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Kinds, by the names of the contract's interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// Answers people
    Replies,
    /// Puts people into segments and words into templates
    Segmentation,
    /// Counts what happened
    Analytics,
}

impl KindName {
    /// The kind.
    #[must_use]
    pub const fn kind(self) -> PluginKind {
        match self {
            KindName::Replies => PluginKind::Replies,
            KindName::Segmentation => PluginKind::Segmentation,
            KindName::Analytics => PluginKind::Analytics,
        }
    }
}

/// `plugin build`.
#[derive(Args, Debug)]
pub struct BuildArgs {
    /// Folder with Cargo.toml and portero-plugin.toml
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Where the component goes (default: NAME.wasm in the folder)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// `plugin dev`.
#[derive(Args, Debug)]
pub struct DevArgs {
    /// Folder with Cargo.toml and portero-plugin.toml
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Who writes what is typed, by number or user id; somebody who never wrote when left out
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// Settings as JSON
    #[arg(long, default_value = "{}")]
    pub set: String,
    /// Place among the tenant's plugins; smaller is asked first
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    pub position: i64,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// `plugin test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// Folder of the plugin; its scenarios are `*.scenario.toml` in it and in `tests`
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Take the component as it was built last
    #[arg(long)]
    pub no_build: bool,
    /// This component instead of the folder's own
    #[arg(long, value_name = "FILE", conflicts_with = "no_build")]
    pub component: Option<PathBuf>,
    /// Only scenarios whose file or name contains this
    #[arg(long, value_name = "WORDS")]
    pub only: Option<String>,
    /// Write what happened into `expect`, `segments`, `totals`, `cards` and `simulator` where it differs
    #[arg(long)]
    pub update: bool,
    /// Also write a report as JUnit has it
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}
