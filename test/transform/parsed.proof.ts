import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { temporaryFolder } from "../harness/context.ts";
import { copyOfProject, parseProject, startHost, testOptions } from "../harness/dbt.ts";
import { complaint, testWarehouse } from "../harness/warehouse.ts";

describe("what dbt has parsed of a project, where something is in the way", () => {
  const notFound = "saved manifest not found";
  it("is one of the ten newest, each of a version of a project", async () => {
    const cache = temporaryFolder();
    for (let i = 0; i < 12; i++) writeFileSync(join(cache, `dbt-parsed-${i}-3.11.msgpack`), "");
    await parseProject(join(cache, "dbt-parsed-new"), copyOfProject());
    const left = readdirSync(cache);
    assert.equal(left.length, 10);
    assert.ok(left.some((name) => name.startsWith("dbt-parsed-new")));
  });

  it("is parsed anew where it cannot be read or kept", async () => {
    const [projectDir, cache] = [copyOfProject(), temporaryFolder()];
    for (const version of ["3.10", "3.11", "3.12", "3.13", "3.14"]) {
      mkdirSync(join(cache, `dbt-parsed-x-${version}.msgpack`));
    }
    symlinkSync("/nowhere", join(cache, "dbt-parsed-link"));
    assert.deepEqual(await parseProject(join(cache, "dbt-parsed-x"), projectDir), [notFound]);
    assert.deepEqual(await parseProject(join(cache, "dbt-parsed-y"), projectDir), [notFound]);
    assert.deepEqual(await parseProject(join(cache, "dbt-parsed-y"), projectDir), []);
  });

  it("is what a build uses: nothing is parsed again", async () => {
    const [projectDir, parsed] = [copyOfProject(), join(temporaryFolder(), "dbt-parsed-x")];
    await parseProject(parsed, projectDir);
    const { path, warehouse, load } = testWarehouse();
    await load([complaint("1")]);
    await warehouse.close();
    const lines: string[] = [];
    const child = startHost({ ...testOptions(path), projectDir }, parsed, (line) => void lines.push(line));
    child.writeLine("build --select stg_cfpb__complaints");
    assert.equal((await child.exited).code, 0, lines.join("\n"));
    const nodes = lines.filter((line) => line.includes('"NodeFinished"'));
    assert.ok(nodes.length >= 2);
    assert.doesNotMatch(lines.join("\n"), /Unable to do partial parsing/);
  });

  it("leaves nothing half-made where the child is stopped meanwhile", async () => {
    const cache = temporaryFolder();
    const begun = Promise.withResolvers<void>();
    const watcher = watch(cache, (_, name) => void (name?.startsWith("building-parsed-") && begun.resolve()));
    const options = { ...testOptions(join(temporaryFolder(), "none.duckdb")), projectDir: copyOfProject() };
    const child = startHost(options, join(cache, "dbt-parsed-x"), () => undefined);
    await begun.promise;
    watcher.close();
    await child.stop();
    assert.deepEqual(readdirSync(cache), []);
  });

  it("is kept in the home where its folder is not there, or cannot be written", async () => {
    const [parsed, projectDir] = [join(temporaryFolder(), "none", "dbt-parsed-x"), copyOfProject()];
    const targetDir = join(temporaryFolder(), "target");
    assert.deepEqual(await parseProject(parsed, projectDir, { targetDir }), [notFound]);
    assert.deepEqual(await parseProject(parsed, projectDir, { targetDir }), []);
  });
});
