create schema if not exists raw;
create schema if not exists pipeline;

-- The source's fields as they are, with typed times. No primary key: docs/decisions/0004-keyless-merge.md.
create table raw.cfpb_complaints (
  complaint_id varchar not null,
  date_received timestamptz not null,
  date_sent_to_company timestamptz,
  product varchar,
  sub_product varchar,
  issue varchar,
  sub_issue varchar,
  company varchar,
  company_public_response varchar,
  company_response varchar,
  state varchar,
  zip_code varchar,
  tags varchar,
  submitted_via varchar,
  timely varchar,
  complaint_what_happened varchar,
  consumer_consent_provided varchar,
  consumer_disputed varchar,
  has_narrative varchar,
  _extra json,
  _load_id varchar not null,
  _loaded_at timestamptz not null,
  _deleted_at timestamptz
);

-- Rows that cannot be complaints, as they came.
create table raw.cfpb_complaints_rejected (
  load_id varchar not null,
  company varchar not null,
  reason varchar not null,
  row_text varchar not null,
  rejected_at timestamptz not null
);

-- The ledger: a row for every load that was reconciled and committed.
create table pipeline.loads (
  load_no bigint not null,
  load_id varchar not null,
  run_id varchar not null,
  company varchar not null,
  names varchar[] not null,
  window_from date not null,
  window_to date not null,
  last_indexed varchar,
  expected bigint not null,
  inserted bigint not null,
  updated bigint not null,
  deleted bigint not null,
  unchanged bigint not null,
  rejected bigint not null,
  live bigint not null,
  loaded_at timestamptz not null
);

-- What is remembered of each configured company. Written only after dbt succeeded (invariant 2).
create table pipeline.state (
  company varchar not null,
  names varchar[] not null,
  loaded_from date not null,
  loaded_through date not null,
  load_id varchar not null,
  run_id varchar not null,
  committed_at timestamptz not null
);

-- Which loads the marts show, and by which dbt project they were built.
create table pipeline.transforms (
  run_id varchar not null,
  through_load_no bigint not null,
  project varchar not null,
  finished_at timestamptz not null
);
