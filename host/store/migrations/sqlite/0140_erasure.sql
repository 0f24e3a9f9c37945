-- Erasure of one person. What stays to be asked for by an address is a keyed hash of it.
alter table tenants add column mark_key BLOB default null;

-- Texts of a consent event enter its hash under its salt; erased, the event holds the commitments and no salt.
alter table consent_events add column salt text;

create table erasures (
    contact_id text primary key references contacts (contact_id),
    tenant_id text not null references tenants (tenant_id),
    reason text not null,
    author text not null,
    scope text not null,
    blocked text,
    done text not null,
    erased_at bigint not null,
    returned_at bigint,
    constraint erasures_scope_known check (scope in ('promotional', 'all'))
);

create table tombstones (
    tenant_id text not null references tenants (tenant_id),
    mark text not null,
    contact_id text not null references contacts (contact_id),
    constraint tombstones_pk primary key (tenant_id, mark)
);
