-- Whose complaints a load read: live, sample, or an address without port and parameters. Null of loads before this version.
alter table pipeline.loads add column source varchar;

-- The tables of the schema marts that a build made: what is published. Null of builds before this version.
alter table pipeline.transforms add column marts varchar[];
