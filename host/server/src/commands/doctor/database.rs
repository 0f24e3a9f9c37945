//! The database: reached, of this schema, of this time, and its secrets readable with this key.

use std::sync::Arc;

use portero_domain::clock::Clock;
use portero_store::{MasterKey, Store, StoreError};

use super::{Check, bad, good};
use crate::clock::Ids;
use crate::compose;
use crate::config::Config;

/// Clocks further apart than this make leases and windows wrong, ms.
const SKEW_MS: i64 = 2_000;

/// Opens the database and says what is wrong with it; `None` when nothing in it can be looked at.
pub(super) async fn open(
    config: &Config,
    clock: &dyn Clock,
    checks: &mut Vec<Check>,
) -> Option<Store> {
    let url = compose::database_url(config, &config.data);
    if url.starts_with("sqlite") && !config.data.join("portero.db").exists() {
        checks.push(good("database", "SQLite, made at the first start"));
        return None;
    }
    let key = match key(config) {
        Ok(key) => key,
        Err(error) => {
            let remedy =
                "mend master_key or master_key_file; the key of the last backup is the right one";
            checks.push(bad("master key", format!("{error:#}"), remedy));
            return None;
        }
    };
    if key.is_none() && url.starts_with("postgres") {
        checks.push(bad(
            "master key",
            "Postgres needs one that all hosts share",
            "set PORTERO_MASTER_KEY_FILE to a file with 64 hexadecimal digits, e.g. from `openssl rand -hex 32`",
        ));
        return None;
    }
    let master = MasterKey(key.unwrap_or_default());
    let store = match Store::open(&url, master, Arc::new(Ids::system())).await {
        Ok(store) => store,
        Err(error) => {
            checks.push(bad(
                "database",
                error.to_string(),
                "check database_url, that the server runs, and that this user may connect",
            ));
            return None;
        }
    };
    let pending = store.pending_migrations().await;
    let usable = matches!(pending, Ok(0));
    checks.push(match pending {
        Ok(0) => good(
            "database",
            format!("{:?} answers, schema up to date", store.engine()),
        ),
        Ok(n) => bad(
            "database",
            format!("{n} migrations are missing"),
            "run `portero migrate`",
        ),
        Err(error) => bad(
            "database",
            error.to_string(),
            error.hint().unwrap_or("run `portero migrate`"),
        ),
    });
    if !usable {
        return None;
    }
    checks.push(times(&store, clock).await);
    let opens = secrets_open(&store).await;
    let readable = opens.ok;
    checks.push(opens);
    readable.then_some(store)
}

/// The key of these settings, without making one.
fn key(config: &Config) -> anyhow::Result<Option<[u8; 32]>> {
    if let Some(key) = compose::configured_key(config)? {
        return Ok(Some(key));
    }
    let file = config.data.join("master.key");
    if !file.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&file)?;
    let key = bytes
        .try_into()
        .map_err(|_| anyhow::anyhow!("`{}` is not a key of 32 bytes", file.display()))?;
    Ok(Some(key))
}

async fn times(store: &Store, clock: &dyn Clock) -> Check {
    let before = clock.now();
    let asked = store.server_time().await;
    let after = clock.now();
    match asked {
        Ok(None) => good("clock", "the database has this machine's"),
        Ok(Some(there)) => {
            // The answer was made at some instant between the two.
            let apart = before.since(there).max(there.since(after)).max(0);
            if apart <= SKEW_MS {
                good("clock", "this machine's and the database's agree")
            } else {
                bad(
                    "clock",
                    format!(
                        "this machine's and the database's are {} s apart",
                        apart / 1000
                    ),
                    "let both follow a time server (`timedatectl set-ntp true`), then start the host again",
                )
            }
        }
        Err(error) => bad(
            "clock",
            error.to_string(),
            "check that the database answers (`portero doctor` again)",
        ),
    }
}

async fn secrets_open(store: &Store) -> Check {
    let remedy = "put the key back that this database was made with (master.key in the data folder, or master_key); \
                  without it, give the secrets anew with `portero app put` and `portero number add`";
    match try_secrets(store).await {
        Ok(n) => good("master key", format!("opens {n} secrets")),
        Err(error @ StoreError::Sealed { .. }) => bad("master key", error.to_string(), remedy),
        Err(error) => bad("master key", error.to_string(), remedy),
    }
}

async fn try_secrets(store: &Store) -> Result<usize, StoreError> {
    let mut tx = store.read().await?;
    let mut opened = 0;
    for app in tx.system().apps().await? {
        opened += usize::from(tx.system().app(&app).await?.is_some());
    }
    for tenant in tx.system().tenants().await? {
        for number in tx.tenant(tenant.id).numbers().await? {
            let token = tx.tenant(tenant.id).number_token(&number.id).await?;
            opened += usize::from(token.is_some());
        }
    }
    Ok(opened)
}
