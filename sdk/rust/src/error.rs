//! Why a host call did not do what it was asked.

/// A refusal is a value; it never ends the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// Not granted: the permission that is missing.
    Denied(String),
    /// A bound was reached: which one.
    Limit(String),
    /// The host gave up waiting; nothing is known of the far side.
    Timeout,
    /// The argument makes no sense: what is wrong with it.
    Invalid(String),
    /// It cannot be done now and may work later.
    Unavailable,
}

impl HostError {
    /// A stable word, fit for [`Failure::code`](crate::Failure).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            HostError::Denied(_) => "host.denied",
            HostError::Limit(_) => "host.limit",
            HostError::Timeout => "host.timeout",
            HostError::Invalid(_) => "host.invalid",
            HostError::Unavailable => "host.unavailable",
        }
    }
}

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HostError::Denied(what) => write!(
                f,
                "not granted: `{what}`; name it in the manifest and have the operator grant it"
            ),
            HostError::Limit(what) => write!(f, "limit reached: `{what}`"),
            HostError::Timeout => f.write_str("the host gave up waiting"),
            HostError::Invalid(what) => write!(f, "invalid argument: {what}"),
            HostError::Unavailable => f.write_str("not available now"),
        }
    }
}

impl std::error::Error for HostError {}
