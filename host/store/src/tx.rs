//! A transaction, and the two views of it: one tenant's, and the closed list that spans tenants.

use std::sync::Arc;

use portero_domain::ids::{IdSource, TenantId};
use sqlx::{Postgres, Sqlite};

use crate::db::{Arg, DbRow, Sql, pg_args, sqlite_args};
use crate::engine::EngineKind;
use crate::error::{Result, StoreError};
use crate::seal::MasterKey;
use crate::writer::Turn;

pub(crate) enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Writer(Turn),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// What transactions need beyond the connection.
pub(crate) struct Secrets {
    pub(crate) master: MasterKey,
    pub(crate) ids: Arc<dyn IdSource>,
}

/// A transaction. Dropping it rolls back.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct Tx {
    pub(crate) inner: Inner,
    pub(crate) secrets: Arc<Secrets>,
}

impl Tx {
    /// Makes everything done in it durable.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another transaction got in the way: nothing was written.
    pub async fn commit(self) -> Result<()> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Writer(turn) => return turn.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
        .map_err(|e| StoreError::sql("commit", e))
    }

    /// What spans tenants.
    pub fn system(&mut self) -> SystemTx<'_> {
        SystemTx { tx: self }
    }

    /// One tenant's rows and no others.
    pub fn tenant(&mut self, id: TenantId) -> TenantTx<'_> {
        TenantTx {
            tx: self,
            tenant: id,
        }
    }

    /// The master key that secrets are sealed with here.
    #[must_use]
    pub fn master(&self) -> &MasterKey {
        &self.secrets.master
    }

    /// Which database it runs on.
    #[must_use]
    pub fn engine(&self) -> EngineKind {
        match self.inner {
            Inner::Sqlite(_) | Inner::Writer(_) => EngineKind::Sqlite,
            Inner::Postgres(_) => EngineKind::Postgres,
        }
    }

    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64> {
        let bind = |e: sqlx::error::BoxDynError| StoreError::sql(sql.name, sqlx::Error::Encode(e));
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let args = sqlite_args(args).map_err(bind)?;
                sqlx::query_with::<Sqlite, _>(sql.sqlite, args)
                    .execute(&mut **tx)
                    .await
                    .map(|done| done.rows_affected())
            }
            Inner::Writer(turn) => {
                let args = sqlite_args(args).map_err(bind)?;
                sqlx::query_with::<Sqlite, _>(sql.sqlite, args)
                    .execute(turn.conn()?)
                    .await
                    .map(|done| done.rows_affected())
            }
            Inner::Postgres(tx) => {
                let args = pg_args(args).map_err(bind)?;
                sqlx::query_with::<Postgres, _>(sql.postgres, args)
                    .execute(&mut **tx)
                    .await
                    .map(|done| done.rows_affected())
            }
        }
        .map_err(|e| StoreError::sql(sql.name, e))
    }

    /// Runs a statement and reads its rows.
    pub(crate) async fn rows<R: DbRow>(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<R>> {
        let bind = |e: sqlx::error::BoxDynError| StoreError::sql(sql.name, sqlx::Error::Encode(e));
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let args = sqlite_args(args).map_err(bind)?;
                sqlx::query_as_with::<Sqlite, R, _>(sql.sqlite, args)
                    .fetch_all(&mut **tx)
                    .await
            }
            Inner::Writer(turn) => {
                let args = sqlite_args(args).map_err(bind)?;
                sqlx::query_as_with::<Sqlite, R, _>(sql.sqlite, args)
                    .fetch_all(turn.conn()?)
                    .await
            }
            Inner::Postgres(tx) => {
                let args = pg_args(args).map_err(bind)?;
                sqlx::query_as_with::<Postgres, R, _>(sql.postgres, args)
                    .fetch_all(&mut **tx)
                    .await
            }
        }
        .map_err(|e| StoreError::sql(sql.name, e))
    }

    /// Runs a statement that gives at most one row.
    pub(crate) async fn row<R: DbRow>(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Option<R>> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }
}

/// The closed list of statements that span tenants.
pub struct SystemTx<'a> {
    pub(crate) tx: &'a mut Tx,
}

/// One tenant's rows; every statement names the tenant in its where clause.
pub struct TenantTx<'a> {
    pub(crate) tx: &'a mut Tx,
    pub(crate) tenant: TenantId,
}

impl TenantTx<'_> {
    /// Whose rows these are.
    #[must_use]
    pub fn id(&self) -> TenantId {
        self.tenant
    }

    /// Runs a write that must touch a row of this tenant.
    pub(crate) async fn must(
        &mut self,
        what: &'static str,
        sql: Sql,
        args: Vec<Arg>,
    ) -> Result<()> {
        if self.tx.run(sql, args).await? == 0 {
            return Err(StoreError::NotFound { what });
        }
        Ok(())
    }
}
