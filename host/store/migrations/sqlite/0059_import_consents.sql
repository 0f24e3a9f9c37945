-- What a file says about consent, one row per person, until the whole file is known: nothing of it
-- counts before. captured_at is null where a line of this person claims nothing.
create table import_consents (
    tenant_id text not null references tenants (tenant_id),
    import_id text not null references imports (import_id),
    person text not null,
    line_no bigint not null,
    captured_at bigint,
    wording text,
    constraint import_consents_pk primary key (tenant_id, import_id, person)
);
