//! Policies of a tenant, one after another: who set each and why. Appended, never changed.

use portero_domain::clock::Ts;
use portero_gate::Policy;

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// Who set what a tenant has had from its beginning.
pub const HOST: &str = "host";

/// One policy that holds or held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// Which of the tenant's, from 1.
    pub seq: i64,
    /// SHA-256 of the policy's canonical JSON, hex: what decision records name.
    pub revision: String,
    /// Every parameter, as it was kept.
    pub policy: Policy,
    /// User or token; [`HOST`] for what was there from the beginning.
    pub author: String,
    /// In the author's words; empty where the host made it.
    pub reason: String,
    /// When.
    pub set_at: Ts,
}

/// A policy to set.
#[derive(Clone, Copy, Debug)]
pub struct NewPolicy<'a> {
    /// Every parameter.
    pub policy: &'a Policy,
    /// Revision that holds now; if another does, nothing is set.
    pub from: &'a str,
    /// User or token.
    pub author: &'a str,
    /// In the author's words.
    pub reason: &'a str,
}

statements! {
    /// Whoever waited for the row while another policy was set finds it moved and changes nothing.
    POLICY_SET = "update tenants set policy = $2, policy_revision = $3 where tenant_id = $1 and policy_revision = $4";
    /// An older binary beside this one makes tenants without it.
    POLICY_FIRST = "insert into policy_revisions (tenant_id, seq, revision, policy, author, reason, set_at)
        select tenant_id, 1, policy_revision, policy, 'host', '', created_at from tenants where tenant_id = $1
          and not exists (select 1 from policy_revisions p where p.tenant_id = $1)";
    POLICY_ADD = "insert into policy_revisions (tenant_id, seq, revision, policy, author, reason, set_at)
        select cast($1 as text), coalesce(max(seq), 0) + 1, cast($2 as text), cast($3 as text), cast($4 as text),
            cast($5 as text), cast($6 as bigint)
        from policy_revisions where tenant_id = $1";
    POLICIES = "select seq, revision, policy, author, reason, set_at from policy_revisions
        where tenant_id = $1 and seq < $2 order by seq desc limit $3";
    /// Each by its newest place; two are enough to know that the beginning of a hash names more than one.
    POLICY_FIND = "select seq, revision, policy, author, reason, set_at from policy_revisions p
        where tenant_id = $1 and revision >= $2 and revision < $3
          and seq = (select max(q.seq) from policy_revisions q where q.tenant_id = $1 and q.revision = p.revision)
        order by seq desc limit 2";
}

#[derive(sqlx::FromRow)]
struct Raw {
    seq: i64,
    revision: String,
    policy: String,
    author: String,
    reason: String,
    set_at: i64,
}

impl Raw {
    fn read(self) -> Result<PolicyRow> {
        Ok(PolicyRow {
            seq: self.seq,
            revision: self.revision,
            policy: json::read("policy", &self.policy)?,
            author: self.author,
            reason: self.reason,
            set_at: Ts(self.set_at),
        })
    }
}

/// How a policy is kept, and its revision.
pub(crate) fn columns(policy: &Policy) -> Result<(String, String)> {
    let text = json::canonical("policy", policy)?;
    let revision = json::sha256_hex(text.as_bytes());
    Ok((text, revision))
}

/// The revision that a policy would have.
///
/// # Errors
/// It cannot be written down, which is a bug.
pub fn revision_of(policy: &Policy) -> Result<String> {
    Ok(columns(policy)?.1)
}

impl TenantTx<'_> {
    /// Keeps what the tenant begins with, where nothing is kept yet.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_policies(&mut self) -> Result<()> {
        self.tx.run(POLICY_FIRST, args![self.tenant]).await?;
        Ok(())
    }

    /// Sets what the tenant tunes and keeps who did and why. False when another policy than `from` holds.
    ///
    /// # Errors
    /// The database.
    pub async fn set_policy(&mut self, new: NewPolicy<'_>, now: Ts) -> Result<bool> {
        self.begin_policies().await?;
        let (text, revision) = columns(new.policy)?;
        let set = args![self.tenant, text.as_str(), revision.as_str(), new.from];
        if self.tx.run(POLICY_SET, set).await? == 0 {
            return Ok(false);
        }
        let args = args![self.tenant, revision, text, new.author, new.reason, now];
        self.tx.run(POLICY_ADD, args).await?;
        Ok(true)
    }

    /// Policies, newest first, older than the one of that place.
    ///
    /// # Errors
    /// The database.
    pub async fn policies(&mut self, before: Option<i64>, limit: usize) -> Result<Vec<PolicyRow>> {
        let args = args![self.tenant, before.unwrap_or(i64::MAX), db::limit(limit)];
        let rows: Vec<Raw> = self.tx.rows(POLICIES, args).await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// The policy of a revision, or of the beginning of one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when none or more than one is meant, or the database.
    pub async fn policy_of(&mut self, revision: &str) -> Result<PolicyRow> {
        // What follows in a hash sorts before `g`.
        let args = args![self.tenant, revision, format!("{revision}g")];
        let rows: Vec<Raw> = self.tx.rows(POLICY_FIND, args).await?;
        let mut rows = rows.into_iter();
        match (rows.next(), rows.next()) {
            (Some(one), None) => one.read(),
            _ => Err(StoreError::NotFound {
                what: "policy revision",
            }),
        }
    }
}
