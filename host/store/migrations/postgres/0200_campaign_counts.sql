-- The counts of a campaign by state, status and rule are read from this index alone.
drop index outbox_by_campaign;
create index outbox_by_campaign on outbox (tenant_id, campaign_id, state, status, rule) where campaign_id is not null;
-- So is what was said of a plugin's newest proposals.
drop index decisions_by_installation;
create index decisions_by_installation on decisions (tenant_id, installation_id, decision_id, stage, verdict, rule)
    where installation_id is not null;
