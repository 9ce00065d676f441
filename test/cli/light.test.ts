import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { startScript } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";
import { oldHistory } from "../harness/old-history.ts";

/** Runs the command line, and says at its end whether it loaded the library of DuckDB. */
function libraryOf(argv: readonly string[], env: Record<string, string>) {
  const main = resolve("src/main.ts");
  const script = `
    process.argv = [process.argv[0], ${JSON.stringify(main)}, ...${JSON.stringify(argv)}];
    process.on("exit", () => {
      const { sharedObjects } = process.report.getReport();
      process.stderr.write("duckdb: " + sharedObjects.some((path) => /duckdb/.test(path)));
    });
    await import(${JSON.stringify(main)});`;
  return startScript(["--input-type=module", "-e", script], env).outcome;
}

describe("a command that asks no warehouse", () => {
  it("does not load DuckDB, which takes most of the time that it has", async () => {
    const home = temporaryFolder();
    oldHistory(home, 6);
    for (const argv of [["--version"], ["runs", "ls"], ["runs", "inspect"], ["runs", "stats"], ["schedule", "ls"]]) {
      const { code, stderr } = await libraryOf(argv, { PIPELINE_HOME: home });
      assert.deepEqual([code, /duckdb: (true|false)/.exec(stderr)?.[1]], [0, "false"], `${argv.join(" ")}: ${stderr}`);
    }
    const { stderr } = await libraryOf(["state", "show"], { PIPELINE_HOME: home });
    assert.match(stderr, /duckdb: true/);
  });
});
