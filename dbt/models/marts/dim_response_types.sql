select
  company_response,
  count(*) as total_complaints,
  count(distinct company) as unique_companies,
  count(distinct product) as unique_products,
  count(distinct state) as unique_states,
  {{ shares() }},
  {{ average_days() }},
  {{ day_range() }},
  {{ first_and_last_day() }},
  {{ most_common('product') }} as most_common_product,
  {{ most_common('issue') }} as most_common_issue,
  {{ most_common('company') }} as most_complained_company
from {{ ref('fct_complaints') }}
where company_response is not null
group by company_response
