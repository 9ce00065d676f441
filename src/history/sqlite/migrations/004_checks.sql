-- The checks of a model run as one node: which they are, and how each ended.
alter table dbt_nodes add column model text;
alter table dbt_nodes add column checks text not null default '[]';
