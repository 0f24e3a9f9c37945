//! The binary's own library: wiring, HTTP, command line. Business lives in `portero-flow`.

#![forbid(unsafe_code)]

pub mod cli;
pub mod client;
pub mod clock;
pub mod commands;
pub mod compose;
pub mod config;
pub mod demo;
pub mod guest;
pub mod http;
pub mod lock;
pub mod output;
pub mod scenario;
pub mod sim_control;
pub mod telemetry;
pub mod whole_file;

use std::process::ExitCode;

use crate::cli::{Cli, Command, PluginCommand};

/// Runs one command.
///
/// # Errors
/// Whatever stopped it, with context for the person at the terminal.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    portero_net::install_tls();
    // These tell their own story; a log between its lines would spoil it.
    let tells = matches!(
        cli.command,
        Command::Demo(_) | Command::Plugin(PluginCommand::Test(_) | PluginCommand::Dev(_))
    );
    telemetry::start(cli.quiet || tells);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(dispatch(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    result
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => commands::serve::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Simulator(args) => commands::simulator::run(args).await,
        Command::Sim(command) => commands::sim::run(command).await,
        Command::Migrate(args) => commands::migrate::run(args).await,
        Command::Backup(args) => commands::backup::run(args).await,
        Command::Restore(args) => commands::restore::run(args).await,
        Command::Doctor(args) => commands::doctor::run(args).await,
        Command::Config(args) => commands::config::run(args),
        Command::Completions(args) => commands::shell::completions(&args),
        Command::Man(args) => commands::shell::man(args),
        Command::Why(args) => commands::ask::why(args).await,
        Command::Verdicts(args) => commands::verdicts::run(args).await,
        Command::Listen(args) => commands::listen::run(args).await,
        Command::Logs(command) => commands::logs::run(command).await,
        Command::Trigger(args) => commands::trigger::run(args).await,
        Command::Inbox(args) => commands::inbox::run(args).await,
        Command::Report(command) => commands::report::run(command).await,
        Command::Status(args) => commands::status::run(args).await,
        Command::Account(args) => commands::ask::account(args).await,
        Command::Stop(args) => commands::stop::run(args, true).await,
        Command::Resume(args) => commands::stop::run(args, false).await,
        Command::Policy(args) => commands::policy::run(args).await,
        Command::Retention(args) => commands::retention::run(args).await,
        Command::Tenant(args) => commands::tenant::run(args).await,
        Command::Number(args) => commands::number::run(args).await,
        Command::Consent(args) => commands::consent::run(args).await,
        Command::Registry(args) => commands::registry::run(args).await,
        Command::Sandbox(args) => commands::sandbox::run(args).await,
        Command::App(args) => commands::app::run(args).await,
        Command::Campaign(args) => commands::campaign::run(args).await,
        Command::Template(args) => commands::template::run(args).await,
        Command::Plugin(args) => commands::plugin::run(args).await,
        Command::Contacts(args) => commands::contacts::run(args).await,
        Command::Segment(args) => commands::segment::run(args).await,
        Command::Token(args) => commands::token::run(args).await,
        Command::Audit(args) => commands::audit::run(args).await,
        Command::User(args) => commands::user::run(args).await,
        Command::Webhook(args) => commands::webhook::run(args).await,
    }
}

/// Prints an error and its causes to standard error; exit code 1.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    output::error(&format!("error: {error}"));
    for cause in error.chain().skip(1) {
        output::error(&format!("  because: {cause}"));
    }
    ExitCode::from(cli::exit::FAILED)
}
