{#- The checks of a model, as one query. `checks` lists types with their arguments (macros/checks.sql). Where it is needed,
    each has a `name`, a `severity` (error or warn) and a `where`. `key` is the column, or the columns, that tell a row. -#}
{% test checks(model, key, checks) %}
  {{ config(error_if="> 0 and bool_or(severity = 'error')") }}
  {{ failed_checks(model, key, checks) }}
{% endtest %}
