-- Carts that were emptied. cart is empty when the shop did not say which; emptied_at: when it happened.
create table carts_emptied (
    tenant_id text not null references tenants (tenant_id),
    contact_id text not null references contacts (contact_id),
    cart text not null,
    emptied_at bigint not null,
    constraint carts_emptied_pk primary key (tenant_id, contact_id, cart)
);
