-- People who came in from a list and whom no campaign has reached since: the first fifty of them go
-- alone, and the rest of the campaign waits until canary_until.
alter table campaign_people add column imported bigint not null default 0;
alter table campaigns add column imported bigint not null default 0;
alter table campaigns add column canary_until bigint;
create index consent_events_imported on consent_events (tenant_id, contact_id) where kind = 'granted_unconfirmed';
create index campaign_people_imported on campaign_people (tenant_id, campaign_id, state) where imported = 1;
