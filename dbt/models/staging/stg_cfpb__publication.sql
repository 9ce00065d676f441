-- When each complaint that the source ever showed appeared here, and whether it was withdrawn since.
select
  complaint_id,
  company,
  {{ utc_day('date_received') }} as date_received,
  _first_seen_on as first_seen_on,
  _deleted_at is not null as is_withdrawn,
  case when {{ is_near('_unseen_until', '_first_seen_on') }} then _first_seen_on - _first_received_on end as days_to_publish
from {{ source('raw', 'cfpb_complaints').include(database=false) }}
