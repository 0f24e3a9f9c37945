-- What Postgres alone needs: SQLite writes the one entry of an index that changed.
-- A status changes no index (see 0130): the state and the rule of a message are settled before Meta speaks of it.
drop index outbox_by_campaign;
create index outbox_by_campaign on outbox (tenant_id, campaign_id, state, rule) where campaign_id is not null;
