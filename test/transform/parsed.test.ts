import assert from "node:assert/strict";
import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PythonEnvironment } from "../../src/transform/environment.ts";
import { projectFolder } from "../../src/transform/project.ts";
import type { TransformOptions } from "../../src/transform/transform.ts";
import { temporaryFolder } from "../harness/context.ts";
import { cacheDir, startHost, testOptions } from "../harness/dbt.ts";

/** Has the warm child of a fresh home parse a project; gives the reasons why all of it was parsed, in the words of dbt's log. */
async function parse(parsed: string, projectDir: string, change: Partial<TransformOptions> = {}): Promise<string[]> {
  const options = { ...testOptions(join(temporaryFolder(), "warehouse.duckdb")), projectDir, ...change };
  const lines: string[] = [];
  const child = startHost(options, parsed, (line) => void lines.push(line));
  child.tell("");
  assert.equal((await child.exited).code, 0, lines.join("\n"));
  const models = lines.find((line) => line.includes('"Manifest"')) ?? "";
  assert.match(models, /"alias": "fct_complaints"/);
  return lines.flatMap((line) => /Unable to do partial parsing because ([^."]+)/.exec(line)?.[1] ?? []);
}

describe("what dbt has parsed of a project", () => {
  const notFound = "saved manifest not found";
  const copy = () => {
    const projectDir = join(temporaryFolder(), "dbt");
    cpSync(projectFolder, projectDir, { recursive: true });
    return projectDir;
  };

  it("is there for every home after the first, and made anew where it is damaged", async () => {
    const [projectDir, cache] = [copy(), temporaryFolder()];
    const parsed = join(cache, "dbt-parsed-x");
    assert.deepEqual(await parse(parsed, projectDir), [notFound]);
    const [name = "", ...more] = readdirSync(cache);
    assert.match(name, /^dbt-parsed-x-3\.\d+\.msgpack$/);
    assert.deepEqual(more, [], "nothing else is left there");
    assert.deepEqual(
      await parse(parsed, projectDir, { memoryLimit: "600MB", threads: 1 }),
      [],
      "another home with another limit",
    );
    const whole = readFileSync(join(cache, name));
    writeFileSync(join(cache, name), whole.subarray(0, 1000));
    await parse(parsed, projectDir);
    assert.equal(readFileSync(join(cache, name)).length, whole.length);
    // A file that is not part of the fingerprint: only what it changes is parsed, and kept.
    appendFileSync(join(projectDir, "models/marts/columns.md"), "{% docs another %}A text.{% enddocs %}\n");
    assert.deepEqual(await parse(parsed, projectDir), []);
    assert.ok(readFileSync(join(cache, name)).length > whole.length);
  });

  it("is one of the ten newest, each of a version of a project", async () => {
    const cache = temporaryFolder();
    for (let i = 0; i < 12; i++) writeFileSync(join(cache, `dbt-parsed-${i}-3.11.msgpack`), "");
    await parse(join(cache, "dbt-parsed-new"), copy());
    const left = readdirSync(cache);
    assert.equal(left.length, 10);
    assert.ok(left.some((name) => name.startsWith("dbt-parsed-new")));
  });

  it("has a key of its own for each folder and each version", () => {
    const environment = new PythonEnvironment({ cacheDir, env: {} });
    const files = [
      environment.parsedFile("/a", "1"),
      environment.parsedFile("/b", "1"),
      environment.parsedFile("/a", "2"),
    ];
    assert.equal(new Set(files).size, 3);
    assert.equal(environment.parsedFile("/a", "1"), files[0]);
  });

  it("is kept in the home where its folder is not there, or cannot be written", async () => {
    const [parsed, projectDir] = [join(temporaryFolder(), "none", "dbt-parsed-x"), copy()];
    const targetDir = join(temporaryFolder(), "target");
    assert.deepEqual(await parse(parsed, projectDir, { targetDir }), [notFound]);
    assert.deepEqual(await parse(parsed, projectDir, { targetDir }), []);
  });
});
