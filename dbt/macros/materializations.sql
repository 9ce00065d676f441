{#- How the models of this project are built: in one transaction each, in place. Readers and a kill see the old relation or the new
    one. The adapter's own materializations build beside the old relation and rename both, which takes most of their time. -#}

{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
  {%- set target = this.incorporate(type='table') -%}
  {{ run_hooks(pre_hooks) }}
  {% call statement('main') -%}
    {{ drop_other_kind(load_cached_relation(this), 'table') }}
    {{ create_or_replace_table(target, compiled_code) }}
  {%- endcall %}
  {{ run_hooks(post_hooks) }}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
  {%- set target = this.incorporate(type='view') -%}
  {%- if config.get('contract').enforced -%}
    {{ exceptions.raise_compiler_error("The contract of a view is not enforced in this project: make it a table, or write checks (macros/checks.sql)") }}
  {%- endif -%}
  {{ run_hooks(pre_hooks) }}
  {% call statement('main') -%}
    {{ drop_other_kind(load_cached_relation(this), 'view') }}
    create or replace view {{ target }} as (
      {{ compiled_code }}
    );
  {%- endcall %}
  {{ run_hooks(post_hooks) }}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#- `create or replace` replaces a relation of its own kind only. -#}
{% macro drop_other_kind(old, kind) -%}
  {%- if old is not none and old.type != kind -%}
    drop {{ old.type }} if exists {{ old }};
  {%- endif -%}
{%- endmacro %}

{#- A table with the columns and types of its contract, in their order, where it has one. It has no constraints: checks say what must hold. -#}
{% macro create_or_replace_table(target, sql) -%}
  {%- if config.get('contract').enforced -%}
    {{ assert_no_constraints() }}
    {{ get_assert_columns_equivalent(sql) }}
    {%- set sql = get_select_subquery(sql) -%}
  {%- endif -%}
  create or replace table {{ target }} as (
    {{ sql }}
  );
{%- endmacro %}

{#- A constraint that is written and not created would look as if it held. -#}
{% macro assert_no_constraints() -%}
  {%- if model.constraints or model.columns.values() | selectattr('constraints') | list -%}
    {{ exceptions.raise_compiler_error("Constraints are not made by the models of this project: write checks instead (macros/checks.sql)") }}
  {%- endif -%}
{%- endmacro %}

{#- A seed is loaded unless its table is as it was loaded: from the same file, with the same types, with the rows that it had then. The
    comment on the table says so. -#}
{% materialization seed, adapter='duckdb' %}
  {%- set old = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='table') -%}
  {%- set file = 'of a file with SHA-256 ' ~ model.checksum.checksum ~ ', types ' ~ local_md5(tojson(config.get('column_types'), sort_keys=true)) -%}
  {%- set loaded = loaded_seed(target) if old is not none and old.is_table else {} -%}
  {#- Of a file over 1 MiB dbt knows only the path. -#}
  {%- set is_known = model.checksum.name != 'path' and not should_full_refresh() -%}
  {%- if is_known and loaded and loaded.comment == file ~ ', ' ~ loaded.contents -%}
    {% do store_result('agate_table', response='OK', agate_table=none) %}
    {% call noop_statement('main', 'UNCHANGED', 'UNCHANGED', 0) -%}
      -- the table is as it was loaded
    {%- endcall %}
  {%- else -%}
    {%- set rows = load_agate_table() -%}
    {% do store_result('agate_table', response='OK', agate_table=rows) %}
    {% call statement('drop_old') -%}
      drop {{ 'table' if old is none else old.type }} if exists {{ target }}
    {%- endcall %}
    {%- set created = create_csv_table(model, rows) -%}
    {%- set inserted = load_csv_rows(model, rows) -%}
    {% call statement('comment') -%}
      comment on table {{ target }} is '{{ file ~ ', ' ~ loaded_seed(target).contents }}'
    {%- endcall %}
    {% call noop_statement('main', 'CREATE ' ~ rows.rows | length, 'CREATE', rows.rows | length) -%}
      {{ get_csv_sql(created, inserted) }};
    {%- endcall %}
    {{ adapter.commit() }}
  {%- endif -%}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#- The comment on the table of a seed, and what the table has: the number and a hash of its rows, and a hash of its columns. -#}
{% macro loaded_seed(relation) -%}
  {%- set of_table = "database_name = '" ~ relation.database ~ "' and schema_name = '" ~ relation.schema ~ "' and table_name = '" ~ relation.identifier ~ "'" -%}
  {%- set columns = "select md5(string_agg(column_name || ' ' || data_type, ', ' order by column_index)) from duckdb_columns() where " ~ of_table -%}
  {%- set found = run_query(
    "select (select comment from duckdb_tables() where " ~ of_table ~ "), (select count(*) || ' rows, ' || coalesce(bit_xor(hash(t)), 0) from "
    ~ relation ~ " as t) || ', columns ' || (" ~ columns ~ ")"
  ) -%}
  {{ return({'comment': found.columns[0].values()[0], 'contents': found.columns[1].values()[0]}) }}
{%- endmacro %}
