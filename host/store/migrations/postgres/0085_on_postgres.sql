-- Rows that are written by the thousand are checked against their person, number or message, and not once
-- more against the tenant these belong to: such a check is a query of its own for every row, and takes a lock
-- of the one tenant's row that all others take as well. No tenant, campaign or installation is ever deleted.
alter table campaign_people drop constraint campaign_people_tenant_id_fkey;
alter table campaign_people drop constraint campaign_people_campaign_id_fkey;
alter table contact_aliases drop constraint contact_aliases_tenant_id_fkey;
alter table contact_activity drop constraint contact_activity_tenant_id_fkey;
alter table consent_events drop constraint consent_events_tenant_id_fkey;
alter table segment_members drop constraint segment_members_tenant_id_fkey;
alter table segment_members drop constraint segment_members_installation_id_fkey;
alter table conversations drop constraint conversations_tenant_id_fkey;
alter table outbox drop constraint outbox_tenant_id_fkey;
alter table attempts drop constraint attempts_tenant_id_fkey;
alter table tier_recipients drop constraint tier_recipients_tenant_id_fkey;
alter table status_events drop constraint status_events_tenant_id_fkey;
alter table decisions drop constraint decisions_tenant_id_fkey;
alter table lanes drop constraint lanes_tenant_id_fkey;
alter table seals drop constraint seals_tenant_id_fkey;
-- Room on the page: a row whose indexed columns stay as they are is then changed without touching an index.
alter table campaign_people set (fillfactor = 50);
alter table contact_activity set (fillfactor = 70);
alter table conversations set (fillfactor = 70);
alter table lanes set (fillfactor = 70);
