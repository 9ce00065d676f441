select
  complaint_month_date,
  complaint_year as year,
  complaint_month as month,
  count(*) as total_complaints,
  count(distinct company) as unique_companies,
  count(distinct product) as unique_products,
  count(distinct state) as unique_states,
  {{ shares() }},
  {{ average_days() }}
from {{ ref('fct_complaints') }}
group by all
