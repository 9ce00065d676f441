-- Every day of the years that complaints are from.
with years as (
  select
    min(complaint_year) as first_year,
    max(complaint_year) as last_year
  from {{ ref('fct_complaints') }}
),

days as (
  select unnest(generate_series(make_date(first_year, 1, 1), make_date(last_year, 12, 31), interval 1 day)) as instant
  from years
  where first_year is not null
),

dates as (
  select cast(instant as date) as date_day
  from days
)

select
  date_day,
  cast(year(date_day) as integer) as year,
  cast(quarter(date_day) as integer) as quarter,
  cast(month(date_day) as integer) as month,
  cast(date_trunc('month', date_day) as date) as month_date,
  cast(day(date_day) as integer) as day_of_month,
  cast(isodow(date_day) as integer) as day_of_week,
  cast(isoyear(date_day) as integer) as iso_year,
  cast(weekofyear(date_day) as integer) as iso_week,
  strftime(date_day, '%B') as month_name,
  strftime(date_day, '%A') as day_name,
  isodow(date_day) > 5 as is_weekend
from dates
