//! A call as it was: what the guest was told, what it asked of the host and heard, what came of it.
//!
//! A [`Tape`] stands between guest and host and notes every question with its answer; clock and
//! randomness of a call are the event's, so nothing else reaches the guest. A [`Recording`] is run
//! again by [`crate::Sandbox::replay`] with no host behind it.

mod play;
mod tape;

use portero_domain::plugin::{Action, ReplyEvent, SendAction};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::call::CallReport;
use crate::fault::Outcome;
use crate::overlay::KvWrite;
use crate::services::{HostError, HttpResponse, Preview};

pub use play::{Order, Replayed};
pub use tape::{MAX_TAPE_BYTES, Tape};

/// Version of the form in which calls are recorded.
pub const FORM: u32 = 1;

/// A recorded call of a replies plugin.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// [`FORM`] of the build that recorded.
    pub form: u32,
    /// [`crate::Sandbox::build`] of the build that recorded: fuel is comparable within one.
    pub build: String,
    /// What the guest was told.
    pub event: ReplyEvent,
    /// What its randomness came from, hex.
    pub seed: String,
    /// Permissions it had.
    pub granted: Vec<String>,
    /// Its configuration, JSON text.
    pub config: String,
    /// What it asked of the host, in order.
    pub asked: Vec<Exchange>,
    /// `false`: it asked for more than is kept, and cannot be run again.
    pub whole: bool,
    /// What came of it.
    pub result: CallResult,
}

/// A question of the guest and its answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The question.
    pub ask: Ask,
    /// The answer; `None` when the host was given up on.
    pub told: Option<Result<Told, HostError>>,
}

/// A question of the guest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Ask {
    /// `kv.get` of something that this call has not written itself.
    KvGet {
        /// Key.
        key: String,
    },
    /// A page of `kv.keys`, before this call's own writes are laid over it.
    KvKeys {
        /// Beginning of the keys.
        prefix: String,
        /// After which key.
        after: Option<String>,
        /// How many.
        limit: u32,
    },
    /// `gate.preview`.
    Preview {
        /// The message.
        message: Box<SendAction>,
    },
    /// `contacts.field`.
    Field {
        /// Whose.
        handle: String,
        /// Which.
        field: String,
    },
    /// `http.fetch`; how long it would wait depends on the clock and is not kept.
    Fetch {
        /// Method.
        method: String,
        /// Address.
        url: String,
        /// Headers, secrets still as `{{secret:NAME}}`.
        headers: Vec<(String, String)>,
        /// Body.
        body: Option<Blob>,
    },
}

/// An answer of the host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// To [`Ask::KvGet`].
    Value(Option<Blob>),
    /// To [`Ask::KvKeys`].
    Keys(Vec<String>),
    /// To [`Ask::Preview`].
    Verdict(Preview),
    /// To [`Ask::Field`].
    Field(Option<String>),
    /// To [`Ask::Fetch`].
    Response {
        /// HTTP status.
        status: u16,
        /// Headers.
        headers: Vec<(String, String)>,
        /// Body.
        body: Blob,
    },
}

impl From<HttpResponse> for Told {
    fn from(response: HttpResponse) -> Told {
        Told::Response {
            status: response.status,
            headers: response.headers,
            body: Blob(response.body),
        }
    }
}

/// Bytes: a text where they are one, else hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Spelled", try_from = "Spelled")]
pub struct Blob(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelled {
    Text(String),
    Bytes { hex: String },
}

impl From<Blob> for Spelled {
    fn from(blob: Blob) -> Spelled {
        match String::from_utf8(blob.0) {
            Ok(text) => Spelled::Text(text),
            Err(other) => Spelled::Bytes {
                hex: hex::encode(other.into_bytes()),
            },
        }
    }
}

impl TryFrom<Spelled> for Blob {
    type Error = hex::FromHexError;

    fn try_from(spelled: Spelled) -> Result<Blob, Self::Error> {
        match spelled {
            Spelled::Text(text) => Ok(Blob(text.into_bytes())),
            Spelled::Bytes { hex } => hex::decode(hex).map(Blob),
        }
    }
}

/// What came of a call, as the sandbox saw it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallResult {
    /// [`Outcome::as_str`].
    pub outcome: String,
    /// [`Outcome::detail`]; for a plugin's own failure `code: message`.
    pub detail: String,
    /// What it answered; `None` when it did not.
    pub actions: Option<Vec<Action>>,
    /// What it wanted to remember.
    pub kept: Vec<Kept>,
    /// Fuel used.
    pub fuel: u64,
    /// Most linear memory at once, bytes.
    pub peak_memory_bytes: u64,
    /// Questions to the host, also those that were refused at the door.
    pub host_calls: u32,
}

/// A kv write by what tells it from others.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Key.
    pub key: String,
    /// SHA-256 of the value, hex; `None` when it was deleted.
    pub sha256: Option<String>,
    /// Its life in milliseconds.
    pub ttl_ms: Option<i64>,
}

impl Kept {
    fn of(write: &KvWrite) -> Kept {
        Kept {
            key: write.key.clone(),
            sha256: write.value.as_ref().map(|v| hex::encode(Sha256::digest(v))),
            ttl_ms: write.ttl_ms,
        }
    }
}

impl CallResult {
    /// Of a report; its actions are taken out of it, or cloned.
    #[must_use]
    pub fn of(report: &CallReport<Vec<Action>>) -> CallResult {
        CallResult {
            outcome: report.outcome.as_str().to_owned(),
            detail: told(&report.outcome),
            actions: report.value.clone(),
            kept: report.kv_writes.iter().map(Kept::of).collect(),
            fuel: report.fuel_used,
            peak_memory_bytes: report.peak_memory_bytes,
            host_calls: report.host_calls,
        }
    }

    /// Where a call that was run again went another way, in the order in which it is noticed: `outcome`,
    /// `answer`, `memory of its own`, `fuel`, `host calls`, `memory`. `comparable`: both ran on one build.
    ///
    /// A call that was cut off by the clock is told by its outcome alone: the rest depends on the machine.
    #[must_use]
    pub fn differs(&self, again: &CallResult, comparable: bool) -> Option<&'static str> {
        if (&self.outcome, &self.detail) != (&again.outcome, &again.detail) {
            return Some("outcome");
        }
        if self.outcome == Outcome::WallTimeout.as_str() {
            return None;
        }
        let parts = [
            (self.actions != again.actions, "answer"),
            (self.kept != again.kept, "memory of its own"),
            (comparable && self.fuel != again.fuel, "fuel"),
            (self.host_calls != again.host_calls, "host calls"),
            (
                comparable && self.peak_memory_bytes != again.peak_memory_bytes,
                "memory",
            ),
        ];
        parts
            .into_iter()
            .find_map(|(differs, part)| differs.then_some(part))
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::PluginError { code, message } => format!("{code}: {message}"),
        other => other.detail().unwrap_or_default().to_owned(),
    }
}

/// Redacted: a recording is what people wrote.
macro_rules! redacted {
    ($($name:ident),*) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        })*
    };
}
redacted!(Recording, Exchange, Ask, Told, Blob, CallResult, Kept);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        for bytes in [b"".to_vec(), "año".into(), vec![0xff, 0, 7]] {
            let text = serde_json::to_string(&Blob(bytes.clone())).unwrap();
            let back: Blob = serde_json::from_str(&text).unwrap();
            assert_eq!(back.0, bytes, "{text}");
        }
    }

    #[test]
    fn what_the_clock_cut_off_is_compared_by_its_outcome() {
        let one = CallResult {
            outcome: "wall-timeout".into(),
            detail: String::new(),
            actions: None,
            kept: Vec::new(),
            fuel: 1,
            peak_memory_bytes: 1,
            host_calls: 1,
        };
        let slower = CallResult {
            fuel: 9,
            ..one.clone()
        };
        assert_eq!(one.differs(&slower, true), None);
        let trapped = |fuel| CallResult {
            outcome: "trap".into(),
            fuel,
            ..one.clone()
        };
        assert_eq!(one.differs(&trapped(1), true), Some("outcome"));
        assert_eq!(trapped(1).differs(&trapped(2), true), Some("fuel"));
        assert_eq!(
            trapped(1).differs(&trapped(2), false),
            None,
            "another build"
        );
    }
}
