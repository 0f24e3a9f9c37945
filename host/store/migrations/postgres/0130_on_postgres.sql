-- What a status changes stands in no index any more, so that Postgres changes the row alone: a message with three
-- statuses had all its index entries written three times over. Whether a message is to be shown to analytics is a
-- column of its own, which is true from the first change until it is shown.
alter table outbox add column untallied boolean generated always as (tallied_state <> state or tallied_rank < status_rank) stored;
drop index outbox_untallied;
create index outbox_untallied on outbox (tenant_id, created_at, outbox_id) where untallied;
drop index outbox_by_campaign;
create index outbox_by_campaign on outbox (tenant_id, campaign_id, state) where campaign_id is not null;
alter table outbox set (fillfactor = 70);
