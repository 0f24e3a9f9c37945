-- Keys of plugins' authors that a tenant trusts, each for plugins of some ids; and where the components that it
-- installed came from, with the key that signed them. Empty is: not signed, brought as a file.
create table plugin_keys (
    tenant_id text not null references tenants (tenant_id),
    key_id text not null,
    public_key text not null,
    name text not null,
    prefixes text not null,
    author text not null,
    added_at bigint not null,
    replaced_by text not null,
    constraint plugin_keys_pk primary key (tenant_id, key_id)
);
create table installation_origins (
    installation_id text not null references installations (installation_id),
    tenant_id text not null references tenants (tenant_id),
    digest text not null,
    public_key text not null,
    source text not null,
    constraint installation_origins_pk primary key (installation_id, digest)
);
