-- Times are milliseconds since 1970. `no` is the order of the runs: it never repeats.
create table runs (
  no integer primary key autoincrement,
  id text not null unique,
  name text not null,
  flow text not null,
  state text not null,
  -- What started it: cli, schedule, web, retry.
  trigger text not null,
  started_at integer not null,
  ended_at integer,
  as_of text not null,
  source text not null,
  database text not null,
  -- The settings it ran with, and what to do again.
  settings text not null,
  -- The lease: whose process it is.
  host text not null,
  pid integer not null,
  process_started text,
  boot text,
  heartbeat_at integer not null,
  cancel_requested_at integer,
  rows integer,
  changed integer,
  requests integer,
  bytes integer,
  error_code text,
  -- The document that `pipeline run --json` ends with.
  report text
);
create index runs_by_state on runs (state, no);
create index runs_by_start on runs (started_at, no);
create index runs_by_trigger on runs (trigger, no);
create index runs_by_name on runs (name, no);

create table tasks (
  run_no integer not null references runs (no) on delete cascade,
  position integer not null,
  name text not null,
  state text not null,
  attempts integer not null,
  started_at integer,
  ended_at integer,
  reason text,
  error text,
  rows integer not null default 0,
  bytes integer not null default 0,
  requests integer not null default 0,
  waited_ms integer not null default 0,
  -- Of this process while the task ran, other tasks beside it included; for dbt's task, dbt's own process.
  cpu_ms integer,
  peak_rss integer,
  primary key (run_no, name)
) without rowid;

create table attempts (
  run_no integer not null references runs (no) on delete cascade,
  task text not null,
  number integer not null,
  state text not null,
  started_at integer not null,
  ended_at integer,
  error text,
  wait_ms integer,
  primary key (run_no, task, number)
) without rowid;

-- Everything that happened, as facts; whoever shows it finds the words.
create table logs (
  run_no integer not null references runs (no) on delete cascade,
  seq integer not null,
  at integer not null,
  -- 10 debug, 20 info, 30 warning, 40 error.
  level integer not null,
  task text,
  type text not null,
  event text not null,
  primary key (run_no, seq)
) without rowid;
create index logs_by_level on logs (run_no, level, seq);
create index logs_by_task on logs (run_no, task, seq);

create table dbt_nodes (
  run_no integer not null references runs (no) on delete cascade,
  id text not null,
  name text not null,
  kind text not null,
  status text not null,
  duration_ms real not null,
  failures integer,
  message text,
  primary key (run_no, id)
) without rowid;

-- What the process and dbt used, a sample a second.
create table samples (
  run_no integer not null references runs (no) on delete cascade,
  at integer not null,
  cpu_ms integer not null,
  rss integer not null,
  primary key (run_no, at)
) without rowid;
