{#- No value is under the given one; nulls pass. -#}
{% test at_least(model, column_name, least) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ least }}
{% endtest %}
