//! `portero demo`: a world, a scripted day driven only through public HTTP, a phone page.

mod chance;
mod cycle;
mod day;
mod script;
pub mod setup;
mod show;
pub mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use portero_domain::clock::{Clock, JumpClock, Millis, Ts};
use portero_domain::ids::IdSource as _;
use portero_flow::{Probe, desk};
use portero_meta::transport::Transport;
use portero_net::ClientOptions;
use portero_net::guard::Lookup;
use portero_simulator::{Simulator, Timings, WorldConfig};
use tokio_util::sync::CancellationToken;

use crate::cli::DemoArgs;
use crate::clock::{HeldClock, Ids};
use crate::commands::serve::EndSignals;
use crate::compose::{Host, HostParts, RunningHost, probe as process_probe};
use crate::config::Config;
use crate::config::mask::Secret;
use crate::lock::DataDir;

/// The morning the demo's day begins: Monday 23 November 2026, 09:00 in Bogotá.
pub const MORNING: Ts = Ts(1_795_442_400_000);

/// Seals the pretend secrets of a demo in somebody's database, the same at every start: they are as
/// invented as its people.
const DATABASE_KEY: &str = "706f727465726f2064656d6f3a20616c6c2069732070726574656e6465642121";

/// How to set the stage.
pub struct StageOptions {
    /// Turns names and chance.
    pub seed: u64,
    /// Where to listen.
    pub listen: String,
    /// Keep the data here; a temporary folder otherwise.
    pub data: Option<PathBuf>,
    /// Postgres instead of SQLite.
    pub database_url: Option<String>,
    /// The clock of host and simulator.
    pub clock: JumpClock,
    /// How long things take at the pretend Meta.
    pub timings: Timings,
    /// Put around the real door out (fault injection, measuring).
    pub wrap: Option<Wrap>,
    /// Changes the simulator's world before it starts.
    pub world: Option<Change>,
    /// Where the simulator works; beside the host when absent. Whoever measures tells the two apart by it.
    pub simulator_on: Option<tokio::runtime::Handle>,
    /// Pretend systems of the shops, for plugins' requests; what the settings and the machine's resolver say
    /// when absent.
    pub systems: Option<Systems>,
    /// Told what the host passes; the process's own when absent.
    pub probe: Option<Arc<dyn Probe>>,
}

/// Pretend systems of the shops.
pub struct Systems {
    /// As the setting `plugin_private_hosts`.
    pub private_hosts: Vec<String>,
    /// Addresses of their names.
    pub lookup: Arc<dyn Lookup>,
}

/// Changes the simulator's world.
pub type Change = Box<dyn FnOnce(&mut WorldConfig) + Send>;

/// Makes one door out of another.
pub type Wrap = Box<dyn FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport> + Send>;

/// Host and simulator in one process, on one clock, over real HTTP.
pub struct Stage {
    /// The host.
    pub host: RunningHost,
    /// The simulator's address.
    pub simulator_url: String,
    /// What both share.
    pub secrets: world::Secrets,
    /// Their clock.
    pub clock: JumpClock,
    stop: CancellationToken,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    // Removed with everything in it when the demo ends.
    _temporary: Option<Temporary>,
}

/// A folder that goes away with the demo.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the verb.
///
/// # Errors
/// What keeps the demo from starting, or a day that did not go as told.
pub async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let show = show::Show::new(args.json);
    show.say("building two shops, their people and a pretend Meta …");
    // Time stands still but for the script's own jumps, so that a seed tells the same day everywhere.
    let held = Arc::new(HeldClock::at(MORNING));
    let clock = JumpClock::new(Arc::clone(&held) as Arc<dyn Clock>, Millis(0));
    let running = stage(StageOptions {
        seed: args.seed,
        listen: args.listen.clone(),
        data: args.data.clone(),
        database_url: args.database_url.clone(),
        clock,
        timings: world::at_once(),
        wrap: None,
        world: None,
        simulator_on: None,
        systems: None,
        probe: None,
    })
    .await?;
    let world = setup::shops(&running, args.seed)
        .await
        .context("the demo's world could not be built")?;
    let mut end = EndSignals::listen()?;
    show.start(&running, &world);
    let mut code = ExitCode::SUCCESS;
    if !args.idle {
        let balanced = tokio::select! {
            day = script::run(&running, &world, args.seed, &show) => day?,
            () = end.told() => { running.stop().await; return Ok(ExitCode::SUCCESS); }
        };
        if !balanced {
            code = ExitCode::from(1);
        }
    }
    held.release();
    if !args.once {
        show.invite(&running);
        end.told().await;
        show.say("stopping: what is in hand ends first");
    }
    running.stop().await;
    Ok(code)
}

/// Builds simulator and host and lets them work; the world is [`setup::shops`]' business.
///
/// # Errors
/// What keeps one of them from starting.
pub async fn stage(options: StageOptions) -> anyhow::Result<Stage> {
    let StageOptions {
        seed,
        listen,
        data,
        database_url,
        clock,
        timings,
        wrap,
        world,
        simulator_on,
        systems,
        probe,
    } = options;
    let ids = Ids::system();
    let (folder, temporary) = match data {
        Some(folder) => (folder, None),
        None => {
            let mut name = [0_u8; 8];
            ids.random(&mut name);
            let folder = std::env::temp_dir().join(format!("portero-demo-{}", hex::encode(name)));
            (folder.clone(), Some(Temporary(folder)))
        }
    };
    let data = DataDir::lock(&folder)?;
    let secrets = world::Secrets::random(&ids);
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .context("no free port on loopback")?;
    let simulator_url = format!("http://{}", listener.local_addr()?);
    let mut config = Config::load(None)?;
    config.data.clone_from(&folder);
    config.listen = listen;
    config.database_url = database_url;
    config.graph_url.clone_from(&simulator_url);
    // Whoever tries things has the receiver on the same machine.
    config.webhook_private_hosts.push("127.0.0.1".to_owned());
    let lookup = systems.map(|systems| {
        config.plugin_private_hosts = systems.private_hosts;
        systems.lookup
    });
    // A clock that stands still gives no request back.
    config.api_per_second = 0;
    config.api_tenant_per_second = 0;
    config.api_strangers_per_minute = 0;
    if config.master_key.is_none() && config.master_key_file.is_none() {
        config.master_key = Some(Secret::new(match &config.database_url {
            // The database outlives the folder.
            Some(_) => DATABASE_KEY.to_owned(),
            None => hex::encode(data.key("master.key", &ids)?.0),
        }));
    }
    if let Some(url) = &config.database_url {
        migrate(url).await?;
    }
    let host = Host::build(HostParts {
        config,
        data,
        clock: Arc::new(clock.clone()),
        jump: Some(clock.clone()),
        ids: Arc::new(ids),
        simulator: Some(simulator_url.clone()),
        probe: probe.unwrap_or_else(process_probe),
        wrap,
        lookup,
    })
    .await?;
    // What is stored already was not stored in the future.
    let ctx = Arc::clone(&host.ctx);
    if let Some(latest) = ctx.store.read().await?.system().latest_instant().await? {
        clock.jump(Millis(latest.since(clock.now()).saturating_add(1)));
    }

    let http = portero_net::client(ClientOptions::default())?;
    let mut config = world::config(seed, &secrets);
    config.timings = timings;
    if let Some(change) = world {
        change(&mut config);
    }
    let simulator = Simulator::new(config, Arc::new(clock.clone()), Some(clock.clone()), http)
        .context("the demo's world cannot be built")?;
    // The simulator moves the clock through the host's pause, so that nothing is caught in between.
    let jumping = clock.clone();
    simulator.moved_by(Box::new(move |by| {
        let (ctx, clock) = (Arc::clone(&ctx), jumping.clone());
        Box::pin(async move {
            desk::clock::jump(&ctx, &clock, by).await;
        })
    }));
    let (until, pump_until, router) = (stop.clone(), stop.clone(), simulator.router());
    let simulator_on = simulator_on.unwrap_or_else(tokio::runtime::Handle::current);
    tasks.push(simulator_on.spawn(async move {
        let _ = axum::serve(listener, router)
            .with_graceful_shutdown(async move { until.cancelled().await })
            .await;
    }));
    let pump = Arc::clone(&simulator);
    tasks.push(simulator_on.spawn(async move { pump.run(pump_until.cancelled_owned()).await }));
    let host = host.run(true).await?;
    simulator.set_callback(format!("{}/webhooks/whatsapp", host.url));
    tracing::debug!(now = %clock.now(), "the demo's clock");
    Ok(Stage {
        host,
        simulator_url,
        secrets,
        clock,
        stop,
        tasks,
        _temporary: temporary,
    })
}

/// The demo's Postgres may be empty: its schema is brought up to date without asking.
async fn migrate(url: &str) -> anyhow::Result<()> {
    let key = portero_store::MasterKey([0; 32]);
    let store = portero_store::Store::open(url, key, Arc::new(Ids::system()))
        .await
        .context("cannot open the database of --database-url")?;
    store
        .migrate()
        .await
        .context("cannot bring its schema up to date")?;
    Ok(())
}

impl Stage {
    /// Drains both and ends them.
    pub async fn stop(self) {
        self.host.stop().await;
        self.stop.cancel();
        for task in self.tasks {
            let mut task = task;
            if tokio::time::timeout(std::time::Duration::from_secs(2), &mut task)
                .await
                .is_err()
            {
                task.abort();
            }
        }
    }
}
