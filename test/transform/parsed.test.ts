import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PythonEnvironment } from "../../src/transform/environment.ts";
import { temporaryFolder } from "../harness/context.ts";
import { cacheDir, copyOfProject, parseProject } from "../harness/dbt.ts";

describe("what dbt has parsed of a project", () => {
  const notFound = "saved manifest not found";
  it("is there for every home after the first, and made anew where it is damaged", async () => {
    const [projectDir, cache] = [copyOfProject(), temporaryFolder()];
    const parsed = join(cache, "dbt-parsed-x");
    assert.deepEqual(await parseProject(parsed, projectDir), [notFound]);
    const [name = "", ...more] = readdirSync(cache);
    assert.match(name, /^dbt-parsed-x-3\.\d+\.msgpack$/);
    assert.deepEqual(more, [], "nothing else is left there");
    assert.deepEqual(
      await parseProject(parsed, projectDir, { memoryLimit: "600MB", threads: 1 }),
      [],
      "another home with another limit",
    );
    const whole = readFileSync(join(cache, name));
    writeFileSync(join(cache, name), whole.subarray(0, 1000));
    await parseProject(parsed, projectDir);
    assert.equal(readFileSync(join(cache, name)).length, whole.length);
    // A file that is not part of the fingerprint: only what it changes is parsed, and kept.
    appendFileSync(join(projectDir, "models/marts/columns.md"), "{% docs another %}A text.{% enddocs %}\n");
    assert.deepEqual(await parseProject(parsed, projectDir), []);
    assert.ok(readFileSync(join(cache, name)).length > whole.length);
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
});
