import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runDbt } from "../../src/transform/command.ts";
import { temporaryFolder } from "../harness/context.ts";
import { copyOfProject, testOptions } from "../harness/dbt.ts";

describe("a list of checks", () => {
  const one = "not_null: {column: brand}";
  const all = `checks:
              - ${one}
              - not_null: {column: company}
              - unique: {column: company}`;
  for (const [found, written, problem] of [
    [one, "not_nul: {column: brand}", /no check of the type not_nul\b.*not_null/],
    [one, "unique: {}", /unique needs column/],
    [one, "unique: {column: brand, severty: warn}", /unique has no severty/],
    [one, "unique: {column: brand, severity: warning}", /error or warn, not warning/],
    [one, "unique: {column: company}", /Two checks have the name unique_company/],
    [one, "unique: {column: brand, name: 2024}", /is a text, not 2024/],
    [one, "unique", /A check is a type with its arguments/],
    [all, "checks: []", /needs at least one/],
    [
      "name: checks_company_aliases",
      `name: checks_company_aliases\n          config: {where: "true"}`,
      /has no `where`/,
    ],
  ] as const) {
    it(`is refused where something is wrong: ${written}`, async () => {
      const projectDir = copyOfProject();
      const file = join(projectDir, "seeds/seeds.yml");
      writeFileSync(file, readFileSync(file, "utf8").replace(found, written));
      const lines: string[] = [];
      const code = await runDbt(
        { ...testOptions(join(temporaryFolder(), "none.duckdb")), projectDir },
        ["compile", "--select", "checks_company_aliases"],
        { color: false, progress: () => undefined, onLine: (_, line) => void lines.push(line) },
      );
      assert.notEqual(code, 0);
      assert.match(lines.join(" "), problem);
    });
  }
});
