-- Free-form messages that a number began to send in a month of its tenant's time zone: the first thousand are free.
create table service_messages (
    tenant_id text not null references tenants (tenant_id),
    phone_number_id text not null,
    month text not null,
    begun bigint not null,
    constraint service_messages_pk primary key (tenant_id, phone_number_id, month)
);

-- They were kept only while there was a budget, so months have gaps: they are added up anew from the messages.
delete from spend;
