-- The first page counts a day's messages by where they stand, from this index alone; it leads as before.
drop index outbox_by_tenant;
create index outbox_by_tenant on outbox (tenant_id, outbox_id, state, status_rank);

-- Who wrote last, of one tenant.
create index conversations_by_window on conversations (tenant_id, window_at) where window_at is not null;

-- What a month's messages are reckoned to cost, by what Meta charges for; counted as they begin. Those
-- without a known price are in `messages` and not in `priced`.
create table month_costs (
    tenant_id text not null references tenants (tenant_id),
    month text not null,
    category text not null,
    messages bigint not null,
    priced bigint not null,
    micro bigint not null,
    constraint month_costs_pk primary key (tenant_id, month, category)
);
