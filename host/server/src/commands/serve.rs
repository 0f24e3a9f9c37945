//! `portero serve`: run a host until told to stop; then drain.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use portero_flow::desk;
use serde_json::{Value, json};

use crate::cli::{ServeArgs, exit};
use crate::clock::{Ids, SystemClock};
use crate::compose::{Host, HostParts, Left, probe};
use crate::config::Config;
use crate::lock::DataDir;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// What keeps a host from starting.
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load_with(args.config.as_deref(), &args.flags.given())?;
    let drain = config.drain_secs;
    let mut end = EndSignals::listen()?;
    let data = DataDir::lock(&config.data)?;
    let host = Host::build(HostParts {
        config,
        data,
        clock: Arc::new(SystemClock),
        jump: None,
        ids: Arc::new(Ids::system()),
        simulator: None,
        probe: probe(),
        wrap: None,
        lookup: None,
    })
    .await?;
    let running = host.run(true).await?;
    if args.json {
        output::json(&json!({
            "host_url": running.url,
            "data_dir": running.data_dir(),
            "operator_token": running.operator_token,
            "login_url": running.login_url,
            "tenants": tenants(&running).await?,
        }));
    } else {
        output::line(&format!("portero listens on {}", running.url));
        output::line(&format!(
            "pages (this link works once): {}",
            running.login_url
        ));
        output::line("Ctrl-C stops it: what is in hand ends first");
    }
    end.told().await;
    output::error(&format!(
        "stopping: what is in hand ends first, {drain} s at most; a second signal ends it at once"
    ));
    let left = tokio::select! {
        left = running.stop() => left,
        () = end.told() => {
            output::error(
                "stopped at once: what was in hand is settled or done again when its leases have run out",
            );
            return Ok(ExitCode::from(exit::FAILED));
        }
    };
    output::error(&told(left, drain));
    Ok(ExitCode::SUCCESS)
}

/// What is left, in a sentence.
fn told(left: Left, drain: u64) -> String {
    let hand = match left.in_hand {
        0 => "nothing was left in hand".to_owned(),
        n => format!(
            "{n} pieces of work had not ended after {drain} s: they are settled or done again when their \
             leases have run out"
        ),
    };
    format!(
        "stopped: {hand}; {} events and messages of {} lanes wait in the database",
        left.events, left.lanes
    )
}

/// The tenants as the demo prints them, as far as a real host knows: their tokens and secrets are never
/// read back, and no real person is anybody's sample.
async fn tenants(running: &crate::compose::RunningHost) -> anyhow::Result<Vec<Value>> {
    let ctx = &running.ctx;
    let mut all = Vec::new();
    for tenant in desk::tenants::list(ctx, None).await? {
        let mut shown = json!({ "id": tenant.id, "slug": tenant.slug, "name": tenant.name });
        let numbers = desk::numbers::list(ctx, tenant.id).await?;
        let templates = desk::templates::list(ctx, tenant.id).await?;
        let number = numbers.first();
        let template = templates
            .iter()
            .find(|t| t.status == "APPROVED" && number.is_some_and(|n| n.waba_id == t.waba_id));
        for (field, value) in [
            ("waba_id", number.map(|n| &n.waba_id)),
            ("phone_number_id", number.map(|n| &n.phone_number_id)),
            ("sample_template", template.map(|t| &t.name)),
        ] {
            if let (Some(value), Some(object)) = (value, shown.as_object_mut()) {
                object.insert(field.to_owned(), json!(value));
            }
        }
        all.push(shown);
    }
    Ok(all)
}

/// Ctrl-C and polite kills, heard from the moment this is made: before anybody is told the address.
pub struct EndSignals {
    term: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl EndSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// Signals that cannot be listened for.
    pub fn listen() -> anyhow::Result<EndSignals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(EndSignals {
            term: signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?,
        })
    }

    /// Waits for the first of them.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.term.recv() => {}
        }
    }
}
