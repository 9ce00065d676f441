import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { pipeline } from "../harness/cli.ts";

describe("pipeline", () => {
  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    const { code, stdout } = await pipeline(["--version"]);
    assert.deepEqual([code, stdout], [0, `${version}\n`]);
  });

  it("prints help, of each command with examples and the options of all", async () => {
    assert.match((await pipeline(["--help"])).stdout, /^Usage: pipeline/);
    const { stdout } = await pipeline(["run", "--help"]);
    assert.match(stdout, /--look-back <days>/);
    assert.match(stdout, /Global Options:[\s\S]*--json/);
    assert.match(stdout, /Examples:\n {2}\$ pipeline run /);
  });

  it("refuses what it does not know, with what was meant, and exit code 2", async () => {
    const cases: [string[], RegExp][] = [
      [["--no-such-option"], /^error\[usage\]: Unknown option '--no-such-option'/],
      [["run", "--reset-stat"], /Did you mean --reset-state\?/],
      [["rum"], /^error\[usage\]: Unknown command 'rum' \(Did you mean run\?\)/],
      [[], /error\[usage\]: No command was given\./],
      [["run", "extra"], /Too many arguments for 'run'/],
      [["run", "--start-date"], /Option '--start-date <day>' argument missing/],
    ];
    for (const [argv, message] of cases) {
      const { code, stdout, stderr } = await pipeline(argv);
      assert.equal(code, 2, argv.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.match(stderr, /\ndata: Nothing was read or changed\.\nnext: .+\n$/);
    }
  });

  it("prints an error as a document with --json", async () => {
    const { code, stdout } = await pipeline(["run", "--no-such-option", "--json"]);
    assert.equal(code, 2);
    const { error } = JSON.parse(stdout) as { error: Record<string, string> };
    assert.equal(error.code, "usage");
    assert.deepEqual(Object.keys(error), ["code", "message", "data", "next"]);
  });
});
