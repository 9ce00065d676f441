-- The complaints that the source shows, with dates as its own UTC days. Withdrawn rows stop here.
select
  complaint_id,
  {{ utc_day('date_received') }} as date_received,
  {{ utc_day('date_sent_to_company') }} as date_sent_to_company,
  product,
  sub_product,
  issue,
  sub_issue,
  company,
  company_public_response,
  company_response,
  state,
  zip_code,
  tags,
  submitted_via,
  timely,
  complaint_what_happened,
  consumer_consent_provided,
  consumer_disputed,
  has_narrative
{#- Without the catalog's name, so that a copied or renamed file goes on working. #}
from {{ source('raw', 'cfpb_complaints').include(database=false) }}
where _deleted_at is null
