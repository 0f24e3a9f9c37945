-- What Meta said of a template holds until Meta says something later, by Meta's time in whole seconds.
alter table templates add column status_said_at bigint not null default 0;
alter table templates add column category_said_at bigint not null default 0;
alter table templates add column quality_said_at bigint not null default 0;
