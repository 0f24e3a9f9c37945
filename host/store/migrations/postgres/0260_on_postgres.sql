-- What Postgres alone needs: SQLite writes the one entry of an index that changed.
-- A status changes no index (see 0130 and 0201): with its rank in one, each of a message's statuses wrote all its
-- index entries anew. A day's messages are counted from their rows.
drop index outbox_by_tenant;
create index outbox_by_tenant on outbox (tenant_id, outbox_id, state);
-- Records of decisions are what is written most. This kind of compression takes a third of the usual one's time;
-- a server built without it keeps the usual one.
do $$ begin
    execute 'alter table decisions alter column record set compression lz4';
exception when others then null;
end $$;
