//! Opening a database, its pools, its schema.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use portero_domain::clock::Ts;
use portero_domain::ids::IdSource;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Executor, SqlStr};

use crate::error::{Result, StoreError};
use crate::seal::MasterKey;
use crate::statements;
use crate::tx::{Inner, Secrets, Tx};
use crate::writer::Writer;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Connections to Postgres of one process that write, and those that only read.
const POSTGRES_WRITERS: u32 = 10;
const POSTGRES_READERS: u32 = 6;
/// What is written is always a set of rows found by their keys: some dozens of people, messages, statuses.
/// Postgres plans such a statement by what it last knew of the tables, and while they grow tenfold within a
/// minute it knows little: it then reads and hashes whole tables for eight people. Reports, which read, are
/// planned as Postgres sees fit.
/// For the same reason no list of a tenant's rows is put together to be searched again for each of them.
const BY_KEY: [(&str, &str); 4] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
];
/// Compiling a statement takes longer than any of ours.
const NOT_COMPILED: [(&str, &str); 1] = [("jit", "off")];
/// All statements of such a transaction see the same.
const POSTGRES_SNAPSHOT: &str = "begin isolation level repeatable read, read only";
/// Connections that read SQLite beside the one that writes.
const SQLITE_READERS: u32 = 4;
/// What the writing connection keeps of the file in memory, in KiB, below zero as SQLite wants it; taken as it is
/// needed. Its usual 2 MiB are less than one campaign touches, so that pages were read again and again.
const SQLITE_CACHE: &str = "-16384";
/// Pages of the log (4 KiB each) after which it is written into the file. A page that changed often meanwhile is
/// written once, and the file is flushed once; the log takes so much room on disk.
const SQLITE_CHECKPOINT: &str = "8192";
/// Rows that a connection's thread puts out before whoever reads has to take them: at the library's fifty the two
/// wait for each other twenty times in a page of people.
const SQLITE_ROWS: usize = 1_024;
/// More than there are statements, so that none is prepared twice.
const STATEMENT_CACHE: usize = 400;

/// Which database is behind a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// Embedded, one host.
    Sqlite,
    /// A server, several hosts.
    Postgres,
}

impl EngineKind {
    /// Name for people and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            EngineKind::Sqlite => "sqlite",
            EngineKind::Postgres => "postgres",
        }
    }
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    secrets: Arc<Secrets>,
}

#[derive(Clone)]
enum Pools {
    Sqlite {
        writer: Arc<Writer>,
        readers: SqlitePool,
    },
    Postgres {
        writers: PgPool,
        readers: PgPool,
    },
}

impl Store {
    /// Opens `sqlite:PATH` (made when missing; its folder must exist) or `postgres://…`.
    ///
    /// The schema is not touched: see [`Store::migrate`]. `ids` is asked for random bytes when
    /// secrets are sealed.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] or [`StoreError::Unavailable`].
    pub async fn open(url: &str, master: MasterKey, ids: Arc<dyn IdSource>) -> Result<Store> {
        let pools = match sqlite_path(url) {
            Some(path) => open_sqlite(path).await?,
            None => open_postgres(url).await?,
        };
        Ok(Store {
            pools,
            secrets: Arc::new(Secrets { master, ids }),
        })
    }

    /// One snapshot of a database that somebody else may be using, to be read whole: nothing is made,
    /// changed or migrated, and writers are not held up. (A log of SQLite grows meanwhile.)
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] or [`StoreError::Unavailable`], also when there is no such database.
    pub async fn snapshot(url: &str, master: MasterKey, ids: Arc<dyn IdSource>) -> Result<Tx> {
        let inner = if let Some(path) = sqlite_path(url) {
            let pool = SqlitePoolOptions::new().max_connections(1);
            let pool = pool.connect_with(sqlite_options(path)?.read_only(true));
            let begun = pool.await.map_err(unavailable)?.begin().await;
            Inner::Sqlite(begun.map_err(|e| StoreError::sql("begin", e))?)
        } else {
            let pool = postgres_pool(1, postgres_options(url)?).await?;
            let begun = pool.begin_with(POSTGRES_SNAPSHOT).await;
            Inner::Postgres(begun.map_err(|e| StoreError::sql("begin", e))?)
        };
        Ok(Tx {
            inner,
            secrets: Arc::new(Secrets { master, ids }),
        })
    }

    /// Which database this is.
    #[must_use]
    pub fn engine(&self) -> EngineKind {
        match self.pools {
            Pools::Sqlite { .. } => EngineKind::Sqlite,
            Pools::Postgres { .. } => EngineKind::Postgres,
        }
    }

    /// A write transaction. On SQLite there is one at a time, and those that wait for each other
    /// share one commit; on Postgres rows are locked as they are needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection can be had.
    pub async fn write(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => Inner::Writer(writer.begin().await?),
            Pools::Postgres { writers, .. } => Inner::Postgres(
                writers
                    .begin()
                    .await
                    .map_err(|e| StoreError::sql("begin", e))?,
            ),
        };
        Ok(Tx {
            inner,
            secrets: Arc::clone(&self.secrets),
        })
    }

    /// A read transaction: all its statements see one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection can be had.
    pub async fn read(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { readers, .. } => Inner::Sqlite(
                readers
                    .begin()
                    .await
                    .map_err(|e| StoreError::sql("begin", e))?,
            ),
            Pools::Postgres { readers, .. } => Inner::Postgres(
                readers
                    .begin_with(POSTGRES_SNAPSHOT)
                    .await
                    .map_err(|e| StoreError::sql("begin", e))?,
            ),
        };
        Ok(Tx {
            inner,
            secrets: Arc::clone(&self.secrets),
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => readers.execute("select 1").await.map(drop),
            Pools::Postgres { readers, .. } => readers.execute("select 1").await.map(drop),
        }
        .map_err(|e| StoreError::Unavailable { why: e.to_string() })
    }

    /// What the database server takes for the time, for whoever compares clocks; `None` where it has
    /// none of its own. No statement of the host asks it: [`Clock`](portero_domain::clock::Clock) is bound.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not answer.
    pub async fn server_time(&self) -> Result<Option<Ts>> {
        let Pools::Postgres { readers: pool, .. } = &self.pools else {
            return Ok(None);
        };
        let asked = "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
        let (at,): (i64,) = sqlx::query_as(asked)
            .fetch_one(pool)
            .await
            .map_err(unavailable)?;
        Ok(Some(Ts(at)))
    }

    /// How many migrations this binary would apply.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when the schema is newer than this binary, [`StoreError::Migrate`].
    pub async fn pending_migrations(&self) -> Result<u32> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut alone = writer.alone().await?;
                pending(alone.conn()?, &SQLITE_MIGRATIONS).await
            }
            Pools::Postgres { writers, .. } => {
                let mut conn = writers.acquire().await.map_err(unavailable)?;
                pending(&mut *conn, &POSTGRES_MIGRATIONS).await
            }
        }
    }

    /// Brings the schema up to date. Several hosts may try at once: one works, the others wait.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when the schema is newer than this binary, [`StoreError::Migrate`].
    pub async fn migrate(&self) -> Result<u32> {
        let applied = self.pending_migrations().await?;
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut alone = writer.alone().await?;
                SQLITE_MIGRATIONS.run(alone.conn()?).await
            }
            Pools::Postgres { writers, .. } => POSTGRES_MIGRATIONS.run(writers).await,
        }
        .map_err(|e| StoreError::Migrate { why: e.to_string() })?;
        Ok(applied)
    }

    /// Brings an empty database to the schema that these migrations make, no farther: what is newer is
    /// applied by [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Migrate`], also when this binary does not know one of them.
    pub async fn migrate_as(&self, versions: &[i64]) -> Result<()> {
        let all = match &self.pools {
            Pools::Sqlite { .. } => &SQLITE_MIGRATIONS,
            Pools::Postgres { .. } => &POSTGRES_MIGRATIONS,
        };
        if let Some(unknown) = versions.iter().find(|v| !all.version_exists(**v)) {
            return Err(StoreError::Migrate {
                why: format!("migration {unknown} is not known to this binary"),
            });
        }
        let some = all.iter().filter(|m| versions.contains(&m.version));
        let migrator = Migrator::with_migrations(some.cloned().collect());
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut alone = writer.alone().await?;
                migrator.run(alone.conn()?).await
            }
            Pools::Postgres { writers, .. } => migrator.run(writers).await,
        }
        .map_err(|e| StoreError::Migrate { why: e.to_string() })
    }

    /// Versions of the migrations that made this database's schema; none for an empty one.
    ///
    /// # Errors
    /// [`StoreError::Migrate`], or the database.
    pub async fn applied_migrations(&self) -> Result<Vec<i64>> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut alone = writer.alone().await?;
                applied(alone.conn()?, &SQLITE_MIGRATIONS).await
            }
            Pools::Postgres { writers, .. } => {
                let mut conn = writers.acquire().await.map_err(unavailable)?;
                applied(&mut *conn, &POSTGRES_MIGRATIONS).await
            }
        }
    }

    /// Versions of all migrations that this binary knows, ascending.
    #[must_use]
    pub fn known_migrations() -> Vec<i64> {
        SQLITE_MIGRATIONS.iter().map(|m| m.version).collect()
    }

    /// Prepares every statement there is; says how many. For tests and for `doctor`.
    ///
    /// # Errors
    /// The first statement that does not fit the schema.
    pub async fn prepare_all(&self) -> Result<usize> {
        let mut n = 0;
        for sql in statements::all() {
            let prepared = match &self.pools {
                Pools::Sqlite { writer, .. } => {
                    let mut alone = writer.alone().await?;
                    alone
                        .conn()?
                        .prepare(SqlStr::from_static(sql.sqlite))
                        .await
                        .map(drop)
                }
                Pools::Postgres { writers, .. } => {
                    let mut conn = writers.acquire().await.map_err(unavailable)?;
                    (&mut *conn)
                        .prepare(SqlStr::from_static(sql.postgres))
                        .await
                        .map(drop)
                }
            };
            prepared.map_err(|e| StoreError::sql(sql.name, e))?;
            n += 1;
        }
        Ok(n)
    }

    /// Statements for which SQLite would read all messages of a tenant, or walk all rows of one and
    /// the whole list it was given for each of them; none on PostgreSQL, which decides by its statistics. For tests.
    ///
    /// # Errors
    /// The database.
    pub async fn lists_walked_again_and_again(&self) -> Result<Vec<&'static str>> {
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Ok(Vec::new());
        };
        let mut alone = writer.alone().await?;
        let mut found = Vec::new();
        for sql in statements::all() {
            let explain = format!("explain query plan {}", sql.sqlite);
            let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(explain))
                .fetch_all(alone.conn()?)
                .await
                .map_err(|e| StoreError::sql(sql.name, e))?;
            let inner = rows.iter().enumerate().any(|(n, (_, parent, _, list))| {
                list.contains("VIRTUAL TABLE")
                    && rows.iter().take(n).any(|(_, of, _, outer)| {
                        of == parent
                            && outer.starts_with("SEARCH")
                            && outer.ends_with("(tenant_id=?)")
                    })
            });
            // One message, and all messages of its tenant read to find it.
            let all = rows.iter().any(|(.., plan)| {
                plan.ends_with("USING INDEX outbox_by_state (tenant_id=?)")
                    || plan.ends_with("USING INDEX outbox_by_tenant (tenant_id=?)")
            });
            if inner || all {
                found.push(sql.name);
            }
        }
        Ok(found)
    }

    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { writers, readers } => {
                readers.close().await;
                writers.close().await;
            }
        }
    }
}

fn unavailable(e: sqlx::Error) -> StoreError {
    StoreError::Unavailable { why: e.to_string() }
}

/// The file of a `sqlite:` URL.
fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    Some(path.strip_prefix("//").unwrap_or(path))
}

fn sqlite_options(path: &str) -> Result<SqliteConnectOptions> {
    if path.is_empty() || path.starts_with(':') {
        return Err(StoreError::BadUrl {
            why: "names no file".to_owned(),
        });
    }
    Ok(SqliteConnectOptions::new()
        .filename(Path::new(path))
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(STATEMENT_CACHE))
}

async fn open_sqlite(path: &str) -> Result<Pools> {
    let base = sqlite_options(path)?.row_buffer_size(SQLITE_ROWS);
    let write = base
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", SQLITE_CACHE)
        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT);
    // One writer: transactions queue here instead of fighting for the file's lock.
    let writer = Arc::new(Writer::open(&write).await?);
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(base.read_only(true))
        .await
        .map_err(unavailable)?;
    Ok(Pools::Sqlite { writer, readers })
}

fn postgres_options(url: &str) -> Result<PgConnectOptions> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(StoreError::BadUrl {
            why: "has no known scheme".to_owned(),
        });
    }
    Ok(PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::BadUrl {
            why: "does not read as a Postgres URL".to_owned(),
        })?
        .application_name("portero")
        .statement_cache_capacity(STATEMENT_CACHE)
        .options(NOT_COMPILED))
}

async fn postgres_pool(most: u32, options: PgConnectOptions) -> Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(most)
        // A server that is not there is told within seconds, not after the library's thirty.
        .acquire_timeout(std::time::Duration::from_secs(5))
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(unavailable)
}

async fn open_postgres(url: &str) -> Result<Pools> {
    let options = postgres_options(url)?;
    let writers = postgres_pool(POSTGRES_WRITERS, options.clone().options(BY_KEY)).await?;
    let readers = postgres_pool(POSTGRES_READERS, options).await?;
    Ok(Pools::Postgres { writers, readers })
}

async fn applied<C: Migrate>(conn: &mut C, migrator: &Migrator) -> Result<Vec<i64>> {
    let failed = |e: sqlx::migrate::MigrateError| StoreError::Migrate { why: e.to_string() };
    let table = migrator.table_name.as_ref();
    conn.ensure_migrations_table(table).await.map_err(failed)?;
    let applied = conn.list_applied_migrations(table).await.map_err(failed)?;
    Ok(applied.iter().map(|a| a.version).collect())
}

/// Refuses what a newer version made: this one would read and write past it.
pub(crate) fn known(applied: &[i64]) -> Result<()> {
    let known = Store::known_migrations();
    let unknown: Vec<i64> = applied
        .iter()
        .copied()
        .filter(|version| !known.contains(version))
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(StoreError::NewerSchema { unknown })
    }
}

async fn pending<C: Migrate>(conn: &mut C, migrator: &Migrator) -> Result<u32> {
    let applied = applied(conn, migrator).await?;
    known(&applied)?;
    let waiting = migrator
        .iter()
        .filter(|m| !applied.contains(&m.version))
        .count();
    Ok(u32::try_from(waiting).unwrap_or(u32::MAX))
}
