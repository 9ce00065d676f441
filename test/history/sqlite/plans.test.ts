import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { openHistory } from "../../../src/history/sqlite/database.ts";
import { SqliteHistory } from "../../../src/history/sqlite/history.ts";
import { temporaryFolder } from "../../harness/context.ts";

/** The statements that `use` has prepared. */
async function statementsOf(use: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string) {
    seen.push(sql);
    return prepare.call(this, sql);
  };
  try {
    await use();
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  return seen.filter((sql) => /^\s*(select|with)/i.test(sql));
}

describe("the questions of the pages", () => {
  const path = join(temporaryFolder(), "history.sqlite");
  const database = openHistory(path);
  database.exec(`insert into runs (id, name, flow, state, trigger, started_at, ended_at, as_of, source, database, settings, host, pid, heartbeat_at)
    values ('a', 'calm-otter', 'f', 'Completed', 'cli', 1, 2, 'd', 's', 'd', '{}', 'h', 1, 0)`);
  const history = SqliteHistory.open(path)!;
  const run = { no: 1, id: "a" };
  const cases: Record<string, () => Promise<unknown>> = {
    "a page of runs": () => history.list({ limit: 50, before: 2 }),
    "runs in a state": () => history.list({ limit: 50, states: ["Failed", "Crashed"] }),
    "runs that something started": () => history.list({ limit: 50, trigger: "web" }),
    "runs since a time": () => history.list({ limit: 50, since: 1 }),
    "a run by its id or name": () => history.find("calm"),
    "a run with all it has": () => history.inspect(1),
    "its samples": () => history.samples(1),
    "its lines": () => history.lineCount(1),
    "a page of its log": () => history.logs(run, { after: 5, limit: 100 }),
    "its log from a level on": () => history.logs(run, { level: 30, limit: 100 }),
    "its log of a task": () => history.logs(run, { task: "t", limit: 100 }),
    "a text in its log": () => history.logs(run, { search: "x", limit: 100 }),
    "runs that ended since a time": () => history.ended(1),
    "the time of each task": () => history.taskTimes(1),
    "runs by state": () => history.countByState(),
    "what was not delivered": () => history.undelivered(),
    "runs whose process is gone": () => history.findCrashed(),
  };
  for (const [what, use] of Object.entries(cases)) {
    it(`${what}: by an index`, async () => {
      const statements = await statementsOf(use);
      assert.ok(statements.length > 0);
      for (const sql of statements) {
        const values = Array.from({ length: sql.split("?").length - 1 }, () => 1);
        const plan = database.prepare(`explain query plan ${sql}`).all(...values) as { detail: string }[];
        // A scan of a covering index reads no row; one of a subquery's own rows reads what was found.
        const scans = plan
          .map(({ detail }) => detail)
          .filter((detail) => /^SCAN (?!.*USING COVERING INDEX)(?!\(|CONSTANT|found)/.test(detail));
        assert.deepEqual(scans, [], sql);
      }
    });
  }
});
