//! How a call ended: one class per call, stored with it and used as a metric label.

use std::fmt;

use wasmtime::{Trap, WasmBacktrace};

/// Frames of a guest's backtrace that are kept for its author.
pub const MAX_FRAMES: usize = 8;

/// How a call ended.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The guest answered and the answer passed the output checks.
    Ok,
    /// The guest answered "I could not"; not a fault.
    PluginError {
        /// The plugin's own stable word.
        code: String,
        /// For its author; may quote what a person wrote, so it is not shown in `Debug`.
        message: String,
    },
    /// The guest trapped.
    Trap {
        /// Which trap (`unreachable`, `memory-out-of-bounds`, `stack-overflow`, …).
        code: String,
    },
    /// The guest asked for more linear memory than it may have.
    OutOfMemory,
    /// The guest computed longer than it may.
    OutOfFuel,
    /// The call took longer than it may, waiting included.
    WallTimeout,
    /// A limit on what the guest asked of the host.
    HostLimit {
        /// Which limit (`host-calls`, `kv-calls`, `transfer-bytes`, `table-elements`, …).
        which: String,
    },
    /// What the guest wrote into `kv` would take its installation past its quota.
    OverQuota {
        /// How much it would keep, and how much it may.
        what: String,
    },
    /// The guest returned something that is no valid answer.
    InvalidOutput {
        /// What was wrong with it.
        what: String,
    },
    /// The host's own fault; never held against the plugin.
    HostBug,
}

impl Outcome {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::PluginError { .. } => "plugin-error",
            Outcome::Trap { .. } => "trap",
            Outcome::OutOfMemory => "out-of-memory",
            Outcome::OutOfFuel => "out-of-fuel",
            Outcome::WallTimeout => "wall-timeout",
            Outcome::HostLimit { .. } => "host-limit",
            Outcome::OverQuota { .. } => "over-quota",
            Outcome::InvalidOutput { .. } => "invalid-output",
            Outcome::HostBug => "host-bug",
        }
    }

    /// What the author needs besides the class: a trap code, a limit's name, what was invalid.
    /// `None` where the class says all, and for a plugin's own failure (see [`Outcome::PluginError`]).
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Outcome::Trap { code } => Some(code),
            Outcome::HostLimit { which } => Some(which),
            Outcome::InvalidOutput { what } | Outcome::OverQuota { what } => Some(what),
            _ => None,
        }
    }

    /// Whether the answer may be used.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self, Outcome::Ok)
    }

    /// Whether it counts against the plugin in [`crate::Breaker`].
    #[must_use]
    pub const fn is_hard_failure(&self) -> bool {
        !matches!(
            self,
            Outcome::Ok | Outcome::PluginError { .. } | Outcome::HostBug
        )
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Outcome::PluginError { code, .. } => write!(f, "({code})"),
            other => match other.detail() {
                Some(detail) => write!(f, "({detail})"),
                None => Ok(()),
            },
        }
    }
}

/// Why the host ended a call; carried through wasmtime as its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the memory limit of the call is reached")]
    OutOfMemory,
    #[error("the limit `{0}` of the call is reached")]
    HostLimit(&'static str),
}

/// The class of an error that ended a call.
pub(crate) fn classify(error: &wasmtime::Error) -> Outcome {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::OutOfMemory => Outcome::OutOfMemory,
            Stop::HostLimit(which) => host_limit(which),
        };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => Outcome::OutOfFuel,
            other => Outcome::Trap {
                code: trap_code(*other).to_owned(),
            },
        };
    }
    if error.downcast_ref::<wasmtime_wasi::I32Exit>().is_some() {
        return Outcome::Trap {
            code: "exit".to_owned(),
        };
    }
    if error.downcast_ref::<std::str::Utf8Error>().is_some() {
        return Outcome::InvalidOutput {
            what: "a text is not UTF-8".to_owned(),
        };
    }
    if error
        .downcast_ref::<wasmtime::component::ResourceTableError>()
        .is_some()
    {
        return host_limit("handles");
    }
    if error
        .downcast_ref::<wasmtime::PoolConcurrencyLimitError>()
        .is_some()
    {
        return Outcome::HostBug;
    }
    // wasmtime's own types for these are private; the texts are covered by the hostile tests.
    let text = format!("{error:#}");
    if text.contains("fuel allocated for hostcalls") {
        host_limit("transfer-bytes")
    } else if text.contains("resource limit exceeded") {
        host_limit("instances")
    } else if text.contains("out of bounds of memory") {
        Outcome::InvalidOutput {
            what: "a text or list lies outside the guest's memory".to_owned(),
        }
    } else {
        Outcome::Trap {
            code: "canonical-abi".to_owned(),
        }
    }
}

/// The guest's frames, innermost first, demangled, at most [`MAX_FRAMES`].
pub(crate) fn frames(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    trace
        .frames()
        .iter()
        .take(MAX_FRAMES)
        .map(|frame| {
            let name = frame.symbols().iter().find_map(|symbol| symbol.name());
            let name = name.or_else(|| frame.func_name()).unwrap_or("<unnamed>");
            name.chars().take(200).collect()
        })
        .collect()
}

fn host_limit(which: &str) -> Outcome {
    Outcome::HostLimit {
        which: which.to_owned(),
    }
}

fn trap_code(trap: Trap) -> &'static str {
    match trap {
        Trap::StackOverflow => "stack-overflow",
        Trap::MemoryOutOfBounds => "memory-out-of-bounds",
        Trap::TableOutOfBounds => "table-out-of-bounds",
        Trap::IndirectCallToNull => "indirect-call-to-null",
        Trap::BadSignature => "bad-signature",
        Trap::IntegerOverflow => "integer-overflow",
        Trap::IntegerDivisionByZero => "integer-division-by-zero",
        Trap::BadConversionToInteger => "bad-conversion-to-integer",
        Trap::UnreachableCodeReached => "unreachable",
        Trap::CannotEnterComponent => "cannot-enter-component",
        Trap::CannotLeaveComponent => "cannot-leave-component",
        Trap::StringOutOfBounds => "string-out-of-bounds",
        Trap::ListOutOfBounds => "list-out-of-bounds",
        Trap::InvalidDiscriminant => "invalid-discriminant",
        Trap::InvalidChar => "invalid-char",
        Trap::UnalignedPointer => "unaligned-pointer",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugins_message_stays_out_of_debug_output() {
        let outcome = Outcome::PluginError {
            code: "no_stock".into(),
            message: "Ana wrote from +5491100000000".into(),
        };
        assert_eq!(format!("{outcome:?}"), "plugin-error(no_stock)");
        assert!(!outcome.is_hard_failure());
    }

    #[test]
    fn traps_and_stops_have_their_classes() {
        assert_eq!(
            classify(&wasmtime::Error::from(Trap::OutOfFuel)),
            Outcome::OutOfFuel
        );
        assert_eq!(
            classify(&wasmtime::Error::from(Stop::OutOfMemory)),
            Outcome::OutOfMemory
        );
        let trap = classify(&wasmtime::Error::from(Trap::UnreachableCodeReached));
        assert_eq!(trap.detail(), Some("unreachable"));
        assert!(trap.is_hard_failure());
    }

    #[test]
    fn an_error_we_do_not_know_counts_against_the_plugin() {
        let outcome = classify(&wasmtime::format_err!("something else"));
        assert_eq!(outcome.detail(), Some("canonical-abi"));
        assert!(outcome.is_hard_failure());
    }
}
