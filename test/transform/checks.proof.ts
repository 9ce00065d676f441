import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runDbt } from "../../src/transform/command.ts";
import { projectFolder } from "../../src/transform/project.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testOptions } from "../harness/dbt.ts";

describe("a list of checks", () => {
  for (const [list, problem] of [
    ["not_nul: {column: brand}", /no check of the type not_nul\b.*not_null/],
    ["unique: {}", /unique needs column/],
    ["unique: {column: brand, severty: warn}", /unique has no severty/],
    ["unique: {column: brand, severity: warning}", /error or warn, not warning/],
    ["unique: {column: company}", /Two checks have the name unique_company/],
    ["unique", /A check is a type with its arguments/],
  ] as const) {
    it(`is refused where one is wrong: ${list}`, async () => {
      const projectDir = join(temporaryFolder(), "dbt");
      cpSync(projectFolder, projectDir, { recursive: true });
      const file = join(projectDir, "seeds/seeds.yml");
      writeFileSync(file, readFileSync(file, "utf8").replace("not_null: {column: brand}", list));
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
