//! `portero config`: write and check settings.

use std::process::ExitCode;

use crate::cli::{ConfigArgs, ConfigCommand};
use crate::config::Config;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// Settings that do not read.
pub fn run(args: ConfigArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        ConfigCommand::Template => output::line(&Config::template()),
        ConfigCommand::Check { config } => {
            let config = Config::load(config.as_deref())?;
            output::line(&format!(
                "settings are good: data in `{}`, listening on {}",
                config.data.display(),
                config.listen
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
