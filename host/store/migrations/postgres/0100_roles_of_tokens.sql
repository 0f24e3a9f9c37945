-- What a token may do. Every token from before could do everything within its reach.
alter table tokens add column role text not null default 'owner';
-- When it ends by itself; null: never.
alter table tokens add column expires_at bigint;
-- Kept to the minute, so that reading costs no write.
alter table tokens add column last_used_at bigint;
create index tokens_by_tenant on tokens (tenant_id, token_id);
