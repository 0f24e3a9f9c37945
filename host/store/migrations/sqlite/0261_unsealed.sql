-- Records that wait for their seal. A mark on the record itself wrote each of them a second time, whole. The column
-- `sealed` of decisions is read no more; taking it out would write all of them once more.
create table unsealed_decisions (
    decision_id text primary key,
    tenant_id text not null,
    content_hash text not null,
    decided_at bigint not null
);
insert into unsealed_decisions (decision_id, tenant_id, content_hash, decided_at)
    select decision_id, tenant_id, content_hash, decided_at from decisions where sealed = 0;
drop index decisions_unsealed;
