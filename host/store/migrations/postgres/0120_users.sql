-- People who log in to the console. Names are unique on the host. A removed one stays without a password,
-- so that the log of who did what still names it.
create table users (
    user_id text primary key,
    tenant_id text references tenants (tenant_id),
    name text not null,
    role text not null,
    password_hash text not null,
    created_at bigint not null,
    password_at bigint not null,
    last_login_at bigint,
    removed_at bigint
);
create unique index users_by_name on users (name) where removed_at is null;
create index users_by_tenant on users (tenant_id, name);
-- A session of the console is a token of its user.
alter table tokens add column user_id text references users (user_id);
create index tokens_by_user on tokens (user_id, token_id);
-- Logins that failed, counted by name, by address and by both. Names and addresses are hashed into buckets:
-- what somebody typed into the wrong field is not kept, and the table cannot grow without end.
create table login_counts (
    kind text not null,
    bucket bigint not null,
    failures bigint not null,
    last_at bigint not null,
    constraint login_counts_pk primary key (kind, bucket)
);
-- Browsers from which somebody logged in: guesses of strangers do not make them wait.
create table login_devices (
    secret_sha256 text primary key,
    user_id text not null references users (user_id),
    failures bigint not null,
    seen_at bigint not null
);
create index login_devices_by_user on login_devices (user_id, seen_at);
