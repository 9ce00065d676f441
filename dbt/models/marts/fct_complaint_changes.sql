select
  changes.complaint_id,
  changes.field,
  complaints.company,
  complaints.date_received,
  changes.changed_on,
  changes.unchanged_until,
  changes.old_value,
  changes.new_value,
  changes.load_id,
  changes.loaded_at,
  case when changes.unchanged_until is not null then changes.changed_on - changes.received_on end as days_since_received
from {{ ref('stg_cfpb__complaint_changes').include(database=false) }} as changes
inner join {{ ref('fct_complaints') }} as complaints
  on changes.complaint_id = complaints.complaint_id
