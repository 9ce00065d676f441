-- The PID namespace of the process: containers of one machine have the same host name and boot, and other processes of the same number.
alter table runs add column namespace text;

-- Starts that were refused before they were runs, until a run holds the warehouse: wrong usage or settings at night.
create table refusals (
  run_id text not null,
  at integer not null,
  trigger text not null,
  code text not null,
  message text not null,
  next text not null
);
