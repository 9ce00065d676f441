-- One row per product and sub-product, and one per product: distinct counts and medians do not add up from parts.
select
  product,
  sub_product,
  if(grouping(sub_product) = 1, 'product', 'sub_product') as level,
  count(*) as total_complaints,
  count(distinct company) as unique_companies,
  count(distinct state) as unique_states,
  {{ shares() }},
  {{ average_days() }},
  {{ first_and_last_day() }},
  {{ most_common('issue') }} as most_common_issue,
  {{ most_common('company') }} as most_complained_company
from {{ ref('fct_complaints') }}
where product is not null
group by grouping sets ((product, sub_product), (product))
