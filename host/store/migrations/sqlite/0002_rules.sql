-- What one person was sent as promotion, and what Meta kept back of it: the frequency rules ask at
-- every judgement, and most of a talkative person's rows are answers.
create index outbox_promotions on outbox (contact_id, begun_at) where is_promotional = 1;
