//! `portero simulator`: the pretend Meta alone, for any client of the Cloud API.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use portero_net::ClientOptions;
use portero_simulator::{Simulator, WorldClock, WorldConfig};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::cli::SimulatorArgs;
use crate::clock::SystemClock;
use crate::commands::serve::EndSignals;
use crate::commands::text;
use crate::demo::world;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// A world that does not read, or an address that is taken.
pub async fn run(args: SimulatorArgs) -> anyhow::Result<ExitCode> {
    let mut config: WorldConfig = match &args.world {
        Some(path) => {
            let written = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            if path.extension().is_some_and(|e| e == "json") {
                serde_json::from_str(&written)
                    .with_context(|| format!("`{}` is no world", path.display()))?
            } else {
                toml::from_str(&written)
                    .with_context(|| format!("`{}` is no world", path.display()))?
            }
        }
        None => world::config(args.seed, &world::Secrets::fixed()),
    };
    if args.callback.is_some() {
        config.callback_url.clone_from(&args.callback);
    }
    let secrets = json!({
        "app_secret": config.app_secret, "verify_token": config.verify_token,
        "access_token": config.access_tokens.first().map(|t| t.token.clone()),
    });
    let tenants = tenants(&config);
    let http = portero_net::client(ClientOptions::default())?;
    let clock = WorldClock::new(Arc::new(SystemClock));
    let simulator = Simulator::alone(config, clock, http).context("this world cannot be built")?;
    let listener = tokio::net::TcpListener::bind(&args.listen)
        .await
        .with_context(|| {
            format!(
                "cannot listen on `{}`; choose another with --listen",
                args.listen
            )
        })?;
    let url = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let (until, pump_until) = (stop.clone(), stop.clone());
    let router = simulator.router();
    #[expect(clippy::disallowed_methods, reason = "the server's own tasks")]
    let served = tokio::spawn(async move {
        let _ = axum::serve(listener, router)
            .with_graceful_shutdown(async move { until.cancelled().await })
            .await;
    });
    #[expect(clippy::disallowed_methods, reason = "the server's own tasks")]
    let pump = tokio::spawn(async move { simulator.run(pump_until.cancelled_owned()).await });
    let mut end = EndSignals::listen()?;
    if args.json {
        output::json(&json!({
            "simulator_url": url, "app_secret": text(&secrets, "app_secret"), "verify_token": text(&secrets, "verify_token"),
            "access_token": text(&secrets, "access_token"), "tenants": tenants,
        }));
    } else {
        output::line(&format!(
            "the simulator listens on {url} (any Graph version, or none)"
        ));
        output::line(&format!("control: {url}/_sim/world"));
        output::line(&format!("access token {}", text(&secrets, "access_token")));
    }
    end.told().await;
    stop.cancel();
    let _ = pump.await;
    served.abort();
    Ok(ExitCode::SUCCESS)
}

/// The accounts of the world as the demo prints its shops, as far as a simulator without a host knows.
fn tenants(config: &WorldConfig) -> Vec<Value> {
    let approved = |template: &&Value| {
        let status = template.get("status").and_then(Value::as_str);
        status.unwrap_or("APPROVED") == "APPROVED"
    };
    let person = |country: &str| {
        let mut reached = config.people.iter().filter_map(|p| p.wa_id.as_ref());
        let near = reached.clone().find(|id| id.starts_with(country));
        near.or_else(|| reached.next()).cloned()
    };
    config
        .wabas
        .iter()
        .filter_map(|waba| {
            let number = waba.numbers.first()?;
            let digits = number.display.trim_start_matches('+');
            let template = waba.templates.iter().find(approved);
            Some(json!({
                "name": waba.name, "waba_id": waba.id, "phone_number_id": number.phone_number_id,
                "sample_wa_id": person(digits.get(..2).unwrap_or_default()),
                "sample_template": template.map(|t| text(t, "name")),
            }))
        })
        .collect()
}
