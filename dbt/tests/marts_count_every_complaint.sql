-- Every mart counts every complaint that has its key exactly once.
{% set keys = {
  'dim_companies': 'company', 'dim_products': 'product', 'dim_issues': 'issue', 'dim_states': 'state',
  'dim_response_types': 'company_response', 'agg_complaints_by_month': 'complaint_month_date'
} %}
with counted as (
  {%- for mart, key in keys.items() %}
  {{ 'union all' if not loop.first }}
  select
    '{{ mart }}' as mart,
    (select coalesce(sum(total_complaints), 0) from {{ ref(mart) }}
      {%- if mart in ('dim_products', 'dim_issues') %} where level = '{{ key }}'{% endif %}) as counted,
    (select count(*) from {{ ref('fct_complaints') }} where {{ key }} is not null) as complaints
  {%- endfor %}
)
select * from counted where counted <> complaints
