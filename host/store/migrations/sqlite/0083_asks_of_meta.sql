-- What Meta is to be asked again about a tenant, because a webhook or an error said that it changed.
create table meta_asks (
    tenant_id text not null references tenants (tenant_id),
    what text not null,
    asked_at bigint not null,
    due_at bigint not null,
    tries bigint not null default 0,
    lease_until_at bigint,
    constraint meta_asks_pk primary key (tenant_id, what),
    constraint meta_asks_what_known check (what in ('templates', 'numbers'))
);
create index meta_asks_due on meta_asks (due_at);
