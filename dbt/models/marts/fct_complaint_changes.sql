select
  changes.complaint_id,
  changes.field,
  complaints.company,
  complaints.date_received,
  changes.changed_on,
  changes.old_value,
  changes.new_value,
  changes.load_id,
  changes.loaded_at,
  changes.changed_on - complaints.date_received as days_since_received
from {{ ref('stg_cfpb__complaint_changes').include(database=false) }} as changes
inner join {{ ref('fct_complaints') }} as complaints
  on changes.complaint_id = complaints.complaint_id
