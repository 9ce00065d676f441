{#- Each change begins with the value that the one before it ended with, of those whose last look before is known. -#}
{% test continues(model, column_name, after, partition_by, order_by) %}
select *
from (
  select
    {{ partition_by | join(', ') }},
    {{ column_name }} as begins_with,
    lag({{ after }}) over (partition by {{ partition_by | join(', ') }} order by {{ order_by }}) as ended_with,
    row_number() over (partition by {{ partition_by | join(', ') }} order by {{ order_by }}) as change_no
  from {{ model }}
  where unchanged_until is not null
)
where change_no > 1 and begins_with is distinct from ended_with
{% endtest %}
