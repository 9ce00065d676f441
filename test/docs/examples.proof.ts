import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../harness/context.ts";
import { blocksOf } from "../harness/docs.ts";

/** Documents whose `sh` blocks are run, in their order, in one folder; what cannot be run here stands in blocks of another kind. */
const documents = readdirSync("docs")
  .filter((name) => name.endsWith(".md") && name !== "commands.md")
  .map((name) => join("docs", name))
  .concat("README.md")
  .filter((file) => blocksOf(file, "sh").length > 0);

describe("the documentation's commands, on the sample source", () => {
  assert.ok(documents.length >= 3);
  for (const file of documents) {
    it(file, async () => {
      const folder = temporaryFolder();
      const bin = join(folder, "bin");
      const place = join(folder, "place");
      for (const path of [bin, place]) mkdirSync(path);
      const program = (name: string, text: string) =>
        writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      program("pipeline", `exec '${process.execPath}' '${join(process.cwd(), "src/main.ts")}' "$@"`);
      program(
        "crontab",
        `case "$1" in -l) cat '${folder}/tab' 2>/dev/null || { echo "no crontab" >&2; exit 1; } ;; -) cat > '${folder}/tab' ;; esac`,
      );
      const kept = Object.entries(process.env).filter(
        ([name]) => !/^(PIPELINE_|NODE_TEST_|CI$)/.test(name) || name === "PIPELINE_CACHE_DIR",
      );
      const env = {
        ...Object.fromEntries(kept),
        PATH: `${bin}:${process.env.PATH}`,
        PIPELINE_SOURCE: "sample",
        PIPELINE_AS_OF: "2026-11-20",
      };
      // A reader of a document has a copy, unless the document is about making one.
      const script = [
        ...(/quick-start/.test(file) ? [] : ["pipeline run -q --companies equifax"]),
        ...blocksOf(file, "sh")
          .filter((block) => block.includes("pipeline "))
          .map((block) => block.replaceAll("npx pipeline", "pipeline")),
      ].join("\n");
      const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], {
        cwd: place,
        env,
        timeout: 240_000,
      });
      assert.notEqual(stdout, "");
    });
  }
});
