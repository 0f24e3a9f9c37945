//! Logs: to standard error, JSON when nobody watches, never personal data.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging; `PORTERO_LOG` takes the usual filter syntax.
pub fn start(quiet: bool) {
    let default = if quiet {
        "error"
    } else {
        "warn,portero=info,portero_flow=info"
    };
    let filter = EnvFilter::try_from_env("PORTERO_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start (tests in one process) keeps the first.
    if std::io::stderr().is_terminal() {
        let _ = builder.compact().try_init();
    } else {
        let _ = builder.json().try_init();
    }
}
