import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type IndexState, type SourceIndex, troublesOf } from "../../../src/pipeline/health/health.ts";

const well: SourceIndex = { rows: 1000, lastIndexed: "2026-11-20T12:00:00-05:00", isStale: false, hasIssue: false };
const settings = { onTrouble: "warn", mostGone: 0.05 } as const;
const kinds = (now: Partial<SourceIndex>, before: IndexState | null = well) =>
  troublesOf({ ...well, ...now }, before, settings).map(({ kind }) => kind);

describe("the health of the source", () => {
  it("is good where nothing speaks against it, also at the first look", () => {
    assert.deepEqual([kinds({}), kinds({}, null), kinds({ rows: null, lastIndexed: null })], [[], [], []]);
    assert.deepEqual(kinds({}, { rows: null, lastIndexed: null }), []);
  });

  it("is what the source says of itself", () => {
    assert.deepEqual(kinds({ isStale: true, hasIssue: true }, null), ["stale", "issue"]);
  });

  it("is bad where the index went back, or more is gone than may be", () => {
    assert.deepEqual(kinds({ lastIndexed: "2026-11-19T12:00:00-05:00" }), ["went_back"]);
    assert.deepEqual(kinds({ lastIndexed: "2026-11-20T17:00:00Z" }), [], "the same instant, written in another way");
    assert.deepEqual([kinds({ rows: 950 }), kinds({ rows: 949 }), kinds({ rows: 2000 })], [[], ["shrank"], []]);
  });
});
