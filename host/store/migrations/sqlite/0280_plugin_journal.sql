-- Calls of plugins as they were: what a plugin was told, asked and answered, sealed with a key of its installation. With the
-- person it was about, so that an erasure finds it; one term lets go of the rest.
create table plugin_journal (
    tenant_id text not null references tenants (tenant_id),
    call_id text not null,
    installation_id text not null references installations (installation_id),
    contact_id text not null,
    called_at bigint not null,
    recording BLOB not null,
    constraint plugin_journal_pk primary key (tenant_id, call_id)
);
create index plugin_journal_by_contact on plugin_journal (contact_id);
