-- What somebody has to write to the shop's number to get onto its list; null once they did.
alter table sandbox_people add column code text;
