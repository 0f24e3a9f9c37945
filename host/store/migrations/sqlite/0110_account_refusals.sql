-- The last message that Meta refused because the account is blocked (368) or locked (131031).
alter table accounts add column refused_code bigint;
alter table accounts add column refused_at bigint;
