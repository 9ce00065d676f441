{#- Measures that several marts share. All are taken over int_cfpb__complaint_metrics or what is made of it. -#}

{#- The calendar day in UTC, the source's own days, whatever time zone the session is in. Ten times faster than
    `at time zone`; infinity, which no load lets in, is null. -#}
{% macro utc_day(column) -%}
  cast(make_timestamp(epoch_us({{ column }})) as date)
{%- endmacro %}

{#- Share of the rows where `condition` is true among those where it is known, 0 to 100; null where none is. -#}
{% macro percentage(condition) -%}
  round(100 * count(*) filter ({{ condition }}) / nullif(count({{ condition }}), 0), 2)
{%- endmacro %}

{#- The value that stands most often; of equals the first in byte order, never null unless all are. -#}
{% macro most_common(column) -%}
  list_sort(
    list_transform(map_entries(histogram({{ column }})), lambda entry: {n: -cast(entry['value'] as bigint), v: entry['key']})
  )[1]['v']
{%- endmacro %}

{% macro timely() -%}
  count(*) filter (is_timely_response) as timely_responses,
  {{ percentage('is_timely_response') }} as pct_timely
{%- endmacro %}

{% macro timely_and_disputed() -%}
  {{ timely() }},
  count(*) filter (is_disputed) as disputed_complaints,
  {{ percentage('is_disputed') }} as pct_disputed,
  count(*) filter (has_narrative) as complaints_with_narrative
{%- endmacro %}

{% macro shares() -%}
  {{ timely_and_disputed() }},
  {{ percentage('has_narrative') }} as pct_with_narrative
{%- endmacro %}

{% macro narratives() -%}
  count(*) filter (has_narrative) as complaints_with_narrative,
  {{ percentage('has_narrative') }} as pct_with_narrative
{%- endmacro %}

{#- Share of one answer among the complaints that are settled: those in progress have none yet. -#}
{% macro share_of_settled(response) -%}
  {{ percentage("case when is_settled then company_response = '" ~ response ~ "' end") }}
{%- endmacro %}

{#- Whether somebody had looked shortly before the day: then it is known within a week when something happened. -#}
{% macro is_near(looked_before, day) -%}
  {{ day }} - {{ looked_before }} between 0 and 7
{%- endmacro %}

{#- Whether a company has answered; null where the source names no response, or one that is not known. -#}
{% macro is_settled(response) -%}
  case
    when {{ response }} = 'In progress' then false
    when {{ response }} in (
      'Closed with explanation', 'Closed with monetary relief', 'Closed with non-monetary relief',
      'Untimely response', 'Closed', 'Closed with relief', 'Closed without relief'
    ) then true
  end
{%- endmacro %}

{#- How companies answered; settled complaints and those in progress apart. -#}
{% macro response_mix() -%}
  count(*) filter (not is_settled) as in_progress_complaints,
  count(*) filter (is_settled) as settled_complaints,
  {{ share_of_settled('Closed with explanation') }} as pct_closed_with_explanation,
  {{ share_of_settled('Closed with monetary relief') }} as pct_closed_with_monetary_relief,
  {{ share_of_settled('Closed with non-monetary relief') }} as pct_closed_with_non_monetary_relief,
  {{ share_of_settled('Untimely response') }} as pct_untimely_response
{%- endmacro %}

{#- Total of the same month a year before and the change since, over rows of one month each; null where there is none. -#}
{% macro year_over_year(key) -%}
  {%- set year_before -%}
    cast(sum(total_complaints) over (
      partition by {{ key }} order by complaint_month_date
      range between interval 1 year preceding and interval 1 year preceding
    ) as bigint)
  {%- endset -%}
  {{ year_before }} as total_complaints_year_before,
  round(100 * (total_complaints - {{ year_before }}) / {{ year_before }}, 2) as pct_change_year_over_year
{%- endmacro %}

{#- Median, 90th percentile and largest of a number of days; values that occur, no interpolation. -#}
{% macro spread(days) -%}
  quantile_disc({{ days }}, 0.5) as median_{{ days }},
  quantile_disc({{ days }}, 0.9) as p90_{{ days }},
  max({{ days }}) as max_{{ days }}
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
