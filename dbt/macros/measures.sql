{#- Measures that several marts share. All are taken over int_cfpb__complaint_metrics or what is made of it. -#}

{#- The calendar day in UTC, the source's own days, whatever time zone the session is in. -#}
{% macro utc_day(column) -%}
  cast({{ column }} at time zone 'UTC' as date)
{%- endmacro %}

{#- Share of the rows where `condition` is true among those where it is known, 0 to 100; null where none is. -#}
{% macro percentage(condition) -%}
  round(100 * count(*) filter ({{ condition }}) / nullif(count({{ condition }}), 0), 2)
{%- endmacro %}

{#- The value that stands most often; of equals the first in byte order, never null unless all are. -#}
{% macro most_common(column) -%}
  list_sort(
    list_transform(map_entries(histogram({{ column }})), lambda entry: {n: -cast(entry.value as bigint), v: entry.key})
  )[1].v
{%- endmacro %}

{% macro timely_and_disputed() -%}
  count(*) filter (is_timely_response) as timely_responses,
  {{ percentage('is_timely_response') }} as pct_timely,
  count(*) filter (is_disputed) as disputed_complaints,
  {{ percentage('is_disputed') }} as pct_disputed,
  count(*) filter (has_narrative) as complaints_with_narrative
{%- endmacro %}

{% macro shares() -%}
  {{ timely_and_disputed() }},
  {{ percentage('has_narrative') }} as pct_with_narrative
{%- endmacro %}

{% macro average_days() -%}
  round(avg(days_to_response), 2) as avg_days_to_response,
  median(days_to_response) as median_days_to_response
{%- endmacro %}

{% macro day_range() -%}
  min(days_to_response) as min_days_to_response,
  max(days_to_response) as max_days_to_response
{%- endmacro %}

{% macro first_and_last_day() -%}
  min(date_received) as first_complaint_date,
  max(date_received) as last_complaint_date
{%- endmacro %}
