-- Every policy a tenant ever had, with who set it and why; appended, never changed. The revision that decision
-- records name is one of these.
create table policy_revisions (
    tenant_id text not null references tenants (tenant_id),
    seq bigint not null,
    revision text not null,
    policy text not null,
    author text not null,
    reason text not null,
    set_at bigint not null,
    constraint policy_revisions_pk primary key (tenant_id, seq)
);
create index policy_revisions_by_revision on policy_revisions (tenant_id, revision, seq);

-- Where every tenant stands; what it had before was not kept.
insert into policy_revisions (tenant_id, seq, revision, policy, author, reason, set_at)
select tenant_id, 1, policy_revision, policy, 'host', '', created_at from tenants;
