-- What is derived from one complaint.
select
  complaints.complaint_id,
  complaints.date_received,
  complaints.date_sent_to_company,
  complaints.product,
  complaints.sub_product,
  complaints.issue,
  complaints.sub_issue,
  complaints.company,
  complaints.company_public_response,
  complaints.company_response,
  complaints.state,
  complaints.zip_code,
  complaints.tags,
  complaints.submitted_via,
  complaints.complaint_what_happened,
  complaints.consumer_consent_provided,
  cast(year(complaints.date_received) as integer) as complaint_year,
  cast(month(complaints.date_received) as integer) as complaint_month,
  cast(date_trunc('month', complaints.date_received) as date) as complaint_month_date,
  case
    when complaints.date_sent_to_company >= complaints.date_received
      then cast(complaints.date_sent_to_company - complaints.date_received as integer)
  end as days_to_response,
  case complaints.timely when 'Yes' then true when 'No' then false end as is_timely_response,
  case complaints.consumer_disputed when 'Yes' then true when 'No' then false end as is_disputed,
  coalesce(
    case complaints.has_narrative when 'true' then true when 'false' then false end,
    case when complaints.complaint_what_happened is not null then true end
  ) as has_narrative,
  {{ is_settled('complaints.company_response') }} as is_settled,
  coalesce(aliases.brand, complaints.company) as brand,
  coalesce(of_part.current_product, of_whole.current_product, complaints.product) as current_product,
  coalesce(issues.current_issue, complaints.issue) as current_issue
from {{ ref('stg_cfpb__complaints').include(database=false) }} as complaints
left join {{ ref('company_aliases').include(database=false) }} as aliases
  on complaints.company = aliases.company
left join {{ ref('product_renames').include(database=false) }} as of_part
  on complaints.product = of_part.product and complaints.sub_product = of_part.sub_product
left join {{ ref('product_renames').include(database=false) }} as of_whole
  on complaints.product = of_whole.product and of_whole.sub_product is null
left join {{ ref('issue_renames').include(database=false) }} as issues
  on complaints.issue = issues.issue
