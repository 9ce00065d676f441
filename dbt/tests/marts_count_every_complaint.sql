-- Every mart counts every complaint that has its key exactly once, so that their sums are the same.
{% set keys = {
  'dim_companies': 'company', 'dim_products': 'product', 'dim_issues': 'issue', 'dim_states': 'state',
  'dim_response_types': 'company_response', 'agg_complaints_by_month': 'complaint_month_date',
  'agg_company_month': 'company', 'agg_state_month': 'state', 'agg_publication_lag': 'company'
} %}
with marts as (
  {% for mart, key in keys.items() %}
    {% if not loop.first %}union all{% endif %}
    select
      '{{ mart }}' as mart,
      coalesce(sum(total_complaints), 0) as counted
    from {{ ref(mart) }}
    {% if mart in ('dim_products', 'dim_issues') %}where level = '{{ key }}'{% endif %}
  {% endfor %}
),

facts as (
  {% for mart, key in keys.items() %}
    {% if not loop.first %}union all{% endif %}
    select
      '{{ mart }}' as mart,
      count({{ key }}) as complaints
    from {{ ref('fct_complaints') }}
  {% endfor %}
)

select
  marts.mart,
  marts.counted,
  facts.complaints
from marts
inner join facts
  on marts.mart = facts.mart
where marts.counted <> facts.complaints
