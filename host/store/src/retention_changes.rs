//! Who set a tenant's terms, and why. Appended, never changed.

use portero_domain::clock::Ts;
use portero_domain::retention::Days;

use crate::db;
use crate::error::Result;
use crate::retention::{settings, written};
use crate::tx::TenantTx;

/// Terms as they were set once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsChange {
    /// Those that the tenant set itself; the others were the host's.
    pub own: Days,
    /// User or token.
    pub author: String,
    /// In the author's words; empty where none were given.
    pub reason: String,
    /// When.
    pub set_at: Ts,
}

statements! {
    TERMS_ADD = "insert into retention_changes (tenant_id, seq, terms, author, reason, set_at)
        select cast($1 as text), coalesce(max(seq), 0) + 1, cast($2 as text), cast($3 as text), cast($4 as text),
            cast($5 as bigint)
        from retention_changes where tenant_id = $1";
    TERMS = "select terms, author, reason, set_at from retention_changes
        where tenant_id = $1 order by seq desc limit $2";
}

impl TenantTx<'_> {
    /// Keeps that these terms were set. Whoever calls it holds the tenant (see [`TenantTx::hold`]).
    ///
    /// # Errors
    /// The database.
    pub async fn keep_terms(&mut self, change: &TermsChange) -> Result<()> {
        let args = args![
            self.tenant,
            written(&change.own),
            change.author.as_str(),
            change.reason.as_str(),
            change.set_at
        ];
        self.tx.run(TERMS_ADD, args).await?;
        Ok(())
    }

    /// Terms that were set, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn terms_kept(&mut self, limit: usize) -> Result<Vec<TermsChange>> {
        let args = args![self.tenant, db::limit(limit)];
        let rows: Vec<(String, String, String, i64)> = self.tx.rows(TERMS, args).await?;
        rows.into_iter()
            .map(|(terms, author, reason, at)| {
                Ok(TermsChange {
                    own: settings(&terms)?,
                    author,
                    reason,
                    set_at: Ts(at),
                })
            })
            .collect()
    }
}
