/** Gathers an option that is given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Options that several commands take, with the words that explain them. */
export const shared = {
  database: ["--database <path>", "the DuckDB file (default: <home>/cfpb_complaints.duckdb)"],
  source: ["--source <url>", "address of the search API, or `sample` for the embedded made-up source"],
  companies: [
    "--companies <list>",
    "names or words of names, separated by commas; repeatable; or all: the whole database",
    collect,
  ],
  startDate: ["--start-date <day>", "first day to load (default: 2024-01-01)"],
  asOf: ["--as-of <day>", "last day to load (default: today, in UTC)"],
  strategy: ["--strategy <name>", "how complaints are read: auto, pages, export or bulk (default: auto)"],
  lookBack: ["--look-back <days>", "days before the watermark that are read again (default: 60)"],
  acceptWithdrawals: ["--accept-withdrawals", "believe the source when it withdraws unusually many complaints"],
  acceptSource: ["--accept-source", "load complaints of another source than the warehouse has"],
  skipDbt: ["--skip-dbt", "load only; the next run builds the models"],
  logFormat: ["--log-format <name>", "pretty, or json: every event as a line of JSON on stderr (default: pretty)"],
  sampleToo: ["--source <url>", "`sample` for the embedded source's own warehouse"],
} as const;
