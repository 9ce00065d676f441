-- Times are milliseconds since 1970.
create table schedules (
  name text primary key,
  cron text not null,
  -- IANA name of the time zone that the cron expression is read in.
  timezone text not null,
  catch_up text not null check (catch_up in ('latest', 'none', 'all')),
  overlap text not null check (overlap in ('skip', 'queue')),
  jitter_seconds integer not null,
  late_after_minutes integer not null,
  -- Arguments of `pipeline run`, a JSON list.
  run_options text not null,
  paused integer not null default 0,
  created_at integer not null,
  -- The first time that is not in `slots` yet; null where the expression names no further one.
  next_due_at integer
) without rowid;

-- A time at which a schedule was due. Its row is made once, by whichever scheduler comes first.
create table slots (
  schedule text not null references schedules (name) on delete cascade,
  due_at integer not null,
  -- The due time with the jitter.
  start_at integer not null,
  -- due, started, ended, skipped (another run was under way), missed (no scheduler was running).
  state text not null,
  started_at integer,
  -- Whose process started it, as JSON: a start whose process died before the run was there is done again.
  starter text,
  run_id text,
  exit_code integer,
  -- Told that it is late.
  late_at integer,
  primary key (schedule, due_at)
) without rowid;
create index slots_by_state on slots (state, start_at);
