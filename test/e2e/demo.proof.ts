import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { pipeline } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";

describe("pipeline demo, with dbt", () => {
  it("ends with commands that work", async () => {
    const folder = temporaryFolder();
    const home = join(folder, "demo");
    const { code, stdout } = await pipeline(["demo", "--home", home], {}, 300_000);
    assert.equal(code, 0, stdout);
    const main = join(process.cwd(), "src/main.ts");
    writeFileSync(join(folder, "pipeline"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
    chmodSync(join(folder, "pipeline"), 0o755);
    const told = stdout.split("Look at it:\n")[1]!;
    const home80 = told.replaceAll(relative(process.cwd(), home), "pipeline-demo");
    for (const line of home80.split("\n")) assert.ok(line.length <= 80, `too long for a terminal: ${line}`);
    // A command may go on in the lines after it.
    const lines = told
      .split(/\n(?= {2}[#p])/)
      .filter((line) => line.startsWith("  pipeline ") && !line.includes("server start"));
    assert.ok(lines.length >= 6);
    for (const line of lines) {
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
      const { stdout: said } = await promisify(execFile)("sh", ["-c", line], { env });
      assert.ok(said.trim().split("\n").length > 1, `${line} says nothing:\n${said}`);
      if (!line.includes(" sql ")) continue;
      for (const row of said.split("\n")) assert.ok(row.length <= 80, `${line} says more than fits:\n${row}`);
    }
  });
});
