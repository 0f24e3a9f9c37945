//! What a plugin was seen to use of what it may: its newest proposals, and what else is kept of its calls.

use portero_domain::ids::InstallationId;

use crate::db;
use crate::error::Result;
use crate::tx::TenantTx;

/// A kind of proposal that a plugin made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedKind {
    /// `text`, `media`, `interactive`, `reaction` or `template`; empty when the person was erased.
    pub content: String,
    /// What for.
    pub purpose: String,
    /// The template, if it was one.
    pub template: Option<String>,
}

/// What is kept of a plugin's calls beside its proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptOfCalls {
    /// Calls, at most 20.
    pub calls: u64,
    /// Whether there is a line of its own log.
    pub log: bool,
    /// Whether it remembers something.
    pub kv: bool,
    /// Whether it counted something.
    pub metric: bool,
}

statements! {
    USES_PROPOSED = "select distinct coalesce(o.proposal ->> '$.content.type', '') as content, o.purpose, o.template_name
        from (select proposal, purpose, template_name from outbox
            where tenant_id = $1 and installation_id = $2 order by created_at desc limit $3) o
        order by content, o.purpose, o.template_name",
        postgres = "select distinct coalesce(cast(o.proposal as jsonb) #>> '{content,type}', '') as content, o.purpose,
            o.template_name
        from (select proposal, purpose, template_name from outbox
            where tenant_id = $1 and installation_id = $2 order by created_at desc limit $3) o
        order by content, o.purpose, o.template_name";
    USES_KEPT = "select (select count(*) from (select 1 as one from plugin_calls where tenant_id = $1
                and installation_id = $2 limit 20) c),
            case when exists (select 1 from plugin_logs l where l.installation_id = i.installation_id
                and l.level <> 'host') then 1 else 0 end,
            case when exists (select 1 from plugin_kv k where k.installation_id = i.installation_id) then 1 else 0 end,
            case when exists (select 1 from metric_events m where m.installation_id = i.installation_id) then 1 else 0 end
        from installations i where i.tenant_id = $1 and i.installation_id = $2",
        postgres = "select (select count(*) from (select 1 as one from plugin_calls where tenant_id = $1
                and installation_id = $2 limit 20) c),
            cast(case when exists (select 1 from plugin_logs l where l.installation_id = i.installation_id
                and l.level <> 'host') then 1 else 0 end as bigint),
            cast(case when exists (select 1 from plugin_kv k where k.installation_id = i.installation_id)
                then 1 else 0 end as bigint),
            cast(case when exists (select 1 from metric_events m where m.installation_id = i.installation_id)
                then 1 else 0 end as bigint)
        from installations i where i.tenant_id = $1 and i.installation_id = $2";
}

impl TenantTx<'_> {
    /// Kinds of the newest proposals of a plugin, each once.
    ///
    /// # Errors
    /// The database.
    pub async fn proposed_kinds(
        &mut self,
        id: InstallationId,
        newest: usize,
    ) -> Result<Vec<ProposedKind>> {
        let args = args![self.tenant, id, db::limit(newest)];
        let rows: Vec<(String, String, Option<String>)> = self.tx.rows(USES_PROPOSED, args).await?;
        let kinds = rows
            .into_iter()
            .map(|(content, purpose, template)| ProposedKind {
                content,
                purpose,
                template,
            });
        Ok(kinds.collect())
    }

    /// What is kept of a plugin's calls; nothing when the tenant has no such installation.
    ///
    /// # Errors
    /// The database.
    pub async fn kept_of_calls(&mut self, id: InstallationId) -> Result<Option<KeptOfCalls>> {
        let row: Option<(i64, i64, i64, i64)> =
            self.tx.row(USES_KEPT, args![self.tenant, id]).await?;
        Ok(row.map(|(calls, log, kv, metric)| KeptOfCalls {
            calls: db::count(calls),
            log: log != 0,
            kv: kv != 0,
            metric: metric != 0,
        }))
    }
}
