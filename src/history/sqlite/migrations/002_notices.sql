-- What somebody is told about: one notice an incident, not one a night.
create table notices (
  no integer primary key autoincrement,
  id text not null unique,
  -- failed, crashed, late, recovered, firstSuccess.
  kind text not null,
  -- What is wrong, such as an error's code: the same one again is no news until it is over.
  incident text not null,
  -- The run that it is about; null for one that never started.
  run_no integer references runs (no) on delete cascade,
  at integer not null,
  -- The message as JSON.
  message text not null
);
create index notices_by_run on notices (run_no);

-- A notice on its way through one channel.
create table deliveries (
  notice_no integer not null references notices (no) on delete cascade,
  channel text not null,
  -- pending, sent, failed (given up).
  state text not null,
  attempts integer not null default 0,
  next_at integer not null,
  sent_at integer,
  error text,
  primary key (notice_no, channel)
) without rowid;
create index deliveries_by_state on deliveries (state, next_at);
