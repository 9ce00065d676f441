/** The channels of `notify`, each as a line of YAML. */
export const notifyExamples = [
  "webhook: {url: https://example.org/hook, secret: env:WEBHOOK_SECRET}",
  "slack: {url: env:SLACK_WEBHOOK_URL}",
  "email: {host: smtp.example.org, user: me, password: file:/run/secrets/smtp, from: a@example.org, to: [b@example.org]}",
  "command: [/usr/local/bin/page-me, --urgent]",
  "deadMan: env:HEALTHCHECKS_URL",
];

/** What each setting is for: in the file that `pipeline init` writes, in its JSON Schema, and in the reference. */
export const settingHelp: Record<string, string> = {
  startDate: "First day to load. Moved back, the days before are loaded too.",
  companies:
    "Companies to load: an exact name at the source, whatever its case, or words that a name holds. See: pipeline companies search. `all` by itself is the whole database.",
  lookBackDays: "Days before the watermark that every run reads again: complaints appear late, and answers settle.",
  strategy:
    "How complaints are read: `pages` of the search API, each `export` as CSV of at most 100,000 complaints, or `bulk`, the zip of all complaints. `auto` takes what is quickest under the source's limits.",
  home: "Where everything is kept, from the directory that the command is run in.",
  database: "The DuckDB file of the warehouse, when it is not to lie in the home.",
  source: "Address of the search API with its trailing slash, or `sample` for made-up complaints.",
  bulkUrl:
    "Address of the zip of all complaints, as CSV. Left out, it is the CFPB's own where the source is, and none for another source.",
  contact: "Who asks, for the User-Agent of every request, so that the source can write to you.",
  sourceHealth:
    "What a run does when the source is not well. That is when it says that its data is stale or has an issue, when its index went back, and when more than this part of all complaints (0 to 1) is gone since the run before. With `warn` it loads and withdraws nothing, with `hold` it loads nothing.",
  retries: "How often a request that failed is sent again.",
  retryDelaySeconds:
    "Seconds before the first repetition; doubled for each further one, unless the source says how long to wait.",
  requestTimeoutSeconds: "Seconds that one request may take, its answer included.",
  extractTimeoutSeconds:
    "Seconds without a page landing after which a company is given up; waits for the source's limit do not count.",
  dbtTimeoutSeconds: "Seconds that dbt may take.",
  runTimeoutSeconds: "Seconds that a whole run may take. No limit where it is left out.",
  pageSize: "Complaints in one answer; 10,000 is the most the source gives.",
  rates:
    "Requests a minute that are sent at most. The source refuses more than about 20 searches and 2 exports. Nothing asks for single documents yet: that key is accepted, and not used.",
  duckdb: "Memory that DuckDB may use, at least 128MB, and its threads.",
  dbt: "A dbt of your own, a command or a path. Left out, the program makes and keeps one.",
  notify: "Whom to tell when a run fails, crashes, is late or works again. Secrets are given as env:NAME or file:PATH.",
  asOf: "The last day to load, in place of today (UTC). For tests and replays.",
  cacheDir:
    "Where dbt's Python environment is kept. Left out, it lies in the cache of the user, or in the home where the user has no home directory.",
};
