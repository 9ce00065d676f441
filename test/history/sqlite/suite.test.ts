import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import type { NewRun } from "../../../src/history/rows.ts";
import { sqliteHistory } from "../../../src/history/sqlite/store.ts";
import { startScript } from "../../harness/cli.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { historySuite } from "../suite.ts";

/** Records the beginning of a run in another process, which then is killed. */
async function recordAndDie(path: string, run: NewRun): Promise<void> {
  const script = `
    import { sqliteHistory } from ${JSON.stringify(resolve("src/history/sqlite/store.ts"))};
    const fail = (message) => { throw new Error(message); };
    await sqliteHistory(${JSON.stringify(path)}).record(${JSON.stringify(run)}, { warn: fail, onCancel: fail }).begin();
    process.kill(process.pid, "SIGKILL");`;
  const { signal } = await startScript(["--input-type=module", "-e", script]).outcome;
  assert.equal(signal, "SIGKILL");
}

historySuite("in a SQLite file", () => {
  const path = join(temporaryFolder(), "home", "history.sqlite");
  return { store: sqliteHistory(path), recordAndDie: (run) => recordAndDie(path, run) };
});
