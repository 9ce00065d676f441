-- How late rows appear and settle. The only mart that counts withdrawn rows, in a column of their own.
with settled as (
  select
    complaint_id,
    min(days_since_received) as days_to_settle
  from {{ ref('fct_complaint_changes') }}
  where
    field = 'company_response'
    and old_value = 'In progress'
    and {{ is_settled('new_value') }}
    and {{ is_near('unchanged_until', 'changed_on') }}
  group by complaint_id
),

complaints as (
  select
    seen.company,
    seen.is_withdrawn,
    settled.days_to_settle,
    cast(date_trunc('month', seen.date_received) as date) as complaint_month_date,
    case when not seen.is_withdrawn then seen.days_to_publish end as days_to_publish
  from {{ ref('stg_cfpb__publication').include(database=false) }} as seen
  left join settled
    on seen.complaint_id = settled.complaint_id
  where seen.company is not null
)

select
  company,
  complaint_month_date,
  count(*) filter (not is_withdrawn) as total_complaints,
  count(*) filter (is_withdrawn) as withdrawn_complaints,
  count(days_to_publish) as complaints_seen_appearing,
  {{ spread('days_to_publish') }},
  {{ percentage('days_to_publish <= 15') }} as pct_published_within_15_days,
  count(days_to_settle) as complaints_seen_settling,
  {{ spread('days_to_settle') }}
from complaints
group by all
