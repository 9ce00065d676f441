import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dayNumber } from "../../src/sample/dataset/clock.ts";
import { generateRows } from "../../src/sample/dataset/generate.ts";
import { truth } from "./truth.ts";

describe("company names in time", () => {
  const rows = generateRows({
    lastDay: dayNumber("2026-11-20"),
    scale: 0.5,
    companies: ["Chime Financial Inc", "EQUIFAX, INC."],
  });
  const names = (asOf: string) => {
    const counts: Record<string, number> = {};
    for (const { company } of truth(rows, asOf)) counts[company ?? ""] = (counts[company ?? ""] ?? 0) + 1;
    return counts;
  };

  it("a company takes another name, on all its complaints at once", () => {
    const [before, after] = [names("2026-03-01"), names("2026-03-02")];
    assert.ok(before["Chime Financial Inc"]! > 100);
    assert.equal(before["Chime Financial, Inc."], undefined);
    assert.equal(after["Chime Financial Inc"], undefined);
    assert.ok(after["Chime Financial, Inc."]! >= before["Chime Financial Inc"]!);
  });

  it("a name appears beside another one", () => {
    assert.equal(names("2026-05-03")["EQUIFAX INFORMATION SERVICES LLC"], undefined);
    const late = names("2026-11-20");
    assert.ok(late["EQUIFAX INFORMATION SERVICES LLC"]! > 20);
    assert.ok(late["EQUIFAX, INC."]! > late["EQUIFAX INFORMATION SERVICES LLC"]!);
  });
});
