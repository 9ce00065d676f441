-- The days that loads read completely, of each name of a company: ranges of which no two overlap or touch. The state's days are among
-- them; what is missing there was never read.
create table pipeline.loaded_days (
  company varchar not null,
  name varchar not null,
  range_from date not null,
  range_to date not null
);

-- What the ledger proves of the days that each state speaks of: all loads of a name, whatever company it belonged to then.
insert into pipeline.loaded_days
with read as (
  select s.company, s.name, greatest(l.window_from, s.loaded_from) as day_from, least(l.window_to, s.loaded_through) as day_to
  from (select company, unnest(names) as name, loaded_from, loaded_through from pipeline.state) s
  join pipeline.loads l on list_contains(l.names, s.name) and l.window_from <= s.loaded_through and l.window_to >= s.loaded_from
),
begun as (
  select *, max(day_to) over (partition by company, name order by day_from, day_to rows between unbounded preceding and 1 preceding) as before
  from read
),
numbered as (
  select *, count(*) filter (before is null or day_from > before + 1) over (partition by company, name order by day_from, day_to) as range_no
  from begun
)
select company, name, min(day_from), max(day_to) from numbered group by company, name, range_no;
