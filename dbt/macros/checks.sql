{#- Types of checks and the arguments of each. Any check may have `name`, `severity` and `where`, too.
      not_null         no value of the column is null
      unique           no value occurs twice; nulls pass
      unique_together  no two rows share the values of all the columns; nulls are values here
      accepted_values  each value is one of the values; nulls pass
      expression       the expression is true of each row, or null
      relationships    each value is a value of a column (`field`) of another model (`to`); nulls pass
      covers           each value of a column (`field`) of another model (`of`) is here; nulls pass
      not_after        no value is after that of a row of another model (`of`, its column `field`, those `of_where`) with the same `key`
      continues        each row begins with the value that the row before it (`partition_by`, `order_by`) had in the column `after` -#}
{% macro check_types() -%}
  {{ return({
    'not_null': ['column'],
    'unique': ['column'],
    'unique_together': ['columns'],
    'accepted_values': ['column', 'values'],
    'expression': ['name', 'expression'],
    'relationships': ['column', 'to', 'field'],
    'covers': ['column', 'of', 'field'],
    'not_after': ['column', 'of', 'field', 'of_where', 'key'],
    'continues': ['column', 'after', 'partition_by', 'order_by'],
  }) }}
{%- endmacro %}

{#- A row for each check that fails: the number of its rows, the key of one of them, and the SQL that shows them. -#}
{% macro failed_checks(model, key, listed) -%}
  {%- if config.get('where') -%}
    {{ exceptions.raise_compiler_error("A list of checks has no `where`: give it to the checks") }}
  {%- endif -%}
  {%- set keys = [key] if key is string else key -%}
  {%- set checks = typed_checks(listed) -%}
  {%- for check in checks -%}
    {%- set rows = rows_that_fail(model, check, keys) %}
    select
      {{ text_literal(check_name(check)) }} as name,
      '{{ check.get('severity', 'error') }}' as severity,
      count(*) as failures,
      min(cast({{ one_value(check_keys(check) or keys) }} as varchar)) as example,
      {{ text_literal(without_database(rows)) }} as rows_sql
    from (
      {{ rows }}
    )
    having count(*) > 0
    {% if not loop.last %}union all{% endif %}
  {%- endfor %}
{%- endmacro %}

{% macro text_literal(text) -%}
  '{{ text.replace("'", "''") }}'
{%- endmacro %}

{#- Without the name of the database, so that it can be asked whatever that is attached as. -#}
{% macro without_database(sql) -%}
  {{ return(sql.replace(api.Relation.create(database=target.database).render() ~ '.', '')) }}
{%- endmacro %}

{#- The checks with their types among their arguments. A mistake in a check must not leave it out. -#}
{% macro typed_checks(listed) -%}
  {%- set checks = [] -%}
  {%- set names = [] -%}
  {%- if not listed -%}
    {{ exceptions.raise_compiler_error("A list of checks needs at least one") }}
  {%- endif -%}
  {%- for one in listed -%}
    {%- if one is not mapping or one | length != 1 or one.values() | first is not mapping -%}
      {{ exceptions.raise_compiler_error("A check is a type with its arguments, such as `unique: {column: id}`, not " ~ one) }}
    {%- endif -%}
    {%- set given = (one.values() | first).keys() | list -%}
    {%- set check = dict(one.values() | first, type=one.keys() | first) -%}
    {%- set needed = check_types().get(check['type']) -%}
    {%- if needed is none -%}
      {{ exceptions.raise_compiler_error("There is no check of the type " ~ check['type'] ~ ". Types: " ~ check_types().keys() | join(', ')) }}
    {%- endif -%}
    {%- for argument in needed if argument not in given -%}
      {{ exceptions.raise_compiler_error("A check of the type " ~ check['type'] ~ " needs " ~ argument) }}
    {%- endfor -%}
    {%- for argument in given if argument not in needed + ['name', 'severity', 'where'] -%}
      {{ exceptions.raise_compiler_error("A check of the type " ~ check['type'] ~ " has no " ~ argument) }}
    {%- endfor -%}
    {%- for text in [check.get('name', ''), check.get('column', '')] + check.get('columns', []) if text is not string -%}
      {{ exceptions.raise_compiler_error("A name or a column of a check is a text, not " ~ text) }}
    {%- endfor -%}
    {%- if check.get('severity', 'error') not in ['error', 'warn'] -%}
      {{ exceptions.raise_compiler_error("The severity of a check is error or warn, not " ~ check['severity']) }}
    {%- endif -%}
    {%- if check_name(check) in names -%}
      {{ exceptions.raise_compiler_error("Two checks have the name " ~ check_name(check) ~ ": give one of them another `name`") }}
    {%- endif -%}
    {%- do names.append(check_name(check)) -%}
    {%- do checks.append(check) -%}
  {%- endfor -%}
  {{ return(checks) }}
{%- endmacro %}

{#- src/transform/manifest.ts names checks in the same way. -#}
{% macro check_name(check) -%}
  {{ return(check.get('name') or ([check['type']] + (check.get('columns') or [check['column']])) | join('_')) }}
{%- endmacro %}

{#- The columns that identify the rows that fail a check, where they are not the key of the model. -#}
{% macro check_keys(check) -%}
  {{ return({
    'unique': [check.get('column')], 'unique_together': check.get('columns'), 'covers': [check.get('field')],
    'continues': check.get('partition_by')
  }.get(check['type'])) }}
{%- endmacro %}

{% macro one_value(columns) -%}
  {{ columns[0] if columns | length == 1 else 'row(' ~ columns | join(', ') ~ ')' }}
{%- endmacro %}

{#- All columns of the rows, those first that tell what is wrong. -#}
{% macro columns_of_rows(keys, column) -%}
  {%- set first = (keys + ([column] if column else [])) | unique | join(', ') -%}
  {{ first }}, * exclude ({{ first }})
{%- endmacro %}

{% macro value_literal(value) -%}
  {{ text_literal(value) if value is string else value | lower }}
{%- endmacro %}

{% macro rows_that_fail(model, check, keys) -%}
  {%- set type, column, where = check['type'], check.get('column'), check.get('where') -%}
  {%- set rows = '(select * from ' ~ model ~ ' where ' ~ where ~ ')' if where else model -%}
  {%- set columns = columns_of_rows(keys, column) -%}
  {%- if type == 'not_null' -%}
    select {{ columns }} from {{ rows }} where {{ column }} is null
  {%- elif type == 'unique' -%}
    select {{ column }}, count(*) as copies from {{ rows }} where {{ column }} is not null group by all having count(*) > 1
  {%- elif type == 'unique_together' -%}
    select {{ check['columns'] | join(', ') }}, count(*) as copies from {{ rows }} group by all having count(*) > 1
  {%- elif type == 'accepted_values' -%}
    select {{ columns }} from {{ rows }} where {{ column }} not in ({% for value in check['values'] %}{{ value_literal(value) }}{{ ', ' if not loop.last }}{% endfor %})
  {%- elif type == 'expression' -%}
    select {{ columns }} from {{ rows }} where not ({{ check['expression'] }})
  {%- elif type == 'relationships' -%}
    select {{ columns }} from {{ rows }} as rows anti join {{ check['to'] }} as others on rows.{{ column }} = others.{{ check['field'] }} where rows.{{ column }} is not null
  {%- elif type == 'covers' -%}
    select others.{{ check['field'] }} from {{ check['of'] }} as others anti join {{ rows }} as rows on others.{{ check['field'] }} = rows.{{ column }} where others.{{ check['field'] }} is not null
  {%- elif type == 'not_after' -%}
    select {{ columns }} from {{ rows }} as rows semi join (select * from {{ check['of'] }} where {{ check['of_where'] }}) as others on rows.{{ check['key'] }} = others.{{ check['key'] }} and rows.{{ column }} > others.{{ check['field'] }}
  {%- elif type == 'continues' -%}
    {%- set window = 'over (partition by ' ~ check['partition_by'] | join(', ') ~ ' order by ' ~ check['order_by'] ~ ')' -%}
    select {{ columns }} from {{ rows }} qualify row_number() {{ window }} > 1 and {{ column }} is distinct from lag({{ check['after'] }}) {{ window }}
  {%- endif -%}
{%- endmacro %}
