-- One row per issue and sub-issue, and one per issue: distinct counts and medians do not add up from parts.
select
  issue,
  sub_issue,
  if(grouping(sub_issue) = 1, 'issue', 'sub_issue') as level,
  count(*) as total_complaints,
  count(distinct company) as unique_companies,
  count(distinct product) as unique_products,
  count(distinct state) as unique_states,
  {{ shares() }},
  {{ average_days() }},
  {{ first_and_last_day() }},
  {{ most_common('product') }} as most_common_product,
  {{ most_common('company') }} as most_complained_company
from {{ ref('fct_complaints') }}
where issue is not null
group by grouping sets ((issue, sub_issue), (issue))
