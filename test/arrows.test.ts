import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import { temporaryFolder } from "./harness/context.ts";

const adapters = ["source", "warehouse", "transform", "snapshot", "history", "schedule", "notify", "runtime"];
const leaves = ["files", "process", "sqlite"];
const domain = ["pipeline", "run"];

/** Each layer, by its path in src, and the ones that it may import besides itself. */
const may: Record<string, readonly string[]> = {
  ...Object.fromEntries(adapters.map((layer) => [layer, [...domain, ...leaves]])),
  ...{ files: ["run"], process: ["run", "files"], sqlite: ["run", "files"] },
  ...{ run: [], pipeline: ["run"], sample: [], config: domain },
  "main.ts": ["cli"],
  cli: [
    "app",
    "app/home",
    "app/wiring",
    "config",
    "history",
    "snapshot",
    "schedule",
    "sample",
    "files",
    "process",
  ].concat(domain),
  app: [
    "app/home",
    "app/wiring",
    "web/server",
    "web/contract.ts",
    "config",
    "sample",
    ...adapters,
    ...leaves,
    ...domain,
  ],
  "app/wiring": ["app/home", "config", "sample", ...adapters, ...leaves, ...domain],
  "app/home": ["config", ...adapters, ...leaves, ...domain],
  "web/contract.ts": domain,
  "web/server": ["web/pages.ts", "web/contract.ts", "history", "files", ...domain],
  "web/ui": ["web/pages.ts", "web/contract.ts", ...domain],
  "web/pages.ts": domain,
};

/** Files of a layer that only some may import. */
const narrow: [file: RegExp, by: RegExp][] = [
  [/^config\/config\.ts$/, /^(config|app\/wiring)\//],
  [/^sample\/(?!server\/(spawn|nights)\.ts$)/, /^(sample|cli)\//],
  [/^sample\/server\/main\.ts$/, /^sample\//],
  [/^sample\/server\/nights\.ts$/, /^(sample|cli)\/|^app\/(?!wiring)/],
  [/^warehouse\/(?!(open|holder|warehouse|state\/state-report|duckdb\/lock)\.ts$)/, /^warehouse\//],
  [/^warehouse\/duckdb\/lock\.ts$/, /^(warehouse|app\/home)\//],
  [/^history\/sqlite\//, /^(history|app\/home)\//],
  [/^run\/(?!errors\.ts)/, /^(?!files|process|sqlite)/],
];

const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));

/** The layer of a file, the longest that fits. */
function layerOf(file: string): string | undefined {
  const fits = Object.keys(may).filter((layer) => file === layer || file.startsWith(`${layer}/`));
  return fits.sort((a, b) => b.length - a.length)[0];
}

/** The files that a file imports: for values, types, at run time, and in the place of a type. */
function importsOf(file: string): string[] {
  const text = readFileSync(join("src", file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map(([, path]) => path!);
  return found.map((path) => normalize(join(dirname(file), path)));
}

function isAllowed(file: string, imported: string): boolean {
  const [from, to] = [layerOf(file)!, layerOf(imported)];
  if (to === undefined) return false;
  const isNarrow = narrow.some(([only, by]) => only.test(imported) && !by.test(file));
  return !isNarrow && (from === to || may[from]!.includes(to));
}

/** The files in which the project's linter finds an import that is not allowed, of a project that has only these files. */
function refused(files: readonly [file: string, code: string][]): Set<string> {
  const folder = temporaryFolder();
  const config = JSON.parse(readFileSync("biome.json", "utf8")) as object;
  writeFileSync(join(folder, "biome.json"), JSON.stringify({ ...config, vcs: { enabled: false } }));
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  for (const [file, code] of files) {
    mkdirSync(join(folder, "src", dirname(file)), { recursive: true });
    writeFileSync(join(folder, "src", file), code);
  }
  const rule = "--only=style/noRestrictedImports";
  const { stdout } = spawnSync(
    resolve("node_modules/.bin/biome"),
    ["lint", rule, "--reporter=json", "--max-diagnostics=none", "src"],
    { cwd: folder, encoding: "utf8", maxBuffer: 1e8 },
  );
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  return new Set(
    diagnostics
      .filter(({ category }) => category === "lint/style/noRestrictedImports")
      .map(({ location: { path } }) => relative("src", typeof path === "string" ? path : path.file)),
  );
}

const forms: [form: string, code: (path: string) => string][] = [
  ["value", (path) => `import { x } from "${path}";\nexport const y = x;\n`],
  ["type", (path) => `import type { x } from "${path}";\nexport type Y = typeof x;\n`],
  ["dynamic", (path) => `export const y = import("${path}");\n`],
];

describe("the arrows between folders", () => {
  it("know every folder of src", () => {
    assert.ok(sources.length > 200);
    assert.deepEqual(
      sources.filter((file) => layerOf(file) === undefined),
      [],
    );
  });

  it("are kept by every import: of values, of types, at run time", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((imported) => !isAllowed(file, imported))
        .map((imported) => `${file} imports ${imported}`),
    );
    assert.deepEqual(wrong, []);
  });

  it("are held by the linter: whatever is forbidden fails, in rooms of a folder too, and what is allowed passes", () => {
    const files: { file: string; code: string; isForbidden: boolean }[] = [];
    for (const layer of Object.keys(may).filter((one) => !one.endsWith(".ts"))) {
      const places = readdirSync(join("src", layer), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && layerOf(`${layer}/${entry.name}/x.ts`) === layer)
        .filter(({ name }) => name !== "migrations")
        .map(({ name }) => `${layer}/${name}`);
      for (const [place, target] of [layer, ...places].flatMap((one) =>
        sources.map((target) => [one, target] as const),
      )) {
        for (const [form, code] of forms) {
          // One file of each room is enough: the linter sees no more than the path.
          if (
            sources.find((one) => dirname(one) === dirname(target)) !== target &&
            !narrow.some(([only]) => only.test(target))
          )
            continue;
          const file = `${place}/made-${form}-${target.replaceAll(/[/.]/g, "-")}.ts`;
          const path = relative(place, target).replace(/^(?!\.)/, "./");
          files.push({ file, code: code(path), isForbidden: !isAllowed(file, target) });
        }
      }
    }
    const found = refused(files.map(({ file, code }) => [file, code]));
    const of = (isForbidden: boolean) => files.filter((one) => one.isForbidden === isForbidden).map(({ file }) => file);
    assert.ok(of(true).length > 1000 && of(false).length > 1000);
    assert.deepEqual(
      of(true).filter((file) => !found.has(file)),
      [],
      "forbidden, and not refused",
    );
    assert.deepEqual(
      of(false).filter((file) => found.has(file)),
      [],
      "allowed, and refused",
    );
  });

  it("keep the domain free of packages but zod and date-fns, and the browser app free of Node", () => {
    const cases: [file: string, allowed: string, forbidden: string][] = [
      ["run/a.ts", "zod", "node:os"],
      ["pipeline/window/a.ts", "date-fns/addDays", "date-fns"],
      ["pipeline/flow/a.ts", "@date-fns/utc/date/mini", "p-retry"],
      ["pipeline/b.ts", "zod", "undici"],
      ["web/ui/pages/a.ts", "preact", "node:fs"],
    ];
    const [, code] = forms[0]!;
    assert.deepEqual([...refused(cases.map(([file, allowed]) => [file, code(allowed)]))], []);
    const found = refused(cases.map(([file, , forbidden]) => [file, code(forbidden)]));
    assert.deepEqual([...found].sort(), cases.map(([file]) => file).sort());
  });

  it("import each function of date-fns by itself, since its root takes seconds to load from source", () => {
    const files = ["scripts", "test"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
    );
    const all = [...sources.map((file) => join("src", file)), ...files.filter((file) => /\.tsx?$/.test(file))];
    assert.ok(all.every((file) => existsSync(file)) && all.length > 300);
    assert.deepEqual(
      all.filter((file) => /^(import|export) .*from "date-fns";$/m.test(readFileSync(file, "utf8"))),
      [],
    );
  });
});
