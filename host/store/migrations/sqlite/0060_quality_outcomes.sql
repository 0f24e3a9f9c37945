-- Quality of numbers and templates is an outcome too: taken once each.
alter table account_changes add column tallied bigint not null default 0;
create index account_changes_untallied on account_changes (tenant_id, at) where aspect = 'quality' and tallied = 0;
