-- Conventions: ids and JSON are text, instants are Unix milliseconds in *_at, booleans are 0/1.
-- The two folders differ in BLOB/BYTEA only; a test compares them.
create table settings (
    key text primary key,
    value text not null
);

create table tenants (
    tenant_id text primary key,
    slug text not null,
    name text not null,
    mode text not null,
    language text not null,
    timezone text not null,
    country text not null,
    policy text not null,
    policy_revision text not null,
    data_key BLOB not null,
    stopped_at bigint,
    stop_reason text,
    created_at bigint not null,
    constraint tenants_slug_unique unique (slug),
    constraint tenants_mode_known check (mode in ('simulator', 'sandbox', 'live'))
);

create table apps (
    app text primary key,
    app_secret BLOB not null,
    verify_token BLOB not null,
    created_at bigint not null
);

create table numbers (
    phone_number_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    waba_id text not null,
    display text not null,
    access_token BLOB not null,
    mps bigint not null,
    tat_at bigint not null,
    stopped_at bigint,
    stop_reason text,
    created_at bigint not null
);
create index numbers_by_tenant on numbers (tenant_id);
create index numbers_by_waba on numbers (waba_id);

create table tokens (
    token_id text primary key,
    tenant_id text references tenants (tenant_id),
    label text not null,
    secret_sha256 text not null,
    created_at bigint not null,
    revoked_at bigint,
    constraint tokens_secret_unique unique (secret_sha256)
);

create table contacts (
    contact_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    name text,
    language text,
    country text,
    created_at bigint not null,
    erased_at bigint
);
create index contacts_by_tenant on contacts (tenant_id, contact_id);

-- Every spelling and id of a person; suppression matches any of them.
create table contact_aliases (
    tenant_id text not null references tenants (tenant_id),
    address text not null,
    contact_id text not null references contacts (contact_id),
    as_spelled text not null,
    since_at bigint not null,
    constraint contact_aliases_pk primary key (tenant_id, address)
);
create index contact_aliases_by_contact on contact_aliases (contact_id);

create table contact_attributes (
    contact_id text not null references contacts (contact_id),
    key text not null,
    value text not null,
    constraint contact_attributes_pk primary key (contact_id, key)
);

create table contact_tags (
    contact_id text not null references contacts (contact_id),
    tag text not null,
    constraint contact_tags_pk primary key (contact_id, tag)
);

-- Orders and appointments a person entered into: the basis of transactional messages.
create table transactions (
    tenant_id text not null references tenants (tenant_id),
    reference text not null,
    contact_id text not null references contacts (contact_id),
    state text not null,
    data text not null,
    opened_at bigint not null,
    closed_at bigint,
    constraint transactions_pk primary key (tenant_id, reference)
);
create index transactions_by_contact on transactions (contact_id, closed_at);

-- Append-only: no update but the seal, no delete.
create table consent_events (
    consent_event_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    kind text not null,
    scope text not null,
    event text not null,
    content_hash text not null,
    captured_at bigint not null,
    received_at bigint not null,
    sealed bigint not null default 0
);
create index consent_events_by_contact on consent_events (contact_id, captured_at);
create index consent_events_unsealed on consent_events (tenant_id, consent_event_id) where sealed = 0;

create table do_not_contact (
    tenant_id text not null references tenants (tenant_id),
    address text not null,
    scope text not null,
    reason text not null,
    author text not null,
    since_at bigint not null,
    constraint do_not_contact_pk primary key (tenant_id, address)
);

create table sandbox_people (
    tenant_id text not null references tenants (tenant_id),
    address text not null,
    confirmed_at bigint,
    constraint sandbox_people_pk primary key (tenant_id, address)
);

create table wordings (
    tenant_id text not null references tenants (tenant_id),
    name text not null,
    version bigint not null,
    language text not null,
    body text not null,
    yes_label text not null,
    no_label text not null,
    thanks text not null,
    promise_max bigint not null,
    promise_per text not null,
    created_at bigint not null,
    constraint wordings_pk primary key (tenant_id, name, version, language)
);

create table templates (
    waba_id text not null,
    name text not null,
    language text not null,
    tenant_id text not null references tenants (tenant_id),
    category text not null,
    status text not null,
    quality text not null,
    paused_until_at bigint,
    slots text not null,
    body text not null,
    synced_at bigint not null,
    constraint templates_pk primary key (waba_id, name, language)
);

create table conversations (
    phone_number_id text not null references numbers (phone_number_id),
    contact_id text not null references contacts (contact_id),
    tenant_id text not null references tenants (tenant_id),
    window_at bigint,
    window_wamid text,
    owner_installation_id text,
    human_since_at bigint,
    handover_reason text,
    pair_tat_at bigint not null default 0,
    constraint conversations_pk primary key (phone_number_id, contact_id)
);

-- What came in, byte for byte, before anybody understood it.
create table deliveries (
    delivery_id text primary key,
    app text not null,
    body BLOB not null,
    received_at bigint not null,
    updates bigint not null
);

-- One row per update of a delivery and per event of the shop's own or the host's.
create table inbox (
    event_id text primary key,
    delivery_id text,
    source text not null,
    field text not null,
    kind text not null,
    dedupe_key text not null,
    lane_key text not null,
    tenant_id text,
    waba_id text,
    phone_number_id text,
    contact_id text,
    payload text not null,
    state text not null,
    interpretation text not null,
    received_at bigint not null,
    due_at bigint not null,
    attempts bigint not null default 0,
    lease_owner text,
    lease_until_at bigint,
    fence bigint not null default 0,
    finished_at bigint,
    constraint inbox_dedupe_unique unique (dedupe_key),
    constraint inbox_state_known check (state in ('pending', 'done', 'unrouted', 'unhandled', 'broken', 'failed'))
);
create index inbox_due on inbox (due_at, event_id) where state = 'pending';
create index inbox_lane on inbox (lane_key, event_id) where state = 'pending';
create index inbox_by_tenant on inbox (tenant_id, event_id);

create table plugins (
    digest text primary key,
    plugin_id text not null,
    version text not null,
    kind text not null,
    manifest text not null,
    component BLOB not null,
    created_at bigint not null
);

create table installations (
    installation_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    digest text not null references plugins (digest),
    plugin_id text not null,
    kind text not null,
    position bigint not null,
    config text not null,
    grants text not null,
    handle_key BLOB not null,
    enabled bigint not null,
    failures_in_row bigint not null default 0,
    breaker_open_until_at bigint,
    breaker_opened bigint not null default 0,
    created_at bigint not null,
    constraint installations_once unique (tenant_id, plugin_id)
);

create table plugin_kv (
    installation_id text not null references installations (installation_id),
    key text not null,
    value BLOB not null,
    expires_at bigint,
    constraint plugin_kv_pk primary key (installation_id, key)
);

create table plugin_timers (
    timer_id text primary key,
    installation_id text not null references installations (installation_id),
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    phone_number_id text not null,
    name text not null,
    payload text not null,
    due_at bigint not null,
    constraint plugin_timers_once unique (installation_id, contact_id, name)
);
create index plugin_timers_due on plugin_timers (due_at);

create table plugin_calls (
    call_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    event_id text not null,
    digest text not null,
    outcome text not null,
    detail text not null,
    actions bigint not null,
    fuel bigint not null,
    peak_memory_bytes bigint not null,
    called_at bigint not null
);
create index plugin_calls_by_installation on plugin_calls (installation_id, call_id);

create table plugin_logs (
    installation_id text not null references installations (installation_id),
    event_id text not null,
    line_no bigint not null,
    level text not null,
    line text not null,
    logged_at bigint not null,
    constraint plugin_logs_pk primary key (installation_id, event_id, line_no)
);

create table metric_events (
    tenant_id text not null references tenants (tenant_id),
    installation_id text not null references installations (installation_id),
    event_id text not null,
    action_index bigint not null,
    name text not null,
    value bigint not null,
    labels text not null,
    at bigint not null,
    constraint metric_events_pk primary key (installation_id, event_id, action_index)
);

-- Every proposal, from first sight to its end. Nothing leaves this table.
create table outbox (
    outbox_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    proposal_key text not null,
    content_hash text not null,
    event_id text,
    installation_id text,
    phone_number_id text not null,
    contact_id text not null references contacts (contact_id),
    class text not null,
    purpose text not null,
    topic text,
    origin text not null,
    is_promotional bigint not null,
    is_template bigint not null,
    template_name text,
    proposal text not null,
    state text not null,
    rule text,
    not_before_at bigint not null,
    expires_at bigint not null,
    created_at bigint not null,
    begun_at bigint,
    settled_at bigint,
    tries bigint not null default 0,
    wamid text,
    status text,
    status_rank bigint not null default 0,
    status_at bigint,
    error_code bigint,
    error_title text,
    admission_decision_id text,
    dispatch_decision_id text,
    constraint outbox_key_unique unique (tenant_id, proposal_key)
);
create index outbox_lane on outbox (phone_number_id, contact_id, class, outbox_id) where state in ('queued', 'deferred');
create index outbox_by_contact on outbox (contact_id, created_at);
create index outbox_by_wamid on outbox (wamid) where wamid is not null;
create index outbox_by_state on outbox (tenant_id, state);
create index outbox_by_installation on outbox (installation_id, created_at) where installation_id is not null;

-- Lane: ordered queue of one (number, person, class). ready_at null means empty.
create table lanes (
    phone_number_id text not null,
    contact_id text not null,
    class text not null,
    tenant_id text not null references tenants (tenant_id),
    ready_at bigint,
    lease_owner text,
    lease_until_at bigint,
    fence bigint not null default 0,
    constraint lanes_pk primary key (phone_number_id, contact_id, class)
);
create index lanes_ready on lanes (ready_at) where ready_at is not null;

-- An attempt row committed means the attempt has begun.
create table attempts (
    attempt_id text primary key,
    outbox_id text not null references outbox (outbox_id),
    tenant_id text not null references tenants (tenant_id),
    phone_number_id text not null,
    contact_id text not null,
    state text not null,
    begun_at bigint not null,
    lease_owner text not null,
    lease_until_at bigint not null,
    ended_at bigint,
    http_status bigint,
    error_code bigint,
    wamid text,
    constraint attempts_state_known check (state in ('begun', 'accepted', 'refused', 'not_sent', 'unknown'))
);
-- One attempt in flight per (number, person), whoever claims.
create unique index attempts_one_in_flight on attempts (phone_number_id, contact_id) where state = 'begun';
create index attempts_by_outbox on attempts (outbox_id);

create table status_events (
    tenant_id text not null references tenants (tenant_id),
    wamid text not null,
    status text not null,
    outbox_id text,
    at bigint not null,
    error_code bigint,
    pricing text,
    constraint status_events_pk primary key (tenant_id, wamid, status)
);

-- Append-only: one row per judgement that counts (admission, each dispatch round).
create table decisions (
    decision_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    outbox_id text not null,
    contact_id text not null,
    stage text not null,
    verdict text not null,
    rule text,
    record text not null,
    content_hash text not null,
    decided_at bigint not null,
    sealed bigint not null default 0
);
create index decisions_by_outbox on decisions (outbox_id, decision_id);
create index decisions_by_tenant on decisions (tenant_id, decision_id);
create index decisions_unsealed on decisions (tenant_id, decision_id) where sealed = 0;

-- The chain: written in batches by the sealer, never inside a claim.
create table seals (
    tenant_id text not null references tenants (tenant_id),
    seq bigint not null,
    item_id text not null,
    item_hash text not null,
    prev_hash text not null,
    hash text not null,
    sealed_at bigint not null,
    constraint seals_pk primary key (tenant_id, seq),
    constraint seals_item_unique unique (item_id)
);
