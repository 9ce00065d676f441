-- What is derived from one complaint.
select
  * exclude (timely, consumer_disputed, has_narrative),
  cast(year(date_received) as integer) as complaint_year,
  cast(month(date_received) as integer) as complaint_month,
  cast(date_trunc('month', date_received) as date) as complaint_month_date,
  case
    when date_sent_to_company >= date_received then cast(date_sent_to_company - date_received as integer)
  end as days_to_response,
  case timely when 'Yes' then true when 'No' then false end as is_timely_response,
  case consumer_disputed when 'Yes' then true when 'No' then false end as is_disputed,
  coalesce(
    case has_narrative when 'true' then true when 'false' then false end,
    case when complaint_what_happened is not null then true end
  ) as has_narrative
from {{ ref('stg_cfpb__complaints').include(database=false) }}
