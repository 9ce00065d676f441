{#- The checks of a model, as one query. `checks` is a list of mappings: `type` and its arguments (macros/checks.sql); where it is
    needed, `name`, `severity` (error or warn) and `where`. `key` is the column, or the columns, that tell a row. -#}
{% test checks(model, key, checks) %}
  {{ config(error_if="> 0 and bool_or(severity = 'error')") }}
  {{ failed_checks(model, key, checks) }}
{% endtest %}
