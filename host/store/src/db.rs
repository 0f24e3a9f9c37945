//! One statement, two engines: named SQL texts, arguments by value, rows by derive.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{
    AttemptId, AuditId, CampaignId, ConsentEventId, ContactId, DecisionId, DeliveryId, EventId,
    ImportId, InstallationId, NoticeId, OutboxId, PhoneNumberId, ProofLinkId, RunId, TenantId,
    TimerId, TokenId, UserId, WabaId, Wamid, WebhookId,
};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, FromRow};

/// A named statement and its text for each engine; mostly the same text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Declares the statements of a file and lists them in `ALL`, which a test prepares on both engines.
macro_rules! statements {
    (@pg $sqlite:expr) => { $sqlite };
    (@pg $sqlite:expr, $postgres:expr) => { $postgres };
    ($($(#[$doc:meta])* $name:ident = $sqlite:expr $(, postgres = $postgres:expr)?;)*) => {
        $($(#[$doc])* const $name: $crate::db::Sql = $crate::db::Sql {
            name: stringify!($name),
            sqlite: $sqlite,
            postgres: statements!(@pg $sqlite $(, $postgres)?),
        };)*
        pub(crate) const ALL: &[$crate::db::Sql] = &[$($name),*];
    };
}

/// Arguments of a statement, in the order of their placeholders.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}

/// One bound value.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
    /// A column of many rows, for `unnest`. Postgres alone: SQLite has no arrays.
    Texts(Vec<Option<String>>),
}

/// Rows that both drivers can read.
pub(crate) trait DbRow:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T> DbRow for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// Postgres has no NUL in texts; both engines store the replacement character, so that they agree.
pub(crate) fn clean(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

pub(crate) fn sqlite_args(args: Vec<Arg>) -> Result<SqliteArguments, sqlx::error::BoxDynError> {
    let mut out = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Int(v) => Arguments::add(&mut out, v)?,
            Arg::Text(v) => Arguments::add(&mut out, v.map(clean))?,
            Arg::Blob(v) => Arguments::add(&mut out, v)?,
            Arg::Texts(_) => return Err("SQLite takes no arrays".into()),
        }
    }
    Ok(out)
}

pub(crate) fn pg_args(args: Vec<Arg>) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut out = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Int(v) => Arguments::add(&mut out, v)?,
            Arg::Text(v) => Arguments::add(&mut out, v.map(clean))?,
            Arg::Blob(v) => Arguments::add(&mut out, v)?,
            Arg::Texts(v) => {
                let all: Vec<Option<String>> = v.into_iter().map(|t| t.map(clean)).collect();
                Arguments::add(&mut out, all)?;
            }
        }
    }
    Ok(out)
}

/// A row limit: at least 1, at most 10,000.
pub(crate) fn limit(n: usize) -> Arg {
    Arg::Int(Some(i64::try_from(n.clamp(1, 10_000)).unwrap_or(10_000)))
}

/// Counts come back as `i64` and are never negative.
pub(crate) fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

/// Unsigned amounts are kept as `i64`; what does not fit is kept as the largest.
pub(crate) fn amount(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

macro_rules! from {
    ($($type:ty => |$v:ident| $arg:expr;)*) => {
        $(impl From<$type> for Arg { fn from($v: $type) -> Arg { $arg } })*
    };
}

from! {
    i64 => |v| Arg::Int(Some(v));
    u32 => |v| Arg::Int(Some(i64::from(v)));
    bool => |v| Arg::Int(Some(i64::from(v)));
    Ts => |v| Arg::Int(Some(v.0));
    Option<i64> => |v| Arg::Int(v);
    Option<Ts> => |v| Arg::Int(v.map(|t| t.0));
    String => |v| Arg::Text(Some(v));
    Option<String> => |v| Arg::Text(v);
    Vec<u8> => |v| Arg::Blob(Some(v));
}

impl From<&str> for Arg {
    fn from(v: &str) -> Arg {
        Arg::Text(Some(v.to_owned()))
    }
}
impl From<Option<&str>> for Arg {
    fn from(v: Option<&str>) -> Arg {
        Arg::Text(v.map(str::to_owned))
    }
}

macro_rules! from_ids {
    ($($id:ty),*) => {$(
        impl From<$id> for Arg { fn from(v: $id) -> Arg { Arg::Text(Some(v.to_string())) } }
        impl From<Option<$id>> for Arg {
            fn from(v: Option<$id>) -> Arg { Arg::Text(v.map(|id| id.to_string())) }
        }
    )*};
}
from_ids!(
    AttemptId,
    AuditId,
    CampaignId,
    ConsentEventId,
    ContactId,
    DecisionId,
    DeliveryId,
    EventId,
    ImportId,
    InstallationId,
    NoticeId,
    OutboxId,
    ProofLinkId,
    RunId,
    TenantId,
    TimerId,
    TokenId,
    UserId,
    WebhookId
);

macro_rules! from_texts {
    ($($text:ty),*) => {$(
        impl From<&$text> for Arg {
            fn from(v: &$text) -> Arg { Arg::Text(Some(v.as_str().to_owned())) }
        }
        impl From<Option<&$text>> for Arg {
            fn from(v: Option<&$text>) -> Arg { Arg::Text(v.map(|t| t.as_str().to_owned())) }
        }
    )*};
}
from_texts!(PhoneNumberId, WabaId, Wamid, AddressKey);
