-- Which Meta app speaks for a number: the one whose webhooks told of it last, else the only one there is.
alter table numbers add column app text not null default 'default';
update numbers set app = coalesce(
    (select d.app from inbox i join deliveries d on d.delivery_id = i.delivery_id
        where i.phone_number_id = numbers.phone_number_id and i.tenant_id = numbers.tenant_id
        order by i.received_at desc, i.event_id desc limit 1),
    (select min(a.app) from apps a having count(*) = 1),
    'default');
