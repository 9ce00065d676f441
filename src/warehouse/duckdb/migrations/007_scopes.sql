-- The scope that a load read, and what is needed to reconcile several scopes together. Before this version a company's window was one
-- scope, which had its name; the other three are null then. live_before: live rows of its names and of the whole window that its run read,
-- before it; unidentified: rejected rows without an id; held: rows that the source no longer shows and that stay live until their whole window is reconciled.
alter table pipeline.loads add column scope varchar;
alter table pipeline.loads add column live_before bigint;
alter table pipeline.loads add column unidentified bigint;
alter table pipeline.loads add column held bigint;
update pipeline.loads set scope = company;

-- Which complaint a rejected row is; null of one without an id, and of loads before this version.
alter table raw.cfpb_complaints_rejected add column complaint_id varchar;

-- The rows that loads hold, until their window is reconciled or their days are read again. unchanged_until: the last day on which an
-- earlier load saw the row.
create table pipeline.held_withdrawals (
  load_id varchar not null,
  complaint_id varchar not null,
  company varchar not null,
  received_on date not null,
  changed_on date not null,
  unchanged_until date
);
