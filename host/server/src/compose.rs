//! The only wiring in the program: every part is built once, here.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use portero_domain::access::Role;
use portero_domain::clock::{Clock, JumpClock, Millis};
use portero_domain::ids::IdSource;
use portero_flow::context::Parts;
use portero_flow::desk::access::{self, TokenOrder};
use portero_flow::workers::Workers;
use portero_flow::{Context, Point, Probe};
use portero_meta::client::CloudApi;
use portero_meta::transport::Transport;
use portero_net::ClientOptions;
use portero_net::fetch::Fetcher;
use portero_net::guard::Lookup;
use portero_net::webhook::WebhookSender;
use portero_sandbox::{Allocator, Sandbox, SandboxConfig};
use portero_store::{EngineKind, MasterKey, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, mask};
use crate::http::{self, AppState, Front};
use crate::lock::{DataDir, Running};
use crate::output;

/// How the labels of tokens made for a host's own command line begin.
const COMMAND_LINE: &str = "command line of ";

/// What a host is built from.
pub struct HostParts {
    /// Settings.
    pub config: Config,
    /// Its locked folder.
    pub data: DataDir,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The same clock when it may be moved (simulation only).
    pub jump: Option<JumpClock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn IdSource>,
    /// Address of the simulator's control API, in the demo.
    pub simulator: Option<String>,
    /// Told at the points where a test may end the process.
    pub probe: Arc<dyn Probe>,
    /// Put around the real door out (fault injection, measuring).
    pub wrap: Option<crate::demo::Wrap>,
    /// Where plugins' requests find addresses of names; the machine's resolver when absent.
    pub lookup: Option<Arc<dyn Lookup>>,
}

/// A built host that does not run yet.
pub struct Host {
    /// Everything the steps use.
    pub ctx: Arc<Context>,
    data: DataDir,
    jump: Option<JumpClock>,
    simulator: Option<String>,
    config: Config,
}

/// A host that answers and works.
pub struct RunningHost {
    /// Everything the steps use.
    pub ctx: Arc<Context>,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Operator token of this run.
    pub operator_token: String,
    /// One-time login for the pages.
    pub login_url: String,
    data: DataDir,
    workers: Option<Workers>,
    drain: Duration,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<()>,
}

/// What a host that stopped leaves to the next one; all of it is in the database.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Left {
    /// Work that was begun and not ended when the time to wait was over: attempts whose answer nobody
    /// heard, plugin calls. Their leases run out; then they are settled or done again.
    pub in_hand: usize,
    /// What came in and was not worked on.
    pub events: u64,
    /// People and numbers for whom a message is due.
    pub lanes: u64,
}

impl Host {
    /// Opens the database, brings its schema up to date (SQLite) and builds the parts.
    ///
    /// # Errors
    /// What cannot be opened or is missing, with what to do.
    pub async fn build(parts: HostParts) -> anyhow::Result<Host> {
        let HostParts {
            config,
            data,
            clock,
            jump,
            ids,
            simulator,
            probe,
            wrap,
            lookup,
        } = parts;
        let url = database_url(&config, data.path());
        let key = master_key(&config, &data, &*ids, &url)?;
        let store = Store::open(&url, MasterKey(key), Arc::clone(&ids))
            .await
            .with_context(|| {
                format!(
                    "cannot open the database `{}`; check --database-url and that it is reachable",
                    mask::database(&url)
                )
            })?;
        match store.engine() {
            EngineKind::Sqlite => {
                store
                    .migrate()
                    .await
                    .context("cannot bring the schema up to date")?;
            }
            EngineKind::Postgres => {
                if store.pending_migrations().await? > 0 {
                    bail!(
                        "this database needs `portero migrate` first (several hosts may share it, so it is never done by itself)"
                    );
                }
            }
        }
        let (cache_key, _) = data.key("plugin-cache.key", &*ids)?;
        let sandbox = Sandbox::new(SandboxConfig {
            cache_dir: Some(data.path().join("plugin-cache")),
            cache_key,
            allocator: Allocator::Auto,
            max_concurrent: config.plugin_concurrency,
        })
        .context("cannot start the plugin sandbox")?;
        let timeout = Duration::from_secs(config.http_timeout_secs);
        let http = portero_net::client(ClientOptions {
            timeout,
            ..ClientOptions::default()
        })
        .context("cannot build the HTTP client")?;
        let cloud = CloudApi::new(&config.graph_url, &config.graph_version, http)
            .context("graph_url or graph_version does not read")?;
        let real: Arc<dyn Transport> = Arc::new(cloud.clone());
        let transport = match wrap {
            Some(wrap) => wrap(real),
            None => real,
        };
        let webhooks = WebhookSender::new(config.webhook_private_hosts.clone())
            .context("cannot build the HTTP client of webhooks")?;
        let fetcher = match lookup {
            Some(lookup) => Fetcher::on(&config.plugin_private_hosts, lookup),
            None => Fetcher::new(&config.plugin_private_hosts),
        }
        .context("cannot build the HTTP client of plugins")?;
        let mut name = [0_u8; 6];
        ids.random(&mut name);
        let lease = Millis::secs(
            i64::try_from(config.http_timeout_secs)
                .unwrap_or(10)
                .saturating_mul(3),
        );
        let ctx = Arc::new(Context::new(Parts {
            store,
            sandbox,
            transport,
            cloud,
            webhooks,
            fetcher,
            clock,
            ids,
            host: format!("host-{}", hex::encode(name)),
            lease,
            audit_keep: Millis::days(config.audit_keep_days.into()),
            terms: config.terms()?,
            probe,
        }));
        // On SQLite this process is alone: leases of a dead predecessor need not run out first.
        if ctx.store.engine() == EngineKind::Sqlite {
            let mut tx = ctx.store.write().await?;
            tx.system().expire_leases(ctx.clock.lease_now()).await?;
            tx.commit().await?;
        }
        Ok(Host {
            ctx,
            data,
            jump,
            simulator,
            config,
        })
    }

    /// Listens, answers and works until told to stop.
    ///
    /// # Errors
    /// An address that cannot be bound or must not be.
    pub async fn run(self, workers: bool) -> anyhow::Result<RunningHost> {
        let Host {
            ctx,
            data,
            jump,
            simulator,
            config,
        } = self;
        let listener = bind(&config).await?;
        let url = format!("http://{}", listener.local_addr()?);
        // Every plugin is loaded before the first event wants it.
        for (_, row) in installed(&ctx).await? {
            if let Err(error) = ctx.plugin(&row).await {
                output::error(&format!("warning: plugin {row} does not load: {error}"));
            }
        }
        let operator_token = command_line_token(&ctx, &data).await?;
        let control = simulator
            .as_deref()
            .map(crate::sim_control::HttpControl::new)
            .transpose()?;
        // Elsewhere than in the demo, a Graph API on this machine can only be a simulator.
        let outside = match &control {
            Some(control) => Some(control.clone()),
            None if ctx.transport.stays_here() => {
                Some(crate::sim_control::HttpControl::new(&config.graph_url)?)
            }
            None => None,
        };
        let front = Front::new(config.public_url.as_deref(), &config.trusted_proxies);
        let state = AppState::new(
            Arc::clone(&ctx),
            jump,
            control,
            outside,
            front,
            &config.rates(),
        );
        let login_url = format!("{url}/login?code={}", state.one_time_code(None));
        let router = http::router(state);
        let stop = CancellationToken::new();
        let until = stop.clone();
        #[expect(clippy::disallowed_methods, reason = "the server's own task")]
        let server = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let served = axum::serve(listener, service)
                .with_graceful_shutdown(async move { until.cancelled().await })
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        data.announce(&Running {
            url: url.clone(),
            token: operator_token.clone(),
        })?;
        let workers = workers.then(|| Workers::start(&ctx));
        Ok(RunningHost {
            ctx,
            url,
            operator_token,
            login_url,
            data,
            workers,
            drain: Duration::from_secs(config.drain_secs),
            stop,
            server,
        })
    }
}

impl RunningHost {
    /// Where its data is.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Drains: nothing more is taken on, requests in hand are answered, the work in hand ends (for as
    /// long as `drain_secs` allows), then it is over. Says what is left.
    pub async fn stop(self) -> Left {
        if let Some(workers) = &self.workers {
            workers.end_claims();
        }
        self.stop.cancel();
        // Event streams stay open as long as a page looks at them: they are cut.
        let mut server = self.server;
        let answered = async {
            if tokio::time::timeout(Duration::from_secs(2), &mut server)
                .await
                .is_err()
            {
                server.abort();
            }
        };
        let ended = async {
            match self.workers {
                Some(workers) => workers.stop(self.drain).await,
                None => 0,
            }
        };
        let ((), in_hand) = tokio::join!(answered, ended);
        let mut left = Left {
            in_hand,
            ..Left::default()
        };
        match waiting(&self.ctx).await {
            Ok((events, lanes)) => (left.events, left.lanes) = (events, lanes),
            Err(error) => tracing::warn!(%error, "what is left could not be counted"),
        }
        if let Err(error) = end_token(&self.ctx, &self.operator_token).await {
            tracing::warn!(%error, "the command line's token was not ended; the next start does it");
            return left;
        }
        self.data.retire();
        left
    }
}

/// Events not worked on, and lanes that are due.
async fn waiting(ctx: &Context) -> anyhow::Result<(u64, u64)> {
    let mut tx = ctx.store.read().await?;
    let idle = tx
        .system()
        .counts_idle(ctx.now(), ctx.clock.lease_now())
        .await?;
    Ok((idle.events_pending, idle.lanes_ready))
}

async fn installed(ctx: &Context) -> anyhow::Result<Vec<(portero_domain::ids::TenantId, String)>> {
    let mut tx = ctx.store.read().await?;
    let rows = tx.system().enabled_installations().await?;
    Ok(rows
        .into_iter()
        .map(|(tenant, row)| (tenant, row.digest))
        .collect())
}

/// A fresh operator token for this run; that of a run on this data folder that did not end well ends.
/// Other hosts on the same database keep theirs.
async fn command_line_token(ctx: &Context, data: &DataDir) -> anyhow::Result<String> {
    if let Some(left) = data.announced() {
        end_token(ctx, &left.token).await?;
    }
    // On SQLite this process is alone: whatever a command line still holds is of a run that ended.
    if ctx.store.engine() == EngineKind::Sqlite {
        let mut tx = ctx.store.read().await?;
        let all = tx.system().tokens().await?;
        drop(tx);
        for old in all.into_iter().filter(|t| {
            t.tenant.is_none() && t.revoked_at.is_none() && t.label.starts_with(COMMAND_LINE)
        }) {
            access::revoke_token(ctx, None, old.id).await?;
        }
    }
    let label = format!("{COMMAND_LINE}{}", ctx.host);
    let order = TokenOrder {
        tenant: None,
        label: &label,
        role: Role::Owner,
        lasts: None,
    };
    let made = access::create_token(ctx, &order, None).await?;
    // Without a key of a request it is always there.
    Ok(made.token.unwrap_or_default())
}

/// Ends a token that is still good.
async fn end_token(ctx: &Context, token: &str) -> anyhow::Result<()> {
    if let Some(principal) = access::authenticate(ctx, token).await? {
        access::revoke_token(ctx, None, principal.token).await?;
    }
    Ok(())
}

/// The database of these settings.
#[must_use]
pub fn database_url(config: &Config, data: &Path) -> String {
    config
        .database_url
        .clone()
        .unwrap_or_else(|| format!("sqlite:{}", data.join("portero.db").display()))
}

/// The master key that the settings hold or name, if they do.
///
/// # Errors
/// A key or file that does not read.
pub fn configured_key(config: &Config) -> anyhow::Result<Option<[u8; 32]>> {
    let text = match (&config.master_key, &config.master_key_file) {
        (Some(secret), _) => secret.expose().as_bytes().to_vec(),
        (None, Some(file)) => std::fs::read(file)
            .with_context(|| format!("cannot read the master key file `{}`", file.display()))?,
        (None, None) => return Ok(None),
    };
    // As a data folder keeps it: a shop that moves to Postgres names that file.
    if let (None, Ok(key)) = (&config.master_key, text.as_slice().try_into()) {
        return Ok(Some(key));
    }
    let mut key = [0_u8; 32];
    hex::decode_to_slice(text.trim_ascii(), &mut key).context(
        "the master key must be 64 hexadecimal digits, e.g. from `openssl rand -hex 32`, \
         or a file of 32 bytes as a data folder's master.key",
    )?;
    Ok(Some(key))
}

/// A key of one's own, from a file: 64 hexadecimal digits.
///
/// # Errors
/// A file that does not read, or holds something else.
pub fn key_in(file: &Path) -> anyhow::Result<[u8; 32]> {
    let text = std::fs::read(file)
        .with_context(|| format!("cannot read the key file `{}`", file.display()))?;
    let mut key = [0_u8; 32];
    hex::decode_to_slice(text.trim_ascii(), &mut key).with_context(|| {
        format!(
            "`{}` must hold 64 hexadecimal digits, e.g. from `openssl rand -hex 32`",
            file.display()
        )
    })?;
    Ok(key)
}

/// The master key of these settings or of their data folder, if there is one; none is made.
///
/// # Errors
/// A key or file that does not read.
pub fn existing_key(config: &Config) -> anyhow::Result<Option<[u8; 32]>> {
    if let Some(key) = configured_key(config)? {
        return Ok(Some(key));
    }
    let file = config.data.join("master.key");
    if !file.exists() {
        return Ok(None);
    }
    crate::lock::read_key(&file).map(Some)
}

/// The master key of these settings; made in the data folder for SQLite.
///
/// # Errors
/// A key that does not read, or none where one is needed.
pub fn master_key(
    config: &Config,
    data: &DataDir,
    ids: &dyn IdSource,
    url: &str,
) -> anyhow::Result<[u8; 32]> {
    if let Some(key) = configured_key(config)? {
        return Ok(key);
    }
    if url.starts_with("postgres") {
        bail!(
            "Postgres needs a master key that all hosts share: set PORTERO_MASTER_KEY_FILE to a file with \
             64 hexadecimal digits, e.g. from `openssl rand -hex 32`"
        );
    }
    let (key, made) = data.key("master.key", ids)?;
    if made {
        tracing::warn!(
            "a master key was made in the data folder; back it up: without it secrets cannot be read"
        );
    }
    Ok(key)
}

async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(&config.listen).await.with_context(|| {
        format!(
            "cannot listen on `{}`; is it taken? choose another with --listen",
            config.listen
        )
    })?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() && !config.allow_remote {
        bail!(
            "`{}` can be reached from other machines: put TLS in front and set allow_remote = true, \
             or listen on 127.0.0.1",
            config.listen
        );
    }
    Ok(listener)
}

/// Ends the process at one point, the n-th time it is passed; debug builds only, for crash tests.
pub struct CrashAt {
    point: Point,
    left: std::sync::atomic::AtomicU64,
}

impl Probe for CrashAt {
    fn at(&self, point: Point) {
        if point == self.point && self.left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            // The same end as `kill -9`: nothing is flushed, nobody is told.
            std::process::abort();
        }
    }
}

/// The probe of this process: in debug builds `PORTERO_CRASH_AT=point:n` ends it there.
#[must_use]
pub fn probe() -> Arc<dyn Probe> {
    #[cfg(debug_assertions)]
    {
        #[expect(clippy::disallowed_methods, reason = "a test's switch, not a setting")]
        let asked = std::env::var("PORTERO_CRASH_AT").ok();
        if let Some((name, n)) = asked.as_deref().and_then(|text| text.split_once(':'))
            && let Some(point) = Point::ALL.into_iter().find(|p| p.as_str() == name)
            && let Ok(n) = n.parse()
        {
            return Arc::new(CrashAt {
                point,
                left: std::sync::atomic::AtomicU64::new(n),
            });
        }
    }
    Arc::new(portero_flow::context::NoProbe)
}
