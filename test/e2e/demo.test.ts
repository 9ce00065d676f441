import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { RunReport } from "../../src/pipeline/report/report.ts";
import { pipeline } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";
import { fakeDbt } from "../harness/in-process.ts";

const env = { PIPELINE_DBT: fakeDbt };

describe("pipeline demo", () => {
  it("is a week of nights: late rows, settled answers, a withdrawal, a failure and its repair", async () => {
    const home = join(temporaryFolder(), "demo");
    const { code, stdout, stderr } = await pipeline(["demo", "--home", home, "--json"], env);
    assert.deepEqual([code, stderr], [0, ""]);
    const { runs } = JSON.parse(stdout) as { runs: RunReport[] };
    assert.deepEqual(
      runs.map(({ state, error }) => [state, error?.code ?? null]),
      Array.from({ length: 8 }, (_, i) => (i === 4 ? ["Failed", "companies_failed"] : ["Completed", null])),
    );
    const sum = (of: "inserted" | "updated" | "deleted", some: RunReport[]) =>
      some.flatMap(({ companies }) => companies).reduce((total, company) => total + company[of], 0);
    assert.ok(sum("inserted", runs.slice(1)) > 100 && sum("updated", runs) > 100 && sum("deleted", runs) > 0);
    assert.ok(runs[5]?.companies.some(({ state }) => state === "Completed"));
    const listed = await pipeline(["runs", "ls", "--source", "sample", "--home", home, "--json"]);
    const triggers = (JSON.parse(listed.stdout) as { trigger: string }[]).map(({ trigger }) => trigger);
    assert.deepEqual(triggers.toReversed().slice(3, 6), ["schedule", "schedule", "retry"]);
    assert.ok(existsSync(join(home, "sample", "history.sqlite")), "where no real complaint is ever kept");
  });

  it("throws away nothing but a demo", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "precious"), "");
    const refused = await pipeline(["demo", "--home", folder], env);
    assert.match(refused.stderr, /is there already\..*with --force\./s);
    const forced = await pipeline(["demo", "--home", folder, "--force"], env);
    assert.equal(forced.code, 2);
    assert.match(forced.stderr, /was not made by `pipeline demo`/);
    assert.ok(existsSync(join(folder, "precious")));
  });
});
