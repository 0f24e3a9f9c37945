-- A person of the shop answers: who waits since when, and the history of every hand-over.
alter table conversations add column waiting_since_at bigint;
alter table conversations add column alerted_at bigint;
create index conversations_with_people on conversations (tenant_id, human_since_at) where human_since_at is not null;
create index conversations_waiting on conversations (waiting_since_at) where waiting_since_at is not null and alerted_at is null;
alter table tenants add column answer_within_ms bigint not null default 900000;

-- Append-only: handed over, answered, given back, unanswered; with note and author.
create table handover_events (
    event_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    phone_number_id text not null,
    contact_id text not null references contacts (contact_id),
    what text not null,
    note text not null,
    author text not null,
    at bigint not null
);
create index handover_events_by_contact on handover_events (tenant_id, contact_id, event_id);

-- The messages of one conversation, newest first.
create index inbox_messages on inbox (lane_key, event_id) where kind = 'message';

-- What Meta last said of a number; UNKNOWN until it says something.
alter table numbers add column quality text not null default 'UNKNOWN';
alter table numbers add column quality_at bigint;
alter table numbers add column verified_name text;
alter table numbers add column name_decision text;

-- What Meta last said of an account: how many people a day, and whether it may send at all.
create table accounts (
    tenant_id text not null references tenants (tenant_id),
    waba_id text not null,
    messaging_limit bigint,
    limit_at bigint,
    restriction text,
    restriction_reach text,
    restricted_at bigint,
    restricted_until_at bigint,
    review text,
    constraint accounts_pk primary key (tenant_id, waba_id)
);

-- Append-only: everything Meta said of a number, an account or a template, dated.
create table account_changes (
    event_id text not null,
    tenant_id text not null references tenants (tenant_id),
    subject text not null,
    name text not null,
    aspect text not null,
    value text not null,
    detail text not null,
    at bigint not null,
    constraint account_changes_pk primary key (event_id, aspect)
);
create index account_changes_by_subject on account_changes (tenant_id, subject, name, at);

-- People to whom the business wrote first, outside a window: the messaging limit counts them.
create table tier_recipients (
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    last_at bigint not null,
    constraint tier_recipients_pk primary key (tenant_id, contact_id)
);
create index tier_recipients_recent on tier_recipients (tenant_id, last_at);

-- An address a person has left stays theirs for suppression; nothing is sent to it.
alter table contact_aliases add column until_at bigint;
