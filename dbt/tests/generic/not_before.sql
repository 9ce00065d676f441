{#- No day of a known change is before the day that another model has for the same key; nulls pass. -#}
{% test not_before(model, column_name, to, field, key) %}
select
  model.{{ key }},
  model.{{ column_name }},
  other.{{ field }}
from {{ model }} as model
inner join {{ to }} as other
  on model.{{ key }} = other.{{ key }}
where model.unchanged_until is not null and model.{{ column_name }} < other.{{ field }}
{% endtest %}
