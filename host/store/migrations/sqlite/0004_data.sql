-- What the shop tells about its people: purchases, carts, imports; and what is made of it: segments.
create table purchases (
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    reference text not null,
    at bigint not null,
    amount_milli bigint not null,
    currency text not null,
    constraint purchases_pk primary key (tenant_id, reference)
);
create index purchases_by_contact on purchases (contact_id, at);

-- The newest cart of a person; older news about it than `updated_at` changes nothing.
create table carts (
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    reference text not null,
    state text not null,
    amount_milli bigint,
    currency text,
    data text not null,
    updated_at bigint not null,
    constraint carts_pk primary key (tenant_id, contact_id),
    constraint carts_state_known check (state in ('open', 'ordered', 'emptied'))
);

-- The last time of each kind of interaction. due_at: when to look at the person's segments again;
-- null means that nothing has changed. A batch that is being looked at carries its end of patience.
create table contact_activity (
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    inbound_at bigint,
    delivered_at bigint,
    read_at bigint,
    clicked_at bigint,
    due_at bigint,
    constraint contact_activity_pk primary key (tenant_id, contact_id)
);
create index contact_activity_due on contact_activity (due_at) where due_at is not null;
create index contact_activity_due_of on contact_activity (tenant_id, due_at, contact_id) where due_at is not null;

-- What an installation offers: titles is JSON {language: title}.
create table segments (
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    segment text not null,
    titles text not null,
    position bigint not null,
    constraint segments_pk primary key (tenant_id, installation_id, segment)
);

create table segment_members (
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    segment text not null,
    contact_id text not null references contacts (contact_id),
    reason text not null,
    since_at bigint not null,
    constraint segment_members_pk primary key (tenant_id, installation_id, segment, contact_id)
);
create index segment_members_by_contact on segment_members (contact_id, installation_id);

-- How a segmentation plugin does: one row per installation. listed_for: component and settings that
-- `segments` was read for.
create table segmentations (
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    listed_for text not null,
    batches bigint not null default 0,
    contacts bigint not null default 0,
    faults bigint not null default 0,
    last_fault text,
    last_fault_at bigint,
    full_at bigint,
    constraint segmentations_pk primary key (tenant_id, installation_id)
);

-- People a plugin stumbled over last time; they stay in the segments they were in.
create table segment_faults (
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    contact_id text not null references contacts (contact_id),
    outcome text not null,
    at bigint not null,
    constraint segment_faults_pk primary key (tenant_id, installation_id, contact_id)
);

-- Full passes over everybody; position is the last person done.
create table segment_runs (
    run_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    why text not null,
    state text not null,
    position text not null default '',
    contacts_total bigint not null,
    contacts_done bigint not null default 0,
    changed bigint not null default 0,
    faults bigint not null default 0,
    last_fault text,
    started_at bigint not null,
    finished_at bigint,
    lease_owner text,
    lease_until_at bigint,
    fence bigint not null default 0,
    constraint segment_runs_state_known check (state in ('running', 'done', 'failed'))
);
create unique index segment_runs_one on segment_runs (installation_id) where state = 'running';
create index segment_runs_by_tenant on segment_runs (tenant_id, run_id);

-- A file being read. byte_offset and line_no are committed with the rows before them.
create table imports (
    import_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    label text not null,
    state text not null,
    dry_run bigint not null,
    format text not null,
    attestation text,
    bytes_total bigint,
    byte_offset bigint not null default 0,
    line_no bigint not null default 0,
    rows_seen bigint not null default 0,
    rows_new bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_bad bigint not null default 0,
    consents bigint not null default 0,
    consents_old bigint not null default 0,
    problem text,
    created_at bigint not null,
    updated_at bigint not null,
    finished_at bigint,
    constraint imports_state_known check (state in ('open', 'done', 'failed'))
);
create index imports_by_tenant on imports (tenant_id, import_id);

create table import_faults (
    tenant_id text not null references tenants (tenant_id),
    import_id text not null references imports (import_id),
    line_no bigint not null,
    reason text not null,
    detail text not null,
    line text not null,
    constraint import_faults_pk primary key (tenant_id, import_id, line_no)
);
