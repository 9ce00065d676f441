import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const pipeline = (...args: string[]) => run(process.execPath, ["src/main.ts", ...args], { timeout: 20_000 });

describe("pipeline", () => {
  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    const { stdout } = await pipeline("--version");
    assert.equal(stdout, `${version}\n`);
  });

  it("prints help", async () => {
    const { stdout } = await pipeline("--help");
    assert.match(stdout, /^Usage: pipeline/);
  });

  it("refuses an unknown option with exit code 2", async () => {
    await assert.rejects(pipeline("--no-such-option"), { code: 2 });
  });
});
