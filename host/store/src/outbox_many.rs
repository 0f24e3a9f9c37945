//! Many judged proposals written down in three statements: messages, records, lanes.

use serde::Serialize;
use serde_json::json;

use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId, DecisionId, InstallationId, OutboxId};
use portero_domain::proposal::{Origin, OutboxState};

use crate::db::Arg;
use crate::engine::EngineKind;
use crate::error::{Result, StoreError};
use crate::json;
use crate::model::{DecisionRow, NewOutbox};
use crate::tx::TenantTx;

statements! {
    OUTBOX_INSERT_MANY = "insert into outbox (tenant_id, contact_id, outbox_id, proposal_key, content_hash,
            installation_id, phone_number_id, class, purpose, topic, origin, is_promotional, is_template,
            template_name, proposal, state, rule, not_before_at, expires_at, created_at, settled_at,
            admission_decision_id, campaign_id, cost_micro)
        select c.tenant_id, c.contact_id, j.value ->> 'id', j.value ->> 'key', j.value ->> 'hash',
            j.value ->> 'inst', j.value ->> 'num', j.value ->> 'class', j.value ->> 'purpose', j.value ->> 'topic',
            j.value ->> 'origin', j.value ->> 'promo', j.value ->> 'tpl', j.value ->> 'tname',
            j.value ->> 'proposal', j.value ->> 'state', j.value ->> 'rule', j.value ->> 'nb', j.value ->> 'exp',
            j.value ->> 'made', j.value ->> 'settled', j.value ->> 'dec', j.value ->> 'cam', j.value ->> 'cost'
        from json_each($2) j cross join contacts c on c.contact_id = j.value ->> 'c' and +c.tenant_id = $1
        where true on conflict (tenant_id, proposal_key) do nothing",
        postgres = "insert into outbox (tenant_id, contact_id, outbox_id, proposal_key, content_hash,
            installation_id, phone_number_id, class, purpose, topic, origin, is_promotional, is_template,
            template_name, proposal, state, rule, not_before_at, expires_at, created_at, settled_at,
            admission_decision_id, campaign_id, cost_micro)
        select k.tenant_id, k.contact_id, j.id, j.key, j.hash, j.inst, j.num, j.class, j.purpose, j.topic,
            j.origin, j.promo, j.tpl, j.tname, j.proposal, j.state, j.rule, j.nb, j.exp, j.made, j.settled,
            j.dec, j.cam, j.cost
        from jsonb_to_recordset(cast($2 as jsonb)) as j(c text, id text, key text, hash text, inst text, num text,
            class text, purpose text, topic text, origin text, promo bigint, tpl bigint, tname text, proposal text,
            state text, rule text, nb bigint, exp bigint, made bigint, settled bigint, dec text, cam text, cost bigint)
        join contacts k on k.contact_id = j.c and k.tenant_id = $1
        where true order by j.id on conflict (tenant_id, proposal_key) do nothing";
    LANES_WAKE_MANY = "insert into lanes (tenant_id, phone_number_id, contact_id, class, ready_at)
        select o.tenant_id, o.phone_number_id, o.contact_id, o.class, min(o.not_before_at) from outbox o
        where o.tenant_id = $1 and o.outbox_id in (select value from json_each($2)) and o.state in ('queued', 'deferred')
        group by o.tenant_id, o.phone_number_id, o.contact_id, o.class
        on conflict (phone_number_id, contact_id, class) do update
        set ready_at = case when lanes.ready_at is null or lanes.ready_at > excluded.ready_at
            then excluded.ready_at else lanes.ready_at end
        where lanes.tenant_id = excluded.tenant_id",
        postgres = "insert into lanes (tenant_id, phone_number_id, contact_id, class, ready_at)
        select o.tenant_id, o.phone_number_id, o.contact_id, o.class, min(o.not_before_at) from outbox o
        where o.tenant_id = $1 and o.outbox_id in (select jsonb_array_elements_text(cast($2 as jsonb)))
          and o.state in ('queued', 'deferred')
        group by o.tenant_id, o.phone_number_id, o.contact_id, o.class
        order by o.phone_number_id, o.contact_id, o.class
        on conflict (phone_number_id, contact_id, class) do update
        set ready_at = case when lanes.ready_at is null or lanes.ready_at > excluded.ready_at
            then excluded.ready_at else lanes.ready_at end
        where lanes.tenant_id = excluded.tenant_id";
    DECISIONS_INSERT_MANY = "insert into decisions (decision_id, tenant_id, outbox_id, contact_id, installation_id,
            campaign_id, stage, verdict, rule, record, content_hash, decided_at)
        select j.value ->> 'id', cast($1 as text), j.value ->> 'o', j.value ->> 'c', j.value ->> 'i',
            j.value ->> 'cam', j.value ->> 's', j.value ->> 'v', j.value ->> 'r', j.value ->> 'rec', j.value ->> 'h', j.value ->> 'at' from json_each($2) j",
        postgres = "insert into decisions (decision_id, tenant_id, outbox_id, contact_id, installation_id,
            campaign_id, stage, verdict, rule, record, content_hash, decided_at)
        select j.id, cast($1 as text), j.o, j.c, j.i, j.cam, j.s, j.v, j.r, j.rec, j.h, cast(j.at as bigint)
        from unnest(cast($2 as text[]), cast($3 as text[]), cast($4 as text[]), cast($5 as text[]), cast($6 as text[]),
            cast($7 as text[]), cast($8 as text[]), cast($9 as text[]), cast($10 as text[]), cast($11 as text[]),
            cast($12 as text[])) as j(id, o, c, i, cam, s, v, r, rec, h, at)";
}

impl TenantTx<'_> {
    /// Writes judged proposals down with their records and wakes their lanes; says how many were new.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when one of them is another tenant's, or the database.
    pub async fn insert_outbox_many(
        &mut self,
        new: &[NewOutbox<'_>],
        decisions: &[DecisionRow],
        now: Ts,
    ) -> Result<u64> {
        if new.is_empty() {
            return Ok(0);
        }
        let mut rows = Vec::with_capacity(new.len());
        let mut waking = Vec::new();
        for one in new {
            let p = one.proposal;
            if p.tenant != self.tenant {
                return Err(StoreError::NotFound { what: "proposal" });
            }
            let campaign = match &p.origin {
                Origin::Campaign { campaign } => Some(*campaign),
                _ => None,
            };
            if matches!(one.state, OutboxState::Queued | OutboxState::Deferred) {
                waking.push(json!(p.id));
            }
            rows.push(json!({
                "c": p.contact, "id": p.id, "key": p.key, "hash": one.content_hash, "inst": one.installation,
                "num": p.sender, "class": p.class.as_str(), "purpose": p.purpose.as_str(), "topic": p.topic,
                "origin": p.origin.as_str(), "promo": i64::from(one.is_promotional),
                "tpl": i64::from(one.is_template), "tname": one.template_name,
                "proposal": json::canonical("proposal", p)?, "state": one.state.as_str(), "rule": one.rule,
                "nb": one.not_before, "exp": p.expires_at, "made": p.created_at,
                "settled": one.state.is_final().then_some(now), "dec": one.admission_decision,
                "cam": campaign, "cost": one.cost_micro,
            }));
        }
        let written = self
            .tx
            .run(OUTBOX_INSERT_MANY, args![self.tenant, json::rows(rows)])
            .await?;
        if !waking.is_empty() {
            self.tx
                .run(LANES_WAKE_MANY, args![self.tenant, json::rows(waking)])
                .await?;
        }
        self.insert_decisions(decisions).await?;
        Ok(written)
    }

    /// Appends records.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when one of them is another tenant's, or the database.
    pub async fn insert_decisions(&mut self, decisions: &[DecisionRow]) -> Result<()> {
        if decisions.is_empty() {
            return Ok(());
        }
        if decisions.iter().any(|d| d.tenant != self.tenant) {
            return Err(StoreError::NotFound { what: "proposal" });
        }
        let records = decisions
            .iter()
            .map(|d| {
                Ok(Record {
                    id: d.id,
                    o: d.outbox,
                    c: d.contact,
                    i: d.installation,
                    cam: d.campaign,
                    s: json::word("stage", &d.stage)?,
                    v: d.verdict.as_str(),
                    r: d.rule.as_deref(),
                    rec: &d.record,
                    h: &d.content_hash,
                    at: d.decided_at,
                })
            })
            .collect::<Result<Vec<Record<'_>>>>()?;
        let mut args = args![self.tenant];
        match self.tx.engine() {
            EngineKind::Sqlite => args.push(json::typed("decision records", &records)?),
            // Texts as they are: as JSON each record would be written, read and taken apart once more.
            EngineKind::Postgres => args.extend(columns(&records)),
        }
        self.tx.run(DECISIONS_INSERT_MANY, args).await?;
        self.await_seal(decisions.iter()).await
    }
}

/// A record as the statement takes it.
#[derive(Serialize)]
struct Record<'a> {
    id: DecisionId,
    o: OutboxId,
    c: ContactId,
    i: Option<InstallationId>,
    cam: Option<CampaignId>,
    s: String,
    v: &'a str,
    r: Option<&'a str>,
    rec: &'a str,
    h: &'a str,
    at: Ts,
}

/// The columns of records, for `unnest`.
fn columns(records: &[Record<'_>]) -> [Arg; 11] {
    let texts =
        |of: fn(&Record<'_>) -> Option<String>| Arg::Texts(records.iter().map(of).collect());
    [
        texts(|r| Some(r.id.to_string())),
        texts(|r| Some(r.o.to_string())),
        texts(|r| Some(r.c.to_string())),
        texts(|r| r.i.map(|id| id.to_string())),
        texts(|r| r.cam.map(|id| id.to_string())),
        texts(|r| Some(r.s.clone())),
        texts(|r| Some(r.v.to_owned())),
        texts(|r| r.r.map(str::to_owned)),
        texts(|r| Some(r.rec.to_owned())),
        texts(|r| Some(r.h.to_owned())),
        texts(|r| Some(r.at.0.to_string())),
    ]
}
