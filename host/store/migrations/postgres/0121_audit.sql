-- Who did what: every change, and every look at a person. Ids alone, never what was said or asked.
create table audit (
    audit_id text primary key,
    done_at bigint not null,
    -- Of looks that repeat within a minute the last, and how many there were.
    last_at bigint not null,
    times bigint not null,
    tenant_id text,
    who text not null,
    token_id text,
    operation text not null,
    targets text not null,
    status bigint not null,
    same text,
    constraint audit_same_unique unique (same)
);
create index audit_by_time on audit (done_at);
create index audit_by_tenant on audit (tenant_id, audit_id);
create index audit_by_who on audit (who, audit_id);
