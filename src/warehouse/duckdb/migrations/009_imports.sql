-- Loads of files that may not have every complaint of their days: that one is not in them says nothing.
create table pipeline.imports (
  load_id varchar not null
);
