-- Keys of requests that make something once, however often they are sent. `owner` is a tenant's id, or `server`.
-- Of the body only a hash is kept, without passwords; what was shown once is kept nowhere.
create table request_keys (
    owner text not null,
    operation text not null,
    key text not null,
    body_sha256 text not null,
    made_id text not null,
    made_at bigint not null,
    constraint request_keys_pk primary key (owner, operation, key)
);
create index request_keys_by_age on request_keys (owner, made_at);
