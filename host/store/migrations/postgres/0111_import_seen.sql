-- Whom a dry run has read of already: it writes no people, and a file may name somebody twice. Empty
-- once the file has ended.
create table import_seen (
    tenant_id text not null references tenants (tenant_id),
    import_id text not null references imports (import_id),
    address text not null,
    constraint import_seen_pk primary key (tenant_id, import_id, address)
);
