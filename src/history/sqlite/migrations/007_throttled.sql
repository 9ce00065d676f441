-- Requests of a task that the source refused because there were too many. Those of earlier versions were not counted.
alter table tasks add column throttled integer not null default 0;
