-- An endpoint that somebody fetches from goes when nobody did for so long; null: it stays. By the machine's clock, as leases.
alter table webhooks add column fetch_within_ms bigint;
alter table webhooks add column fetched_until bigint;
create index webhooks_fetched_until on webhooks (fetched_until) where fetched_until is not null;
