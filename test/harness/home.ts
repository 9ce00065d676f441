import { join, resolve } from "node:path";
import type { RunReport } from "../../src/pipeline/report/report.ts";
import { type Outcome, type Started, startPipeline, startScript } from "./cli.ts";
import { temporaryFolder } from "./context.ts";
import type { TestSource } from "./sample.ts";
import { query } from "./warehouse.ts";

export type TestHome = {
  folder: string;
  database: string;
  /** The settings of its runs, as variables. */
  env: Record<string, string>;
  start(argv: readonly string[], env?: Record<string, string>): Started;
  run(argv: readonly string[], env?: Record<string, string>): Promise<Outcome>;
  /** Runs until the event that `point` names, and gets a signal there, SIGKILL where none is named (run-and-die.ts). */
  die(point: string, env?: Record<string, string>, signal?: string): Promise<Outcome>;
  /** Runs with --json and parses the document. */
  report(argv: readonly string[], env?: Record<string, string>): Promise<RunReport & { code: number | null }>;
  query(sql: string): Promise<(string | null)[][]>;
  /** Company, loaded from, loaded through. */
  watermarks(): Promise<(string | null)[][]>;
};

/** A home of its own, whose runs ask the given source, wait for nothing and have a dbt that is over at once. */
export function testHome(source: Pick<TestSource, "url">, folder = join(temporaryFolder(), "home")): TestHome {
  const database = join(folder, "cfpb_complaints.duckdb");
  const settings = {
    PIPELINE_HOME: folder,
    PIPELINE_SOURCE: source.url,
    PIPELINE_RATES_SEARCHES: "100000",
    PIPELINE_RETRY_DELAY_SECONDS: "0.01",
    PIPELINE_DBT: resolve("test/harness/fixtures/dbt"),
  };
  const home: TestHome = {
    folder,
    database,
    env: settings,
    start: (argv, env = {}) => startPipeline(argv, { ...settings, ...env }),
    run: (argv, env) => home.start(argv, env).outcome,
    die: (point, env = {}, signal = "SIGKILL") =>
      startScript(["test/harness/run-and-die.ts", point, signal], { ...settings, ...env }).outcome,
    async report(argv, env) {
      const { code, stdout, stderr } = await home.run([...argv, "--json"], env);
      if (stdout === "") throw new Error(`no document (exit code ${code}):\n${stderr}`);
      return { ...(JSON.parse(stdout) as RunReport), code };
    },
    query: (sql) => query(database, sql),
    watermarks: () =>
      home.query("select company, loaded_from::varchar, loaded_through::varchar from pipeline.state order by 1"),
  };
  return home;
}
