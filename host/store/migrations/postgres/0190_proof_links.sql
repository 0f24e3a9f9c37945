-- Links that show one verdict to somebody without a login. Of the secret only its hash is kept.
create table proof_links (
    link_id text primary key,
    tenant_id text not null references tenants (tenant_id),
    decision_id text not null,
    secret_sha256 text not null,
    author text not null,
    made_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint,
    opened bigint not null,
    opened_at bigint
);
create unique index proof_links_by_secret on proof_links (secret_sha256);
create index proof_links_by_decision on proof_links (tenant_id, decision_id, link_id);
