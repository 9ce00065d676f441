import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import { temporaryFolder } from "./harness/context.ts";

/** A file of the folder, what it may import, and what it may not. */
const cases: [file: string, allowed: string, forbidden: string][] = [
  ["src/run/new.ts", "./states.ts", "../pipeline/days.ts"],
  ["src/run/another.ts", "zod", "node:os"],
  ["src/pipeline/new.ts", "../run/events.ts", "../warehouse/lock.ts"],
  ["src/pipeline/window/new.ts", "../steps/ports.ts", "../../history/history.ts"],
  ["src/pipeline/another.ts", "zod", "node:fs"],
  ["src/pipeline/days-of.ts", "date-fns/addDays", "date-fns"],
  ["src/pipeline/attempts.ts", "@date-fns/utc/date/mini", "p-retry"],
  ["src/files/new.ts", "./folder.ts", "../history/history.ts"],
  ["src/sqlite/new.ts", "../files/folder.ts", "../config/config.ts"],
  ["src/source/new.ts", "../run/errors.ts", "../warehouse/lock.ts"],
  ["src/source/pages/new.ts", "../client/client.ts", "../../warehouse/warehouse.ts"],
  ["src/history/new.ts", "../sqlite/sqlite.ts", "../app/run.ts"],
  ["src/transform/new.ts", "../process/child.ts", "../config/config.ts"],
  ["src/config/new.ts", "../pipeline/days.ts", "../app/run.ts"],
  ["src/sample/search/new.ts", "../dataset/rows.ts", "../../source/client.ts"],
  ["src/app/new.ts", "../warehouse/lock.ts", "../cli/program.ts"],
  ["src/app/another.ts", "./wiring/run.ts", "../config/config.ts"],
  ["src/app/wiring/new.ts", "../../config/config.ts", "../../cli/program.ts"],
  ["src/app/doctor/new.ts", "../../sample/server/spawn.ts", "../../sample/server/server.ts"],
  ["src/web/server/new.ts", "../../history/history.ts", "../../app/run.ts"],
  ["src/web/server/api/new.ts", "../../../run/errors.ts", "../../../schedule/store.ts"],
  ["src/web/ui/new.ts", "../../pipeline/words.ts", "../server/route.ts"],
  ["src/cli/new.ts", "../app/run.ts", "../source/client.ts"],
  ["src/cli/another.ts", "../config/load.ts", "../config/config.ts"],
  ["src/cli/server/new.ts", "../../app/serve/serve.ts", "../../web/server/server.ts"],
  ["src/cli/runs/new.ts", "../../history/history.ts", "../../warehouse/lock.ts"],
  ["src/main.ts", "./cli/program.ts", "./app/run.ts"],
];

/** The files in which the project's linter finds an import that is not allowed, of a project that has only these files. */
function refused(files: readonly [file: string, imported: string][]): string[] {
  const folder = temporaryFolder();
  const config = JSON.parse(readFileSync("biome.json", "utf8")) as object;
  writeFileSync(join(folder, "biome.json"), JSON.stringify({ ...config, vcs: { enabled: false } }));
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  for (const [file, imported] of files) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), `import { something } from "${imported}";\n\nexport const used = something;\n`);
  }
  const biome = resolve("node_modules/.bin/biome");
  const rule = "--only=style/noRestrictedImports";
  const { stdout } = spawnSync(biome, ["lint", rule, "--reporter=json", "--max-diagnostics=none", "src"], {
    ...{ cwd: folder, encoding: "utf8" },
  });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  return diagnostics
    .filter(({ category }) => category === "lint/style/noRestrictedImports")
    .map(({ location: { path } }) => (typeof path === "string" ? path : path.file))
    .sort();
}

describe("the arrows between folders", () => {
  it("are held by the linter: a forbidden import fails, and one that is allowed passes", () => {
    const files = cases.map(([file]) => file);
    assert.deepEqual(refused(cases.map(([file, allowed]) => [file, allowed])), []);
    assert.deepEqual(refused(cases.map(([file, , forbidden]) => [file, forbidden])), files.toSorted());
  });

  it("import each function of date-fns by itself, since its root takes seconds to load from source", () => {
    const files = ["src", "scripts", "test"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
    );
    const sources = files.filter((file) => /\.tsx?$/.test(file));
    assert.ok(sources.length > 300);
    assert.deepEqual(
      sources.filter((file) => /^(import|export) .*from "date-fns";$/m.test(readFileSync(file, "utf8"))),
      [],
    );
  });
});
