//! `portero`: parse, run one command, turn an error into one clear message and an exit code.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = portero::cli::Cli::parse();
    match portero::run(cli) {
        Ok(code) => code,
        Err(error) => portero::report(&error),
    }
}
