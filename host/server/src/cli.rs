//! Verbs and flags. The help teaches: each verb ends with an example.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::client::Target;

mod audit;
mod campaign;
mod consent_told;
mod doctor;
pub mod exit;
mod explain;
mod figures;
mod inbox;
mod keep;
mod listen;
mod number;
pub mod page;
mod people;
mod plugin;
mod policy;
mod registry;
mod retention;
mod sandbox;
mod setting;
mod shell;
mod sim;
mod suppress;
mod token;
pub mod tree;
mod user;
mod verdicts;
mod watch;
mod webhook;
mod wording;

pub use audit::AuditArgs;
pub use campaign::{CampaignCommand, CampaignNew};
pub use consent_told::{Per, RecordArgs, WithdrawArgs};
pub use doctor::DoctorArgs;
pub use explain::ExplainArgs;
pub use figures::ReportCommand;
pub use inbox::{InboxArgs, InboxCommand};
pub use keep::{BackupArgs, PlaceFlags, RestoreArgs, TenantExportArgs, TenantImportArgs};
pub use listen::ListenArgs;
pub use number::{ConnectSecrets, NumberCommand, PinFlags};
pub use people::{
    ContactsCommand, ErasureWord, ImportArgs, LedgerArgs, PartFlags, SegmentCommand, TimelineArgs,
};
pub use plugin::{
    ApplyArgs, ApproveArgs, BuildArgs, CallArgs, DevArgs, InstallArgs, KindName, LockArgs, NewArgs,
    OfPluginArgs, PluginCommand, PluginKeyCommand, PluginLogsArgs, PluginSecretCommand,
    PluginTrustCommand, ReplayArgs, RollbackArgs, SignArgs, SureArgs, TestArgs, UpgradeArgs,
};
pub use policy::{PolicyCommand, PolicyMeant};
pub use registry::RegistryCommand;
pub use retention::RetentionCommand;
pub use sandbox::SandboxCommand;
pub use setting::{ConfigArgs, ConfigCommand, SettingFlags};
pub use shell::{CompletionsArgs, ManArgs, ShellName};
pub use sim::{
    SimAgainst, SimClock, SimCommand, SimDial, SimFault, SimLog, SimPeople, SimTarget, SimWorld,
};
pub use suppress::{SuppressCommand, SuppressScope};
pub use token::TokenCommand;
pub use user::UserCommand;
pub use verdicts::{VerdictsArgs, VerdictsCommand};
pub use watch::{LogsCommand, TailArgs, TriggerArgs};
pub use webhook::WebhookCommand;
pub use wording::WordingCommand;

/// Portero: bots propose, the gate judges, and only what it clears reaches WhatsApp.
#[derive(Parser, Debug)]
#[command(
    name = "portero",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = exit::start_here())]
pub struct Cli {
    /// Errors only in the log
    #[arg(long, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Verbs.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Two shops, a pretend Meta, a scripted half hour and a phone page
    #[command(
        after_help = "Examples:\n  portero demo                    # watch the day, then use the phone page\n  portero demo --once --seed 7    # another day, then end\n  portero demo --json --listen 127.0.0.1:0    # for a program that wants to drive it"
    )]
    Demo(DemoArgs),
    /// Run a host
    #[command(
        visible_alias = "up",
        after_help = "Example:\n  portero serve --data /var/lib/portero --listen 127.0.0.1:8080\n\nSettings also come from portero.toml and PORTERO_* (see `portero config template`)."
    )]
    Serve(ServeArgs),
    /// Run the pretend Meta alone
    #[command(
        after_help = "Example:\n  portero simulator --listen 127.0.0.1:8090 --callback http://127.0.0.1:8080/webhooks/whatsapp"
    )]
    Simulator(SimulatorArgs),
    /// Steer a running simulator: time, people, trouble, logs, whole worlds
    #[command(subcommand)]
    Sim(SimCommand),
    /// Bring a database's schema up to date
    #[command(
        after_help = "Examples:\n  portero migrate --data portero-data\n  portero migrate --database-url postgres://portero@localhost/portero"
    )]
    Migrate(MigrateArgs),
    /// Everything of a host in one file, while it runs
    #[command(
        after_help = "Examples:\n  portero backup portero-2026-11-29.backup --data portero-data\n  portero backup /backups/portero.backup --overwrite --json --data /var/lib/portero\n  portero backup shop.backup --database-url postgres://portero@localhost/portero --master-key-file master.key\n\nOne snapshot: what is committed when it begins. The file holds personal data (only this user can read it) and\nsecrets that stay sealed. The master key is not in it: keep master.key (or the file of PORTERO_MASTER_KEY_FILE)\nsomewhere else; without it no secret of the backup opens and `portero restore` refuses it."
    )]
    Backup(BackupArgs),
    /// A backup into an empty database: all of it, or nothing
    #[command(
        after_help = "Examples:\n  portero restore shop.backup --check --master-key-file master.key      # compares every hash, writes nothing\n  portero restore shop.backup --data new-data --master-key-file master.key\n  portero restore shop.backup --database-url postgres://portero@localhost/portero --master-key-file master.key\n\nNeeds the master key of the host that was backed up; the backup does not hold it. From SQLite to Postgres and back.\nAn older schema is brought up to date. Sending is stopped afterwards, because what left since the backup was made is\nqueued in it again: look, then `portero resume --all`. Exit code 3 when a chain of records does not hold."
    )]
    Restore(RestoreArgs),
    /// Check what a host needs, and say what to do about what is missing
    #[command(
        after_help = "Examples:\n  portero doctor --data portero-data\n  portero doctor --json\n  portero doctor --public-url https://wa.example.com      # also: does Meta's address lead here?\n\nExit code 3 when a check found something; each says what to do."
    )]
    Doctor(DoctorArgs),
    /// Show, check or write settings
    Config(ConfigArgs),
    /// Print the script that completes verbs and flags in your shell
    #[command(
        after_help = "Examples:\n  portero completions bash > portero.bash              # then `source portero.bash`, or put it into /etc/bash_completion.d\n  portero completions zsh > _portero                   # into a folder of $fpath\n  portero completions fish > portero.fish              # into ~/.config/fish/completions\n  portero completions powershell > portero.ps1         # dot-source it in $PROFILE"
    )]
    Completions(CompletionsArgs),
    /// Manual pages
    #[command(after_help = "Examples:\n  portero man > portero.1\n  portero man --dir man")]
    Man(ManArgs),
    /// Why a message was sent, put off or refused
    #[command(
        after_help = "Examples:\n  portero why out_0193…         # a message\n  portero why wamid.HBg…        # the same by Meta's id\n  portero why +573001112233     # the last messages of a person"
    )]
    Why(WhyArgs),
    /// Verdicts of the gate: which, and what it would say now
    #[command(subcommand)]
    Verdicts(VerdictsCommand),
    /// Forward a tenant's notices to an address of yours, signed, for as long as this runs
    #[command(
        after_help = "Examples:\n  portero listen --forward-to http://127.0.0.1:3000/portero --tenant tienda-sol\n  portero listen --forward-to http://127.0.0.1:3000/portero --event consent.withdrawn --json\n\nSigned as Standard Webhooks has it, with a secret that is shown once and ends with it. Each notice is tried once;\nCtrl-C leaves no endpoint behind. For something that stays: `portero webhook add`."
    )]
    Listen(ListenArgs),
    /// Verdicts and what comes in, as they happen
    #[command(subcommand)]
    Logs(LogsCommand),
    /// Make the simulated world do something; refused on a real number
    #[command(
        after_help = "Examples:\n  portero trigger text --text \"¿Qué horario tienen?\" --tenant tienda-sol\n  portero trigger button --tenant tienda-sol                                  # of the newest message\n  portero trigger status-failed --code 131049 --tenant tienda-sol             # the next message\n  portero trigger template-paused --template promo_semana --tenant tienda-sol\n  portero trigger quality --quality RED --tenant tienda-sol\n\nEverything goes through the simulator and comes back as a signed webhook; watch it with `portero logs tail`."
    )]
    Trigger(TriggerArgs),
    /// What came in, how it was read, and where it stands; and who waits for a person
    #[command(
        after_help = "Examples:\n  portero inbox --tenant tienda-sol --limit 20    # everything that came in\n  portero inbox list --tenant tienda-sol          # conversations that wait for a person\n  portero inbox answer +573001112233 \"Hola, soy Rosa\" --tenant tienda-sol"
    )]
    Inbox(InboxArgs),
    /// Figures: what became of messages, as cards with bars, sums, or days
    #[command(subcommand)]
    #[command(
        after_help = "Examples:\n  portero report list --tenant tienda-sol\n  portero report show --tenant tienda-sol                         # cards of the last 30 days\n  portero report show totals --since 2026-11-01 --csv --tenant tienda-sol > november.csv"
    )]
    Report(ReportCommand),
    /// The account: proposed = resting + final
    #[command(after_help = "Example:\n  portero account --json")]
    Account(Target),
    /// One shop at a glance: whether it sends, its numbers, what needs somebody, today, the month's cost
    #[command(
        after_help = "Examples:\n  portero status --tenant tienda-sol\n  portero status --tenant tienda-sol --json"
    )]
    Status(Target),
    /// Stop sending: no attempt begins afterwards
    #[command(
        after_help = "Examples:\n  portero stop --all --reason \"wrong price in the campaign\"\n  portero stop --tenant tienda-sol\n  portero stop --tenant tienda-sol --number 401000000000001"
    )]
    Stop(StopArgs),
    /// Let sending go on
    #[command(after_help = "Example:\n  portero resume --all")]
    Resume(StopArgs),
    /// How strict the rules are for one tenant
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// How long a tenant's data is kept
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Clients of this server
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// WhatsApp numbers of a tenant
    #[command(subcommand)]
    Number(NumberCommand),
    /// People a tenant in sandbox mode may write to
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Registries of people who want no advertising: which apply, and their copies
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// What people agreed to
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// The consent questions in the shop's own words
    #[command(subcommand)]
    Wording(WordingCommand),
    /// Meta apps whose webhooks this host accepts
    #[command(subcommand)]
    App(AppCommand),
    /// The template registry
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Campaigns: see who would get one, approve that, run it
    #[command(
        subcommand,
        after_help = "A campaign's life:\n  portero campaign new \"Vuelve\" --template promo_semana --language es --topic ofertas --tag dormida --why \"compraron y no volvieron\"\n  portero campaign plan cam_…              # who, why not, what it costs, when it ends\n  portero campaign approve cam_… --plan …  # exactly that plan\n  portero campaign run cam_… --watch       # with a progress bar\n  portero campaign pause cam_…             # and resume, stop\n  portero campaign export cam_… people.csv"
    )]
    Campaign(CampaignCommand),
    /// Plugins of a tenant
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// People from files and to files
    #[command(subcommand)]
    Contacts(ContactsCommand),
    /// Segments of people, who is in them and why
    #[command(subcommand)]
    Segment(SegmentCommand),
    /// Access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Who did what: every change, and every look at a person; newest first
    #[command(
        after_help = "Examples:\n  portero audit --tenant tienda-sol\n  portero audit --who rosa@tienda.example --since 2026-11-01\n  portero audit --operation \"POST /v1/messages\" --json\n\nIds only: never a name, a number or a text of a person."
    )]
    Audit(AuditArgs),
    /// People who log in to the console
    #[command(subcommand)]
    User(UserCommand),
    /// Tell your own systems: who waits for a person, who withdrew, which campaign rests
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// What a code means and what helps: a rule, a reason, a problem of the API, one of Meta's errors
    #[command(
        after_help = "Examples:\n  portero explain consent.missing --lang es\n  portero explain 131049                # Meta's number\n  portero explain idempotency_key_reused --json\n  portero explain                       # every code there is\n\nIt needs no host. What was decided about one message: `portero why`."
    )]
    Explain(ExplainArgs),
    /// Whom a tenant does not write to, by its own decision
    #[command(subcommand)]
    Suppress(SuppressCommand),
    /// Whose token this is, and what it may do
    #[command(
        after_help = "Examples:\n  portero me --data portero-data\n  PORTERO_TOKEN=ptr_… portero me --url https://wa.example.com --json"
    )]
    Me(Target),
}

/// Flags of `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Another seed, another day: names, order, times, who says what
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// End after the day (otherwise the phone page stays until Ctrl-C)
    #[arg(long)]
    pub once: bool,
    /// One object that says how to drive it, then events, as JSON lines
    #[arg(long)]
    pub json: bool,
    /// Where to listen; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: String,
    /// Keep the data here and go on with what is there (default: a temporary folder, removed at the end)
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Use Postgres instead of SQLite, and go on with what is there
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Build the world and wait, without the scripted day
    #[arg(long, conflicts_with = "once")]
    pub idle: bool,
}

/// Flags of `serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Settings file (default: portero.toml here, if there is one)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Settings
    #[command(flatten)]
    pub flags: SettingFlags,
    /// Print the start object as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `simulator`.
#[derive(Args, Debug)]
pub struct SimulatorArgs {
    /// Where to listen; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub listen: String,
    /// World as TOML or JSON (default: the demo's)
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// Where webhooks go
    #[arg(long, value_name = "URL")]
    pub callback: Option<String>,
    /// Seed of the world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print the start object as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `migrate`.
#[derive(Args, Debug)]
pub struct MigrateArgs {
    /// Settings file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Database
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `why`.
#[derive(Args, Debug)]
pub struct WhyArgs {
    /// Message, verdict, wamid, contact or address
    pub id: String,
    /// Language of the sentences
    #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
    pub lang: String,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Flags of lists.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Rows
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Flags of `stop` and `resume`.
#[derive(Args, Debug)]
pub struct StopArgs {
    /// Every tenant of the server
    #[arg(long, conflicts_with = "number")]
    pub all: bool,
    /// Only this number
    #[arg(long, value_name = "PHONE_NUMBER_ID")]
    pub number: Option<String>,
    /// Kept with the stop and shown to everybody
    #[arg(long, default_value = "stopped by the operator")]
    pub reason: String,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Verbs of `tenant`.
#[derive(Subcommand, Debug)]
pub enum TenantCommand {
    /// List them
    #[command(after_help = "Example:\n  portero tenant list")]
    List(Target),
    /// Create one
    #[command(
        after_help = "Example:\n  portero tenant create tienda-sol --name \"Tienda Sol\" --timezone America/Bogota --country CO --language es"
    )]
    Create {
        /// Short name: a-z 0-9 -
        slug: String,
        /// Name as people see it
        #[arg(long)]
        name: String,
        /// IANA zone
        #[arg(long)]
        timezone: String,
        /// Two letters
        #[arg(long)]
        country: String,
        /// es, pt or en
        #[arg(long, default_value = "es")]
        language: String,
        /// simulator or sandbox
        #[arg(long, default_value = "simulator")]
        mode: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// One client's whole data in one file, while the host runs
    #[command(
        after_help = "Examples:\n  portero tenant export tienda-sol --out sol.tenant --data shop-data\n  portero tenant export tienda-sol --out sol.tenant --key-file sol.key     # made by `openssl rand -hex 32`\n\nThe file holds personal data. Tokens, sessions and people who log in do not travel (host/docs/operations.md)."
    )]
    Export(TenantExportArgs),
    /// Bring such a file into another host: all of it or nothing
    #[command(
        after_help = "Examples:\n  portero tenant import sol.tenant --key-file sol.key --dry-run --data other-data\n  portero tenant import sol.tenant --key-file sol.key --as sol --data other-data\n\nIts sending is stopped until `portero resume --tenant`. On SQLite the host must be stopped."
    )]
    Import(TenantImportArgs),
    /// Stop the sending of one client: what `portero stop --tenant` does
    #[command(
        after_help = "Example:\n  portero tenant suspend tienda-sol --reason \"invoice of October\"\n\nNo attempt begins afterwards; what is queued waits. People still may write, and withdrawals are obeyed. Let it go on:\n`portero resume --tenant tienda-sol`."
    )]
    Suspend {
        /// Slug or id
        slug: String,
        /// Kept with the stop and shown to everybody
        #[arg(long)]
        reason: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Every client with its figures, the one that needs somebody most first
    #[command(after_help = "Example:\n  portero tenant grid")]
    Grid(Target),
}

/// Flags of `template show`.
#[derive(Args, Debug)]
pub struct TemplateArgs {
    /// Its name
    pub name: String,
    /// Only in this language, by Meta's code
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Language of the sentences
    #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
    pub lang: String,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Flags of `template lint`.
#[derive(Args, Debug)]
pub struct LintArgs {
    /// Only this one; all of them without
    pub name: Option<String>,
    /// Language of the sentences
    #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
    pub lang: String,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Verbs of `consent`.
#[derive(Subcommand, Debug)]
pub enum ConsentCommand {
    /// What a person agreed to, with its proof, and what was sent to them in the last 30 days
    #[command(after_help = "Example:\n  portero consent show +573001112233 --tenant tienda-sol")]
    Show {
        /// Contact or address
        who: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Who agreed to what or withdrew it, newest first, each row with its proof and its seal
    #[command(
        after_help = "Examples:\n  portero consent ledger --kind revoked --since 2026-11-01 --tenant tienda-sol\n  portero consent ledger --topic ofertas --source import --limit 1000 --json\n\nThe whole proof of one person: `portero consent show`."
    )]
    Ledger(LedgerArgs),
    /// Check that nobody changed, dropped or put in between what was recorded: every consent and verdict against its seal
    #[command(
        after_help = "Examples:\n  portero consent verify --tenant tienda-sol\n  portero consent verify --json > verified.json\n\nThe head is the newest seal. Kept somewhere else, it shows later that nothing before it was made anew. It reads all\nrows. Exit code 3 when the chain does not hold; each fault is told."
    )]
    Verify(Target),
    /// Ask people for consent by a template, outside the window too: the second yes of a list
    #[command(
        after_help = "Example:\n  portero consent ask +573001112233 --wording ofertas --template permiso_ofertas --tenant tienda-sol\n\nThe template is an approved utility template with the wording's text and, as its only buttons, the wording's yes\nand no. Each person is asked once: the gate refuses a second question within 30 days, and after an opt-out."
    )]
    Ask {
        /// Contacts or addresses; `-` reads them from standard input, one a line
        #[arg(required = true)]
        who: Vec<String>,
        /// Name of the wording that the answer proves
        #[arg(long)]
        wording: String,
        /// Name of the template that says it
        #[arg(long)]
        template: String,
        /// Meta's code of the template's language [default: the person's]
        #[arg(long)]
        language: Option<String>,
        /// What is asked about [default: the wording's name]
        #[arg(long)]
        topic: Option<String>,
        /// From which number, when the tenant has several
        #[arg(long)]
        number: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Record that a person agreed, with its proof
    #[command(
        after_help = "Examples:\n  portero consent record +573001112233 --topic ofertas --wording ofertas@1 --max 2 --per week --evidence \"form 8812\" --tenant tienda-sol\n  portero consent record +573001112233 --topic ofertas --wording-text \"¿Quieres ofertas por WhatsApp, 2 por semana?\" --language es --max 2 --evidence \"call 12/3, 10:04\" --unconfirmed --tenant tienda-sol\n\nWhole lists: `portero contacts import` with an attestation. A consent that a bot or a person asks for in the chat\nneeds nothing of this: the host records it by itself."
    )]
    Record(RecordArgs),
    /// Record that a person withdrew; it takes effect at once
    #[command(
        after_help = "Examples:\n  portero consent withdraw +573001112233 --evidence \"call of 12 March\" --tenant tienda-sol\n  portero consent withdraw con_0193… --topic ofertas --evidence \"letter 44\" --tenant tienda-sol"
    )]
    Withdraw(WithdrawArgs),
}

/// Verbs of `app`.
#[derive(Subcommand, Debug)]
pub enum AppCommand {
    /// Accept webhooks of a Meta app at /webhooks/whatsapp/NAME (`default`: also without a name)
    #[command(
        after_help = "Example:\n  PORTERO_APP_SECRET=… PORTERO_VERIFY_TOKEN=… portero app put default"
    )]
    Put {
        /// Name in the webhook's path
        name: String,
        /// App secret
        #[arg(long, env = "PORTERO_APP_SECRET", hide_env_values = true)]
        app_secret: String,
        /// Verify token
        #[arg(long, env = "PORTERO_VERIFY_TOKEN", hide_env_values = true)]
        verify_token: String,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}

/// Verbs of `template`.
#[derive(Subcommand, Debug)]
pub enum TemplateCommand {
    /// List what the registry knows
    #[command(after_help = "Example:\n  portero template list --tenant tienda-sol")]
    List(Target),
    /// What Meta said of them over time: status, quality, category
    #[command(
        after_help = "Examples:\n  portero template history --tenant tienda-sol\n  portero template history \"promo_semana (es)\" --tenant tienda-sol"
    )]
    History {
        /// Only of this one, as `name (language)`
        name: Option<String>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Fetch all templates from Meta
    #[command(after_help = "Example:\n  portero template sync --tenant tienda-sol")]
    Sync(Target),
    /// One of them: its words, what stands against it, who depends on it, what Meta said
    #[command(
        after_help = "Examples:\n  portero template show promo_semana --tenant tienda-sol\n  portero template show promo_semana --language es_CO --lang es --tenant tienda-sol"
    )]
    Show(TemplateArgs),
    /// What reading them shows: what Meta refuses, which rules would refuse them, what reads like another category
    #[command(
        after_help = "Examples:\n  portero template lint --tenant tienda-sol\n  portero template lint promo_semana --lang es --tenant tienda-sol\n\nExit code 3 when Meta or a rule refuses one of them as it stands; hints alone are no fault."
    )]
    Lint(LintArgs),
}
