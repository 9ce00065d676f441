select
  state,
  count(*) as total_complaints,
  count(distinct company) as unique_companies,
  count(distinct product) as unique_products,
  count(distinct issue) as unique_issues,
  count(distinct zip_code) filter (not contains(zip_code, 'X')) as unique_zip_codes,
  {{ shares() }},
  {{ average_days() }},
  {{ day_range() }},
  {{ first_and_last_day() }},
  {{ most_common('product') }} as most_common_product,
  {{ most_common('issue') }} as most_common_issue,
  {{ most_common('company') }} as most_complained_company,
  {{ most_common('submitted_via') }} as most_common_submission_method
from {{ ref('fct_complaints') }}
where state is not null
group by state
