//! Links that show one verdict to somebody without a login.

use portero_domain::clock::Ts;
use portero_domain::ids::{DecisionId, ProofLinkId, TenantId};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A link to be kept.
#[derive(Clone, Debug)]
pub struct NewProofLink {
    /// Its id.
    pub id: ProofLinkId,
    /// The verdict it shows.
    pub decision: DecisionId,
    /// SHA-256 of its secret, as hex.
    pub secret_sha256: String,
    /// Who made it: a user or a token.
    pub author: String,
    /// Until when it shows it.
    pub expires_at: Ts,
}

/// A link as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofLinkRow {
    /// Its id.
    pub id: ProofLinkId,
    /// Whose.
    pub tenant: TenantId,
    /// The verdict it shows.
    pub decision: DecisionId,
    /// Who made it.
    pub author: String,
    /// When.
    pub made_at: Ts,
    /// Until when it shows it.
    pub expires_at: Ts,
    /// When somebody ended it.
    pub revoked_at: Option<Ts>,
    /// How often it was opened.
    pub opened: u64,
    /// The last time.
    pub opened_at: Option<Ts>,
}

/// Where an item stands in the chain of its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealRow {
    /// Position, from 1.
    pub seq: u64,
    /// Hash of the seal before it.
    pub prev_hash: String,
    /// Its own: SHA-256 over the one before and the item's hash, both as hex.
    pub hash: String,
    /// When it was sealed.
    pub sealed_at: Ts,
}

macro_rules! links {
    ($rest:literal) => {
        concat!(
            "select link_id, tenant_id, decision_id, author, made_at, expires_at, revoked_at, opened, opened_at
        from proof_links ",
            $rest
        )
    };
}

statements! {
    PROOF_LINK_PUT = "insert into proof_links (link_id, tenant_id, decision_id, secret_sha256, author, made_at, expires_at, opened)
        values ($2, $1, $3, $4, $5, $6, $7, 0)";
    PROOF_LINKS = links!("where tenant_id = $1 and decision_id = $2 order by link_id desc limit $3");
    PROOF_LINKS_OPEN = "select count(*) from proof_links
        where tenant_id = $1 and decision_id = $2 and revoked_at is null and expires_at > $3";
    PROOF_LINK_END = "update proof_links set revoked_at = $3
        where tenant_id = $1 and link_id = $2 and revoked_at is null";
    PROOF_LINK_BY_SECRET = links!("where secret_sha256 = $1");
    PROOF_LINK_OPENED = "update proof_links set opened = opened + 1, opened_at = $3
        where tenant_id = $1 and link_id = $2";
    SEAL_OF = "select seq, prev_hash, hash, sealed_at from seals where item_id = $2 and tenant_id = $1";
}

#[derive(sqlx::FromRow)]
struct Raw {
    link_id: String,
    tenant_id: String,
    decision_id: String,
    author: String,
    made_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    opened: i64,
    opened_at: Option<i64>,
}

impl Raw {
    fn read(self) -> Result<ProofLinkRow> {
        Ok(ProofLinkRow {
            id: json::id("link_id", &self.link_id)?,
            tenant: json::id("tenant_id", &self.tenant_id)?,
            decision: json::id("decision_id", &self.decision_id)?,
            author: self.author,
            made_at: Ts(self.made_at),
            expires_at: Ts(self.expires_at),
            revoked_at: self.revoked_at.map(Ts),
            opened: db::count(self.opened),
            opened_at: self.opened_at.map(Ts),
        })
    }
}

impl TenantTx<'_> {
    /// Keeps a new link.
    ///
    /// # Errors
    /// The database.
    pub async fn put_proof_link(&mut self, link: &NewProofLink, now: Ts) -> Result<()> {
        let args = args![
            self.tenant,
            link.id,
            link.decision,
            link.secret_sha256.as_str(),
            link.author.as_str(),
            now,
            link.expires_at
        ];
        self.tx.run(PROOF_LINK_PUT, args).await.map(drop)
    }

    /// Links to a verdict, newest first, at most `limit`; those that ended too.
    ///
    /// # Errors
    /// The database.
    pub async fn proof_links(
        &mut self,
        decision: DecisionId,
        limit: usize,
    ) -> Result<Vec<ProofLinkRow>> {
        let args = args![self.tenant, decision, db::limit(limit)];
        let rows: Vec<Raw> = self.tx.rows(PROOF_LINKS, args).await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// How many links to a verdict show it at `now`.
    ///
    /// # Errors
    /// The database.
    pub async fn open_proof_links(&mut self, decision: DecisionId, now: Ts) -> Result<u64> {
        let args = args![self.tenant, decision, now];
        let row: Option<(i64,)> = self.tx.row(PROOF_LINKS_OPEN, args).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Ends a link; `false` when there is none that had not ended.
    ///
    /// # Errors
    /// The database.
    pub async fn end_proof_link(&mut self, id: ProofLinkId, now: Ts) -> Result<bool> {
        let args = args![self.tenant, id, now];
        Ok(self.tx.run(PROOF_LINK_END, args).await? == 1)
    }

    /// Counts a look through a link.
    ///
    /// # Errors
    /// The database.
    pub async fn proof_link_opened(&mut self, id: ProofLinkId, now: Ts) -> Result<()> {
        let args = args![self.tenant, id, now];
        self.tx.run(PROOF_LINK_OPENED, args).await.map(drop)
    }

    /// Where a verdict stands in the chain; nothing while it is not sealed yet.
    ///
    /// # Errors
    /// The database.
    pub async fn seal_of(&mut self, decision: DecisionId) -> Result<Option<SealRow>> {
        let args = args![self.tenant, decision];
        let row: Option<(i64, String, String, i64)> = self.tx.row(SEAL_OF, args).await?;
        Ok(row.map(|(seq, prev_hash, hash, at)| SealRow {
            seq: db::count(seq),
            prev_hash,
            hash,
            sealed_at: Ts(at),
        }))
    }
}

impl SystemTx<'_> {
    /// The link that a secret opens, as it stands; whoever has it says no tenant.
    ///
    /// # Errors
    /// The database.
    pub async fn proof_link(&mut self, secret_sha256: &str) -> Result<Option<ProofLinkRow>> {
        let row: Option<Raw> = self
            .tx
            .row(PROOF_LINK_BY_SECRET, args![secret_sha256])
            .await?;
        row.map(Raw::read).transpose()
    }
}
