import assert from "node:assert/strict";
import { join } from "node:path";
import { ScheduleStore } from "../../src/schedule/store.ts";
import { temporaryFolder } from "./context.ts";
import { type TestHome, testHome } from "./home.ts";
import type { TestSource } from "./sample.ts";

/** A home that was loaded once and has a schedule. */
export async function loadedHome(source: TestSource): Promise<TestHome> {
  const home = testHome(source, join(temporaryFolder(), "home"));
  assert.equal((await home.run(["run", "--as-of", source.asOf])).code, 0);
  const store = ScheduleStore.open(ScheduleStore.fileOf(home.folder));
  store.add({
    ...{ name: "nightly", cron: "0 2 * * *", timezone: "UTC", catchUp: "latest", overlap: "skip", jitterSeconds: 0 },
    ...{ lateAfterMinutes: 60, runOptions: [], paused: false, createdAt: 0, nextDueAt: Date.now() + 1e9 },
  });
  store.close();
  return home;
}

/** A backup of a home, in a folder of its own. */
export async function backupOf(home: TestHome) {
  const to = join(temporaryFolder(), "a backup");
  const made = await home.run(["backup", "--to", to, "--json"]);
  assert.deepEqual([made.code, made.stderr], [0, ""]);
  return { to, document: JSON.parse(made.stdout) as { folder: string; rows: number; bytes: number } };
}

/** What a home looks like from outside: rows, runs, schedules, and whether something is published. */
export async function lookOf(home: TestHome, env: Record<string, string> = {}): Promise<string> {
  const asked = async (argv: string[]) => JSON.parse((await home.run([...argv, "--json"], env)).stdout);
  const { companies } = (await asked(["state", "show"])) as { companies: { rows: number }[] };
  const runs = (await asked(["runs", "ls"])) as { id: string }[];
  const schedules = (await asked(["schedule", "ls"])) as { name: string }[];
  const published = await home.run(["sql", "--json", "select 1"]);
  return JSON.stringify([
    companies.map(({ rows }) => rows),
    runs.map(({ id }) => id),
    schedules.map(({ name }) => name),
    published.code,
  ]);
}

/** A home with other runs, rows and schedules than {@link loadedHome}. */
export async function changedHome(source: TestSource, database?: string) {
  const other = testHome(source, join(temporaryFolder(), "other"));
  const env: Record<string, string> = database === undefined ? {} : { PIPELINE_DATABASE: database };
  assert.equal((await other.run(["run", "--as-of", "2026-10-01"], env)).code, 0);
  return { other, env, look: () => lookOf(other, env) };
}
