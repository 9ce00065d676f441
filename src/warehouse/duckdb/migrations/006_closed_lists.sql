-- Values outside of the closed lists that figures stand on were stored before loads looked at them. The last good one counts again, as the
-- change history has it, and none where there is no such one.
create temp table repaired as
with odd as (
  select complaint_id, _load_id, (date_received at time zone 'UTC')::date as received_on, unnest([
    {field: 'timely', value: timely, is_odd: timely not in ('Yes', 'No')},
    {field: 'consumer_disputed', value: consumer_disputed, is_odd: consumer_disputed not in ('Yes', 'No', 'N/A')},
    {field: 'has_narrative', value: has_narrative, is_odd: has_narrative not in ('true', 'false')}
  ]) as one
  from raw.cfpb_complaints
  where timely not in ('Yes', 'No') or consumer_disputed not in ('Yes', 'No', 'N/A') or has_narrative not in ('true', 'false')
),
good as (
  select complaint_id, field, last(old_value order by changed_on, _loaded_at) as value
  from raw.cfpb_complaint_changes
  where (field = 'timely' and old_value in ('Yes', 'No'))
    or (field = 'consumer_disputed' and old_value in ('Yes', 'No', 'N/A'))
    or (field = 'has_narrative' and old_value in ('true', 'false'))
  group by all
)
select odd.complaint_id, odd._load_id, odd.received_on, odd.one.field as field, odd.one.value as value, good.value as good
from odd left join good on good.complaint_id = odd.complaint_id and good.field = odd.one.field
where odd.one.is_odd;

insert into raw.cfpb_complaint_changes
  (complaint_id, field, old_value, new_value, changed_on, _load_id, _loaded_at, unchanged_until, received_on)
select complaint_id, field, value, good, current_date, _load_id, now(), null, received_on from repaired;

update raw.cfpb_complaints t set timely = r.good
from repaired r where r.field = 'timely' and r.complaint_id = t.complaint_id and r.value = t.timely;
update raw.cfpb_complaints t set consumer_disputed = r.good
from repaired r where r.field = 'consumer_disputed' and r.complaint_id = t.complaint_id and r.value = t.consumer_disputed;
update raw.cfpb_complaints t set has_narrative = r.good
from repaired r where r.field = 'has_narrative' and r.complaint_id = t.complaint_id and r.value = t.has_narrative;

drop table repaired;
