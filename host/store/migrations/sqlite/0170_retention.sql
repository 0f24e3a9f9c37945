-- How long each kind of data is kept: what a tenant set, JSON {kind: days}; and how far each walk has come.
alter table tenants add column retention text not null default '{}';

-- tenant_id is empty for what belongs to nobody. position: the last row that was looked at.
create table retention_walks (
    tenant_id text not null,
    part text not null,
    position text not null,
    gone bigint not null,
    moved_at bigint not null,
    constraint retention_walks_pk primary key (tenant_id, part)
);

-- Rows that a walk went past because they had not ended.
create table retention_left (
    tenant_id text not null references tenants (tenant_id),
    part text not null,
    row_id text not null,
    constraint retention_left_pk primary key (tenant_id, part, row_id)
);

-- When the item of a seal was dropped at the end of its term; its hash stays in the chain.
alter table seals add column dropped_at bigint;
