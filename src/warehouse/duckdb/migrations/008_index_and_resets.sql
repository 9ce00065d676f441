-- The source's index as the last run that committed found it, of each source: how many complaints it had in all, and `_meta.last_indexed`.
create table pipeline.index_states (
  source varchar not null,
  rows bigint,
  last_indexed varchar,
  seen_at timestamptz not null
);

-- From which load on the parts of a company's windows count again: its state was forgotten after it.
create table pipeline.resets (
  company varchar not null,
  through_load_no bigint not null
);
