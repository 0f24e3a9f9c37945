-- Registries of people who want no advertising: whether one applies to the tenant, and the copy it loaded.
-- as_of: the day of that copy. edition: which rows are the copy; a new one is loaded beside it.
create table registries (
    tenant_id text not null references tenants (tenant_id),
    registry text not null,
    applies bigint not null,
    reason text not null,
    author text not null,
    as_of bigint,
    edition text,
    people bigint not null,
    file_sha256 text,
    loaded_at bigint,
    declared_at bigint not null,
    constraint registries_pk primary key (tenant_id, registry)
);
create table registry_people (
    tenant_id text not null references tenants (tenant_id),
    registry text not null,
    edition text not null,
    address text not null,
    listed_at bigint,
    constraint registry_people_pk primary key (tenant_id, registry, edition, address)
);
