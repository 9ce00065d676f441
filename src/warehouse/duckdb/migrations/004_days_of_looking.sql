-- The UTC day on which the source was asked. Null of loads before this version: what they saw when is not known.
alter table pipeline.loads add column asked_on date;

-- The last day before _first_seen_on on which a load looked at the complaint's day of receipt and did not see it, and the date of receipt as
-- it was at first sight. _first_seen_on is, from now on, the day on which the source was asked; null where no load had looked before.
alter table raw.cfpb_complaints add column _unseen_until date;
alter table raw.cfpb_complaints add column _first_received_on date;

-- The last day before changed_on on which a load looked at the complaint, and the date of receipt as it was before the change. changed_on is,
-- from now on, the day on which the source was asked. Both are null of entries before this version.
alter table raw.cfpb_complaint_changes add column unchanged_until date;
alter table raw.cfpb_complaint_changes add column received_on date;
