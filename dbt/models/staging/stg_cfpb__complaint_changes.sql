-- Values that loads found changed, those of withdrawn complaints too.
select
  complaint_id,
  field,
  old_value,
  new_value,
  changed_on,
  unchanged_until,
  received_on,
  _load_id as load_id,
  _loaded_at as loaded_at
from {{ source('raw', 'cfpb_complaint_changes').include(database=false) }}
