-- A status changes no index (0130, 0201): the first page's index held Meta's word, and each status wrote all entries of its
-- message anew. How far a day's messages came is read from the rows; of a large day it is counted once in a while.
drop index outbox_by_tenant;
create index outbox_by_tenant on outbox (tenant_id, outbox_id, state);
