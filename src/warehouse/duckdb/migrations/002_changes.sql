-- The as-of day of the load that first saw the row; null where it cannot tell when the row appeared: the first load of a company,
-- and days that no load had looked at before.
alter table raw.cfpb_complaints add column _first_seen_on date;

-- What loads found changed: one row for each field of a complaint that has another value than before.
create table raw.cfpb_complaint_changes (
  complaint_id varchar not null,
  field varchar not null,
  old_value varchar,
  new_value varchar,
  -- The as-of day of the load that saw it first.
  changed_on date not null,
  _load_id varchar not null,
  _loaded_at timestamptz not null
);
