-- Who proposed what was judged, so that lists of verdicts need not look at the messages.
alter table decisions add column installation_id text;
alter table decisions add column campaign_id text;
update decisions set
    installation_id = (select o.installation_id from outbox o where o.outbox_id = decisions.outbox_id),
    campaign_id = (select o.campaign_id from outbox o where o.outbox_id = decisions.outbox_id);
-- One for each filter that may lead. Most messages are simply allowed: what is plain costs no entry.
create index decisions_by_contact on decisions (tenant_id, contact_id, decision_id);
create index decisions_by_campaign on decisions (tenant_id, campaign_id, decision_id) where campaign_id is not null;
create index decisions_by_installation on decisions (tenant_id, installation_id, decision_id)
    where installation_id is not null;
create index decisions_by_rule on decisions (tenant_id, rule, decision_id) where rule is not null;
create index decisions_by_verdict on decisions (tenant_id, verdict, decision_id) where verdict <> 'allow';
