-- Where a tenant's own systems want to be told. kinds: ' a b ' with blanks around each word, or empty for all.
create table webhooks (
    webhook_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    url text not null,
    about text not null,
    kinds text not null,
    secret BLOB not null,
    old_secret BLOB default null,
    old_secret_until bigint,
    failing_since bigint,
    disabled_at bigint,
    disabled_reason text,
    delivered_at bigint,
    created_at bigint not null
);
create index webhooks_by_tenant on webhooks (tenant_id, webhook_id);

-- What was told, once for all endpoints.
create table notices (
    notice_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    kind text not null,
    body text not null,
    created_at bigint not null
);
create index notices_by_tenant on notices (tenant_id, created_at);

-- One row per notice and endpoint. next_at null: nothing to do by itself.
create table webhook_deliveries (
    tenant_id text not null references tenants (tenant_id),
    webhook_id text not null references webhooks (webhook_id),
    notice_id text not null references notices (notice_id),
    state text not null,
    tries bigint not null default 0,
    next_at bigint,
    lease_until_at bigint,
    constraint webhook_deliveries_pk primary key (tenant_id, webhook_id, notice_id),
    constraint webhook_deliveries_state_known check (state in ('waiting', 'delivered', 'given_up'))
);
create index webhook_deliveries_due on webhook_deliveries (next_at, notice_id, webhook_id) where next_at is not null;
create index webhook_deliveries_leased on webhook_deliveries (tenant_id, webhook_id, lease_until_at) where lease_until_at is not null;
create index webhook_deliveries_by_notice on webhook_deliveries (notice_id);

-- The log: one row per try. status: HTTP status of the answer; fault: why there was none.
create table webhook_tries (
    tenant_id text not null references tenants (tenant_id),
    webhook_id text not null references webhooks (webhook_id),
    notice_id text not null references notices (notice_id),
    tried_at bigint not null,
    try_no bigint not null,
    status bigint,
    fault text,
    took_ms bigint not null,
    constraint webhook_tries_pk primary key (tenant_id, webhook_id, notice_id, try_no)
);
create index webhook_tries_by_notice on webhook_tries (notice_id);
