-- Which cart a message or a timer speaks of (empty: the shop gave no reference), and as of when.
alter table outbox add column about_cart text;
alter table outbox add column about_at bigint;
create index outbox_about_cart on outbox (tenant_id, contact_id) where about_cart is not null;
alter table plugin_timers add column about_cart text;
alter table plugin_timers add column about_at bigint;

-- Carts that became orders. cart is empty when the order named none; told_at: when the shop said so.
create table cart_orders (
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    cart text not null,
    ordered_at bigint not null,
    told_at bigint not null,
    constraint cart_orders_pk primary key (tenant_id, contact_id, cart)
);
