-- A campaign: one template to many people. next_at says when its runner looks again; null: nothing to do by itself.
create table campaigns (
    campaign_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    name text not null,
    state text not null,
    phone_number_id text not null,
    template_name text not null,
    template_language text not null,
    definition text not null,
    author text not null,
    plan text,
    plan_hash text,
    plan_round bigint not null default 0,
    planned_at bigint,
    approved_by text,
    approved_at bigint,
    approval_expires_at bigint,
    people bigint not null default 0,
    started_at bigint,
    spread_from_at bigint,
    spread_to_at bigint,
    spread_done bigint not null default 0,
    turned bigint not null default 0,
    tallied_at bigint,
    next_at bigint,
    paused_at bigint,
    reason text,
    reason_detail text,
    finished_at bigint,
    sent bigint not null default 0,
    failed bigint not null default 0,
    opted_out bigint not null default 0,
    sent_base bigint not null default 0,
    failed_base bigint not null default 0,
    opted_out_base bigint not null default 0,
    created_at bigint not null,
    revision bigint not null default 0,
    constraint campaigns_state_known check (state in ('draft', 'planned', 'approved', 'running', 'paused', 'stopped', 'done'))
);
create index campaigns_by_tenant on campaigns (tenant_id, campaign_id);
create index campaigns_awake on campaigns (state, next_at) where state in ('approved', 'running');

-- The audience as it was planned: one row per person, so nobody gets a campaign twice.
create table campaign_people (
    tenant_id text not null references tenants (tenant_id),
    campaign_id text not null references campaigns (campaign_id),
    contact_id text not null references contacts (contact_id),
    state text not null,
    planned text,
    rule text,
    outbox_id text,
    constraint campaign_people_pk primary key (tenant_id, campaign_id, contact_id),
    constraint campaign_people_state_known check (state in ('waiting', 'proposed', 'left_out', 'withdrawn'))
);
create index campaign_people_by_state on campaign_people (tenant_id, campaign_id, state, contact_id);

alter table outbox add column campaign_id text;
alter table outbox add column cost_micro bigint;
create index outbox_by_campaign on outbox (tenant_id, campaign_id, state, status) where campaign_id is not null;

-- Withdrawals by time: who left after a campaign reached them.
create index consent_events_withdrawals on consent_events (tenant_id, received_at) where kind in ('revoked', 'meta_stop');

-- What a tenant's messages of one month are estimated to cost, in millionths of the rate table's currency.
create table spend (
    tenant_id text not null references tenants (tenant_id),
    month text not null,
    micro bigint not null,
    constraint spend_pk primary key (tenant_id, month)
);

-- Both columns: without statistics PostgreSQL would rather walk all of a tenant's addresses for each person.
drop index contact_aliases_by_contact;
create index contact_aliases_by_contact on contact_aliases (tenant_id, contact_id);

-- In the order in which lanes are taken: thousands that became due at one instant need no sorting.
drop index lanes_ready;
create index lanes_ready on lanes (ready_at, phone_number_id, contact_id) where ready_at is not null;

-- In the order of sealing: a million imported consents are not sorted for every batch.
drop index decisions_unsealed;
create index decisions_unsealed on decisions (tenant_id, decided_at, decision_id) where sealed = 0;
drop index consent_events_unsealed;
create index consent_events_unsealed on consent_events (tenant_id, received_at, consent_event_id) where sealed = 0;

-- Both columns: SQLite took the index on (tenant_id, state) for a wamid, and read all messages for every status.
drop index outbox_by_wamid;
create index outbox_by_wamid on outbox (tenant_id, wamid, outbox_id) where wamid is not null;
create index outbox_by_tenant on outbox (tenant_id, outbox_id);
drop index outbox_untallied;
create index outbox_untallied on outbox (tenant_id, created_at, outbox_id)
    where tallied_state <> state or tallied_rank < status_rank;
