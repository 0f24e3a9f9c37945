-- The ledger of consent of a tenant, newest first.
create index consent_events_by_tenant on consent_events (tenant_id, consent_event_id);
