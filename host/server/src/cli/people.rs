//! Verbs about people: files of them, and segments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use portero_flow::desk::ledger::{KINDS, SOURCES};

use crate::client::Target;

/// Verbs of `contacts`.
#[derive(Subcommand, Debug)]
pub enum ContactsCommand {
    /// Everybody the tenant knows, newest first
    #[command(
        after_help = "Examples:\n  portero contacts list --tenant tienda-sol\n  portero contacts list --limit 1000 --json --tenant tienda-sol\n\nFor a file of everybody: `portero contacts export --csv`."
    )]
    List {
        /// How many
        #[command(flatten)]
        part: PartFlags,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Find somebody by id, by any spelling of a number or BSUID, or by a part of their name
    #[command(
        after_help = "Examples:\n  portero contacts search \"+57 300 111 2233\" --tenant tienda-sol\n  portero contacts search conceicao --tenant tienda-sol --json\n\nAccents and capitals do not count in a name. The look is in the log of who did what."
    )]
    Search {
        /// con_…, an address, or a part of a name
        words: String,
        /// How many
        #[command(flatten)]
        part: PartFlags,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// What happened with one person: messages both ways with their verdicts, consent, who had the conversation
    #[command(
        after_help = "Examples:\n  portero contacts timeline +573001112233 --tenant tienda-sol\n  portero contacts timeline con_0193… --lang es --limit 200\n\nNewest first. One message in full: `portero why out_…`."
    )]
    Timeline(TimelineArgs),
    /// Read people in from a CSV file
    #[command(
        after_help = "Examples:\n  portero contacts import clientes.csv --tenant tienda-sol --dry-run\n  portero contacts import clientes.csv --tenant tienda-sol --map \"Teléfono fijo=ignore\" --calling-code 57\n  portero contacts import clientes.csv --tenant tienda-sol --attestation opt-in.json\n\nEncoding, separator and columns are guessed and shown; lines that are not good are kept with their\nreason while the others go in. Consent in a file needs an attestation (who, how, when, which words, for\nwhich countries) and is to be confirmed by each person; a bought list is refused."
    )]
    Import(ImportArgs),
    /// Lines of a file that were not good, and why
    #[command(after_help = "Example:\n  portero contacts faults imp_0193… --limit 200")]
    Faults {
        /// imp_…
        import: String,
        /// Lines
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Write everything the host holds of one person as JSON, to hand it to them
    #[command(
        after_help = "Examples:\n  portero contacts export-person +573001112233 --tenant tienda-sol --out ana.json\n  portero contacts export-person con_0193… > person.json\n\nSentences are in the person's language. The look is in the log of who did what. Terms for an answer by\ncountry: host/docs/data-rights.md."
    )]
    ExportPerson {
        /// con_…, a number with country code, or a BSUID
        who: String,
        /// File to write (default: standard output)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Erase one person: shows what goes and what the law keeps, asks, then does it
    #[command(
        after_help = "Examples:\n  portero contacts erase +573001112233 --tenant tienda-sol --preview\n  portero contacts erase +573001112233 --tenant tienda-sol --reason request\n  portero contacts erase con_0193… --reason authority --yes --json\n\nIt cannot be undone. Afterwards nobody can write to them or import them; only they can write again."
    )]
    Erase {
        /// con_…, a number with country code, or a BSUID
        who: String,
        /// Why
        #[arg(long, value_enum, default_value = "request")]
        reason: ErasureWord,
        /// Only show what would go
        #[arg(long)]
        preview: bool,
        /// Do not ask
        #[arg(long, conflicts_with = "preview")]
        yes: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Write all people as CSV; `contacts import` reads it in again
    #[command(
        after_help = "Example:\n  portero contacts export --csv --tenant tienda-sol > people.csv"
    )]
    Export {
        /// As CSV, the only form there is
        #[arg(long)]
        csv: bool,
        /// File to write (default: standard output)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}

/// How much of a list.
#[derive(Args, Debug)]
pub struct PartFlags {
    /// Rows
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// `next_cursor` of the page before
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

/// Flags of `contacts timeline`.
#[derive(Args, Debug)]
pub struct TimelineArgs {
    /// con_…, a number with country code, or a BSUID
    pub who: String,
    /// Language of the sentences
    #[arg(long, default_value = "en", value_parser = ["es", "pt", "en"])]
    pub lang: String,
    /// How many
    #[command(flatten)]
    pub part: PartFlags,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Flags of `consent ledger`.
#[derive(Args, Debug)]
pub struct LedgerArgs {
    /// Only of this kind
    #[arg(long, value_parser = KINDS)]
    pub kind: Option<String>,
    /// Only of this topic; `*` is promotion in general, `all` everything
    #[arg(long)]
    pub topic: Option<String>,
    /// Only from this source
    #[arg(long, value_parser = SOURCES)]
    pub source: Option<String>,
    /// Not before: 2026-11-24T09:00:00Z, or a day of the tenant's
    #[arg(long)]
    pub since: Option<String>,
    /// Before: 2026-11-25T09:00:00Z, or a day of the tenant's
    #[arg(long)]
    pub until: Option<String>,
    /// How many
    #[command(flatten)]
    pub part: PartFlags,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Why somebody is erased.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum ErasureWord {
    /// The person asked for it
    Request,
    /// An authority or a court ordered it
    Authority,
    /// The purpose is gone
    NotNeeded,
    /// It should never have been collected
    Unlawful,
}

impl ErasureWord {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ErasureWord::Request => "request",
            ErasureWord::Authority => "authority",
            ErasureWord::NotNeeded => "not_needed",
            ErasureWord::Unlawful => "unlawful",
        }
    }
}

/// Flags of `contacts import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file, with a header
    pub file: PathBuf,
    /// Check everything, write nobody
    #[arg(long)]
    pub dry_run: bool,
    /// utf-8 or windows-1252; guessed when absent
    #[arg(long)]
    pub encoding: Option<String>,
    /// , ; tab or |; guessed when absent
    #[arg(long)]
    pub separator: Option<String>,
    /// What a column is: COLUMN=address, name, language, country, tags, consent, consent_at,
    /// consent_wording, attribute:KEY or ignore
    #[arg(long, value_name = "COLUMN=MEANING")]
    pub map: Vec<String>,
    /// Put before numbers without a country code, such as 57
    #[arg(long, value_name = "CODE")]
    pub calling_code: Option<String>,
    /// Who answers for the consent in the file: JSON, see host/docs/contacts.md; the file's SHA-256
    /// is put in
    #[arg(long, value_name = "FILE")]
    pub attestation: Option<PathBuf>,
    /// Go on with a file that broke off
    #[arg(long, value_name = "IMPORT")]
    pub resume: Option<String>,
    /// Which host
    #[command(flatten)]
    pub target: Target,
}

/// Verbs of `segment`.
#[derive(Subcommand, Debug)]
pub enum SegmentCommand {
    /// List what segmentation plugins offer, with counts and faults
    #[command(after_help = "Example:\n  portero segment list --tenant tienda-sol")]
    List(Target),
    /// Who is in a segment, and why
    #[command(
        after_help = "Examples:\n  portero segment members cart_abandoned --tenant tienda-sol\n  portero segment members com.portero.rfm-segments:active --limit 200 --json"
    )]
    Members {
        /// Segment, or plugin:segment where two plugins offer one of that name
        segment: String,
        /// People
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
    /// Have the plugins look at everybody again
    #[command(
        after_help = "Example:\n  portero segment rebuild --tenant tienda-sol\n\nIt goes on in the host when this command is ended; people are looked at again daily anyway,\nand at once when their data change."
    )]
    Rebuild {
        /// Only this plugin
        #[arg(long)]
        plugin: Option<String>,
        /// Do not wait for its end
        #[arg(long)]
        no_wait: bool,
        /// Which host
        #[command(flatten)]
        target: Target,
    },
}
