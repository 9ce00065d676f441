-- When each complaint that the source ever showed appeared here, and whether it was withdrawn since.
select
  complaint_id,
  company,
  {{ utc_day('date_received') }} as date_received,
  _first_seen_on as first_seen_on,
  _deleted_at is not null as is_withdrawn
from {{ source('raw', 'cfpb_complaints').include(database=false) }}
