-- Statuses are claimed by themselves, many at a time: a person's message does not wait behind them.
drop index inbox_due;
create index inbox_due on inbox (due_at, event_id) where state = 'pending' and kind <> 'status';
create index inbox_due_statuses on inbox (due_at, event_id) where state = 'pending' and kind = 'status';
