//! What ran for an installation, in order, and a version that waits to be granted what it asks for.

use portero_domain::clock::Ts;
use portero_domain::ids::InstallationId;

use crate::db;
use crate::error::Result;
use crate::tx::TenantTx;

/// A version of an installation: what ran, with what settings and grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationVersion {
    /// From 1; the highest runs.
    pub seq: u64,
    /// The component.
    pub digest: String,
    /// JSON text.
    pub config: String,
    /// JSON text.
    pub grants: String,
    /// `installed`, `upgraded`, `approved` or `rolled_back`.
    pub why: String,
    /// Who did it: a user or a token; empty for what ran before this was kept.
    pub author: String,
    /// When it began to run.
    pub begun_at: Ts,
}

/// A version that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingVersion {
    /// The component.
    pub digest: String,
    /// Who brought it.
    pub author: String,
    /// When.
    pub put_at: Ts,
}

/// A version to be run from now on.
#[derive(Clone, Copy, Debug)]
pub struct NextVersion<'a> {
    /// The component.
    pub digest: &'a str,
    /// JSON text.
    pub config: &'a str,
    /// JSON text.
    pub grants: &'a str,
    /// `installed`, `upgraded`, `approved` or `rolled_back`.
    pub why: &'a str,
    /// Who does it.
    pub author: &'a str,
}

statements! {
    VERSION_PUT = "insert into installation_versions (installation_id, tenant_id, seq, digest, config, grants, why,
            author, begun_at)
        select i.installation_id, i.tenant_id, coalesce((select max(v.seq) from installation_versions v
                where v.installation_id = i.installation_id), 0) + 1, $3, $4, $5, $6, $7, $8
        from installations i where i.tenant_id = $1 and i.installation_id = $2",
        postgres = "insert into installation_versions (installation_id, tenant_id, seq, digest, config, grants, why,
            author, begun_at)
        select i.installation_id, i.tenant_id, coalesce((select max(v.seq) from installation_versions v
                where v.installation_id = i.installation_id), 0) + 1, cast($3 as text), cast($4 as text),
            cast($5 as text), cast($6 as text), cast($7 as text), cast($8 as bigint)
        from installations i where i.tenant_id = $1 and i.installation_id = $2";
    VERSIONS = "select seq, digest, config, grants, why, author, begun_at from installation_versions
        where tenant_id = $1 and installation_id = $2 and seq < $3 order by seq desc limit $4";
    /// As [`TenantTx::put_installation`] does it: the breaker closes, since it was the other version's.
    VERSION_RUN = "update installations set digest = $3, config = $4, grants = $5, failures_in_row = 0,
            breaker_open_until_at = null, breaker_opened = 0
        where tenant_id = $1 and installation_id = $2";
    PENDING_PUT = "insert into installation_pending (installation_id, tenant_id, digest, author, put_at)
        select i.installation_id, i.tenant_id, $3, $4, $5 from installations i
        where i.tenant_id = $1 and i.installation_id = $2
        on conflict (installation_id) do update
        set digest = excluded.digest, author = excluded.author, put_at = excluded.put_at",
        postgres = "insert into installation_pending (installation_id, tenant_id, digest, author, put_at)
        select i.installation_id, i.tenant_id, cast($3 as text), cast($4 as text), cast($5 as bigint)
        from installations i where i.tenant_id = $1 and i.installation_id = $2
        on conflict (installation_id) do update
        set digest = excluded.digest, author = excluded.author, put_at = excluded.put_at";
    PENDING_GET = "select digest, author, put_at from installation_pending
        where tenant_id = $1 and installation_id = $2";
    PENDING_DROP = "delete from installation_pending where tenant_id = $1 and installation_id = $2";
}

#[derive(sqlx::FromRow)]
struct Raw {
    seq: i64,
    digest: String,
    config: String,
    grants: String,
    why: String,
    author: String,
    begun_at: i64,
}

impl TenantTx<'_> {
    /// Lets another version run, and notes it. What the plugin remembers and the handles of people stay.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], [`crate::StoreError::Constraint`] when the component is not stored, or the
    /// database.
    pub async fn run_version(
        &mut self,
        id: InstallationId,
        next: NextVersion<'_>,
        now: Ts,
    ) -> Result<()> {
        let args = args![self.tenant, id, next.digest, next.config, next.grants];
        self.must("installation", VERSION_RUN, args).await?;
        self.note_version(id, next, now).await
    }

    /// Notes a version that runs from now on.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn note_version(
        &mut self,
        id: InstallationId,
        next: NextVersion<'_>,
        now: Ts,
    ) -> Result<()> {
        let args = args![
            self.tenant,
            id,
            next.digest,
            next.config,
            next.grants,
            next.why,
            next.author,
            now
        ];
        self.must("installation", VERSION_PUT, args).await
    }

    /// What ran, the newest first, at most `limit`, before `before` when it is given.
    ///
    /// # Errors
    /// The database.
    pub async fn installation_versions(
        &mut self,
        id: InstallationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<InstallationVersion>> {
        let before = before.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let args = args![self.tenant, id, before, db::limit(limit)];
        let rows: Vec<Raw> = self.tx.rows(VERSIONS, args).await?;
        Ok(rows
            .into_iter()
            .map(|row| InstallationVersion {
                seq: db::count(row.seq),
                digest: row.digest,
                config: row.config,
                grants: row.grants,
                why: row.why,
                author: row.author,
                begun_at: Ts(row.begun_at),
            })
            .collect())
    }

    /// Lets a version wait, in place of one that waited.
    ///
    /// # Errors
    /// As [`TenantTx::run_version`].
    pub async fn put_pending_version(
        &mut self,
        id: InstallationId,
        digest: &str,
        author: &str,
        now: Ts,
    ) -> Result<()> {
        let args = args![self.tenant, id, digest, author, now];
        self.must("installation", PENDING_PUT, args).await
    }

    /// The version that waits, if one does.
    ///
    /// # Errors
    /// The database.
    pub async fn pending_version(&mut self, id: InstallationId) -> Result<Option<PendingVersion>> {
        let row: Option<(String, String, i64)> =
            self.tx.row(PENDING_GET, args![self.tenant, id]).await?;
        Ok(row.map(|(digest, author, at)| PendingVersion {
            digest,
            author,
            put_at: Ts(at),
        }))
    }

    /// Lets no version wait any more; whether one did.
    ///
    /// # Errors
    /// The database.
    pub async fn drop_pending_version(&mut self, id: InstallationId) -> Result<bool> {
        let gone = self.tx.run(PENDING_DROP, args![self.tenant, id]).await?;
        Ok(gone > 0)
    }
}
