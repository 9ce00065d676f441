select
  company,
  count(*) as total_complaints,
  {{ timely_and_disputed() }},
  {{ average_days() }},
  {{ day_range() }},
  {{ first_and_last_day() }}
from {{ ref('fct_complaints') }}
where company is not null
group by company
