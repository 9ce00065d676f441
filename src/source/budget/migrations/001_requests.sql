-- A row for each request that was sent lately to a source, by any process of the home. `at` is milliseconds since the boot that `boot` names:
-- that clock is never set. `wall` is epoch milliseconds, by which a row of another boot is read.
create table requests (
  source text not null,
  class text not null,
  boot text not null,
  at real not null,
  wall integer not null
);
create index requests_of_class on requests (source, class, at);

-- Until when the source has asked to be left alone, and for how long that was.
create table pauses (
  source text not null,
  class text not null,
  boot text not null,
  until real not null,
  wall_until integer not null,
  ms integer not null,
  primary key (source, class)
);
