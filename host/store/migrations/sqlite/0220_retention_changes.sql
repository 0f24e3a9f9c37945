-- Every time a tenant set its terms: which it set itself, who did and why; appended, never changed. What was set before
-- this was not kept.
create table retention_changes (
    tenant_id text not null references tenants (tenant_id),
    seq bigint not null,
    terms text not null,
    author text not null,
    reason text not null,
    set_at bigint not null,
    constraint retention_changes_pk primary key (tenant_id, seq)
);
