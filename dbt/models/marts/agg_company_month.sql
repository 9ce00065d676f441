with months as (
  select
    company,
    complaint_month_date,
    complaint_year as year,
    complaint_month as month,
    count(*) as total_complaints,
    {{ timely() }},
    {{ narratives() }},
    {{ response_mix() }},
    {{ average_days() }}
  from {{ ref('fct_complaints') }}
  where company is not null
  group by all
)

select
  *,
  {{ year_over_year('company') }}
from months
