-- A company's settled complaints and those in progress are all that name a known response.
with counted as (
  select
    company,
    sum(in_progress_complaints + settled_complaints) as counted
  from {{ ref('agg_company_month') }}
  group by company
),

said as (
  select
    company,
    count(is_settled) as complaints
  from {{ ref('fct_complaints') }}
  where company is not null
  group by company
)

select
  counted.company,
  counted.counted,
  said.complaints
from counted
left join said
  on counted.company = said.company
where counted.counted is distinct from said.complaints
