with months as (
  select
    state,
    complaint_month_date,
    complaint_year as year,
    complaint_month as month,
    count(*) as total_complaints,
    {{ timely() }},
    {{ response_mix() }}
  from {{ ref('fct_complaints') }}
  where state is not null
  group by all
)

select
  months.*,
  census.population,
  census.census_year,
  round(100000 * months.total_complaints / census.population, 2) as complaints_per_100k,
  {{ year_over_year('months.state') }}
from months
left join {{ ref('state_population') }} as census
  on months.state = census.state
