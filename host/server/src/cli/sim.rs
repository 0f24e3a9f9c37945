//! Verbs that steer a running simulator.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Which simulator, and how to answer.
#[derive(Args, Clone, Debug)]
pub struct SimTarget {
    /// Address of the simulator
    #[arg(
        long,
        value_name = "URL",
        env = "PORTERO_SIM_URL",
        default_value = "http://127.0.0.1:8090"
    )]
    pub url: String,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Verbs of `sim`.
#[derive(Subcommand, Debug)]
pub enum SimCommand {
    /// Time: see it, stop it, let it run, move it forward
    #[command(subcommand)]
    Clock(SimClock),
    /// People: who there is, and what they do
    #[command(subcommand)]
    People(SimPeople),
    /// Trouble on demand: errors of the next sends
    #[command(subcommand)]
    Fault(SimFault),
    /// What Meta decides: quality, templates, limits
    #[command(subcommand)]
    Dial(SimDial),
    /// What was asked of the simulator, what it told, and that once more
    #[command(subcommand)]
    Log(SimLog),
    /// The whole world as a file, and back
    #[command(subcommand)]
    World(SimWorld),
}

/// Verbs of `sim clock`.
#[derive(Subcommand, Debug)]
pub enum SimClock {
    /// The time, and whether it stands still
    #[command(after_help = "Example:\n  portero sim clock show --json")]
    Show(SimTarget),
    /// Let time go on
    #[command(after_help = "Example:\n  portero sim clock run")]
    Run(SimTarget),
    /// Let time stand still; jumps still move it
    #[command(
        after_help = "Example:\n  portero sim clock pause      # then `portero sim clock jump 1s` step by step"
    )]
    Pause(SimTarget),
    /// Move time forward
    #[command(
        after_help = "Examples:\n  portero sim clock jump 25h     # every 24-hour window is closed now\n  portero sim clock jump 3d --json"
    )]
    Jump {
        /// How far: 500ms, 30s, 5m, 25h, 7d
        by: String,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
}

/// Verbs of `sim people`.
#[derive(Subcommand, Debug)]
pub enum SimPeople {
    /// Everybody
    #[command(after_help = "Example:\n  portero sim people list --json")]
    List(SimTarget),
    /// Make a person
    #[command(after_help = "Example:\n  portero sim people add 573005550099 --name Rosa")]
    Add {
        /// Phone number with country code
        wa_id: String,
        /// Profile name
        #[arg(long)]
        name: String,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// They write
    #[command(
        after_help = "Example:\n  portero sim people say 573005550001 \"¿A qué hora abren?\" --number 401000000000001"
    )]
    Say {
        /// Number, user id or username
        person: String,
        /// What they write
        text: String,
        /// To which number of the business
        #[arg(long, value_name = "PHONE_NUMBER_ID")]
        number: String,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// They tap a button or a row
    #[command(
        after_help = "Example:\n  portero sim people tap 573005550001 wamid.SIM0652… --button si --number 401000000000001"
    )]
    Tap {
        /// Number, user id or username
        person: String,
        /// wamid of the business's message
        message: String,
        /// Id or text of the button
        #[arg(long, value_name = "ID")]
        button: String,
        /// Of which number of the business
        #[arg(long, value_name = "PHONE_NUMBER_ID")]
        number: String,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// They stop offers, or resume them, in WhatsApp
    #[command(
        after_help = "Examples:\n  portero sim people offers 573005550001 stop --number 401000000000001     # marketing is 131050 now\n  portero sim people offers 573005550001 resume --number 401000000000001"
    )]
    Offers {
        /// Number, user id or username
        person: String,
        /// stop or resume
        #[arg(value_parser = ["stop", "resume"])]
        value: String,
        /// Of which number of the business
        #[arg(long, value_name = "PHONE_NUMBER_ID")]
        number: String,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// They block a number; the business is told nothing
    #[command(
        after_help = "Example:\n  portero sim people block 573005550001 --number 401000000000001"
    )]
    Block(SimAgainst),
    /// They report a number; its quality and its template's suffer
    #[command(
        after_help = "Example:\n  portero sim people report 573005550001 --number 401000000000001"
    )]
    Report(SimAgainst),
    /// They change their phone number
    #[command(after_help = "Example:\n  portero sim people move 573005550001 573005550088")]
    Move {
        /// Number, user id or username
        person: String,
        /// The new number
        wa_id: String,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
}

/// A person against a number.
#[derive(Args, Debug)]
pub struct SimAgainst {
    /// Number, user id or username
    pub person: String,
    /// Which number of the business
    #[arg(long, value_name = "PHONE_NUMBER_ID")]
    pub number: String,
    /// Which simulator
    #[command(flatten)]
    pub target: SimTarget,
}

/// Verbs of `sim fault`.
#[derive(Subcommand, Debug)]
pub enum SimFault {
    /// What goes wrong on demand
    #[command(after_help = "Example:\n  portero sim fault show --json")]
    Show(SimTarget),
    /// The next sends get one of Meta's codes
    #[command(
        after_help = "Examples:\n  portero sim fault next 131056 --times 3      # as the answer\n  portero sim fault next 131049 --later        # accepted, then a failed status"
    )]
    Next {
        /// Meta's code
        code: i64,
        /// For how many sends
        #[arg(long, default_value_t = 1)]
        times: u32,
        /// As a failed status afterwards
        #[arg(long)]
        later: bool,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// Nothing goes wrong any more
    #[command(after_help = "Example:\n  portero sim fault clear")]
    Clear(SimTarget),
}

/// Verbs of `sim dial`.
#[derive(Subcommand, Debug)]
pub enum SimDial {
    /// Quality or throughput of a number
    #[command(
        after_help = "Examples:\n  portero sim dial number 401000000000001 --quality RED\n  portero sim dial number 401000000000001 --mps 1000    # a minute of 131057, then it is there"
    )]
    Number {
        /// Phone number id
        number: String,
        /// GREEN, YELLOW or RED
        #[arg(long, required_unless_present = "mps")]
        quality: Option<String>,
        /// Messages a second
        #[arg(long)]
        mps: Option<u32>,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// Status, quality, category or pacing of a template
    #[command(
        after_help = "Examples:\n  portero sim dial template 301000000000001 promo_semana es --quality RED    # paused for three hours\n  portero sim dial template 301000000000001 promo_semana es --status REJECTED\n  portero sim dial template 301000000000001 promo_semana es --pacing bad"
    )]
    Template {
        /// Account
        waba: String,
        /// Name
        name: String,
        /// Language
        language: String,
        /// PAUSED, APPROVED, REJECTED, …
        #[arg(long)]
        status: Option<String>,
        /// GREEN, YELLOW or RED
        #[arg(long)]
        quality: Option<String>,
        /// MARKETING or UTILITY
        #[arg(long)]
        category: Option<String>,
        /// good or bad: what becomes of messages that are held
        #[arg(long, value_parser = ["good", "bad"])]
        pacing: Option<String>,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// Messaging limit of a portfolio
    #[command(
        after_help = "Example:\n  portero sim dial portfolio 501000000000001 --limit TIER_2K"
    )]
    Portfolio {
        /// Portfolio id
        id: String,
        /// TIER_250, TIER_2K, TIER_10K, TIER_100K or TIER_UNLIMITED
        #[arg(long)]
        limit: String,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
}

/// Verbs of `sim log`.
#[derive(Subcommand, Debug)]
pub enum SimLog {
    /// What was asked of the Graph surface; tokens are not kept
    #[command(after_help = "Example:\n  portero sim log requests --last 20")]
    Requests {
        /// The newest so many
        #[arg(long, default_value_t = 20)]
        last: usize,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// What was told by webhook, an attempt a line
    #[command(after_help = "Example:\n  portero sim log webhooks --last 20 --json")]
    Webhooks {
        /// The newest so many
        #[arg(long, default_value_t = 20)]
        last: usize,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// Send webhooks of the log again, byte for byte
    #[command(
        after_help = "Examples:\n  portero sim log replay              # the last one\n  portero sim log replay --nth 17     # one of `portero sim log webhooks`"
    )]
    Replay {
        /// The last so many
        #[arg(long, default_value_t = 1, conflicts_with = "nth")]
        last: usize,
        /// This one
        #[arg(long)]
        nth: Option<u64>,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
}

/// Verbs of `sim world`.
#[derive(Subcommand, Debug)]
pub enum SimWorld {
    /// Write the whole world into a file: secrets and people too
    #[command(after_help = "Example:\n  portero sim world save monday.json")]
    Save {
        /// File
        file: PathBuf,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// Put a saved world in place of the running one
    #[command(after_help = "Example:\n  portero sim world load monday.json")]
    Load {
        /// File
        file: PathBuf,
        /// Which simulator
        #[command(flatten)]
        target: SimTarget,
    },
    /// The world as it was configured
    #[command(after_help = "Example:\n  portero sim world reset")]
    Reset(SimTarget),
}
