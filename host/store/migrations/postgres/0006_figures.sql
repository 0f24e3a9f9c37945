-- Figures: outcomes derived from committed rows, shown to analytics plugins, and what they added up.
--
-- What of a message was shown already. A row is looked at again whenever it stands elsewhere.
alter table outbox add column tallied_state text not null default '';
alter table outbox add column tallied_rank bigint not null default 0;
alter table outbox add column tallied_label text;
alter table outbox add column tallied_at bigint;
-- When the person first wrote after it; each message is answered once.
alter table outbox add column answered_at bigint;
create index outbox_untallied on outbox (tenant_id, outbox_id) where tallied_state <> state or tallied_rank < status_rank;

alter table status_events add column tallied bigint not null default 0;
create index status_events_untallied on status_events (tenant_id, at) where status = 'failed' and tallied = 0;
alter table consent_events add column tallied bigint not null default 0;
create index consent_events_untallied on consent_events (tenant_id, consent_event_id) where tallied = 0;
alter table inbox add column tallied bigint not null default 0;
create index inbox_untallied on inbox (tenant_id, event_id) where tallied = 0 and kind = 'message';
alter table metric_events add column tallied bigint not null default 0;
create index metric_events_untallied on metric_events (tenant_id, at) where tallied = 0;

-- The feed: one row per outcome, numbered without gaps per tenant in the order of commit.
create table observations (
    tenant_id text not null references tenants (tenant_id),
    seq bigint not null,
    name text not null,
    at bigint not null,
    day text not null,
    labels text not null,
    value bigint not null,
    constraint observations_pk primary key (tenant_id, seq)
);

create table tally_heads (
    tenant_id text primary key references tenants (tenant_id),
    seq bigint not null
);

-- How far an analytics plugin has been shown the feed, and the metrics it declared.
create table tally_cursors (
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    seq bigint not null,
    digest text not null,
    metrics text not null,
    batches bigint not null,
    fault text,
    moved_at bigint not null,
    constraint tally_cursors_pk primary key (tenant_id, installation_id)
);

-- What analytics plugins added up. `day` is the tenant's own calendar day, YYYY-MM-DD.
create table metric_values (
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    metric text not null,
    labels text not null,
    day text not null,
    value bigint not null,
    constraint metric_values_pk primary key (tenant_id, installation_id, metric, labels, day)
);
create index metric_values_by_day on metric_values (tenant_id, installation_id, day);
