import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { made } from "../../scripts/docs/write.ts";
import { examples, leafCommands, pathOf } from "../../src/cli/examples.ts";
import { buildProgram } from "../../src/cli/program.ts";

describe("the documentation that is made from the program", () => {
  for (const [path, text] of Object.entries(made)) {
    it(`${path} is what the program says (else: npm run docs)`, () => {
      assert.ok(readFileSync(path, "utf8") === text(), `${path} is of another state of the program`);
    });
  }

  it("every command has an example, and every example a command", () => {
    const paths = leafCommands(buildProgram(() => undefined)).map(pathOf);
    assert.deepEqual(Object.keys(examples).sort(), paths.sort());
    for (const [path, lines] of Object.entries(examples)) {
      assert.ok(lines.length > 0 && lines.some(([line]) => line.includes(`pipeline ${path}`)), path);
    }
  });

  it("the man page is one", { skip: spawnSync("groff", ["--version"]).status !== 0 && "groff is not here" }, () => {
    const { stdout, stderr, status } = spawnSync("groff", ["-ww", "-man", "-Tutf8", "man/pipeline.1"], {
      encoding: "utf8",
    });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /PIPELINE/);
  });
});
