-- What ran for an installation, in order, so that it can be taken back; and a version that asks for more than the
-- one that runs, until somebody grants it.
create table installation_versions (
    installation_id text not null references installations (installation_id),
    tenant_id text not null references tenants (tenant_id),
    seq bigint not null,
    digest text not null references plugins (digest),
    config text not null,
    grants text not null,
    why text not null,
    author text not null,
    begun_at bigint not null,
    constraint installation_versions_pk primary key (installation_id, seq)
);
insert into installation_versions (installation_id, tenant_id, seq, digest, config, grants, why, author, begun_at)
    select installation_id, tenant_id, 1, digest, config, grants, 'installed', '', created_at from installations;
create table installation_pending (
    installation_id text primary key references installations (installation_id),
    tenant_id text not null references tenants (tenant_id),
    digest text not null references plugins (digest),
    author text not null,
    put_at bigint not null
);
