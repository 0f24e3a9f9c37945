-- Secrets of the shop's own systems that a plugin's requests may carry; sealed. Hosts: where each may go, as the
-- plugin's manifest said when it was set, with commas between them.
create table installation_secrets (
    installation_id text not null references installations (installation_id),
    tenant_id text not null references tenants (tenant_id),
    name text not null,
    hosts text not null,
    secret BLOB not null,
    set_at bigint not null,
    constraint installation_secrets_pk primary key (installation_id, name)
);
