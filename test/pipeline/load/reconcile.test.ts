import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSuspicious, reconcile } from "../../../src/pipeline/load/reconcile.ts";

describe("reconciling", () => {
  const counts = { expected: 100, staged: 100, rejected: 0, live: 100, keepsGone: false };

  it("accepts what adds up", () => {
    assert.equal(reconcile(counts), null);
    assert.equal(reconcile({ ...counts, staged: 98, rejected: 2, live: 98 }), null);
    assert.equal(reconcile({ ...counts, staged: 98, rejected: 2, keepsGone: true, live: 99 }), null);
    assert.equal(reconcile({ ...counts, expected: 0, staged: 0, live: 0 }), null);
  });

  it("names what does not", () => {
    assert.match(reconcile({ ...counts, staged: 99 }) ?? "", /says 100 rows, and 99 different/);
    assert.match(reconcile({ ...counts, staged: 101 }) ?? "", /101/);
    assert.match(reconcile({ ...counts, live: 101 }) ?? "", /shows 101/);
    assert.match(reconcile({ ...counts, staged: 98, rejected: 2, live: 99 }) ?? "", /shows 99/);
    assert.match(reconcile({ ...counts, staged: 98, rejected: 2, keepsGone: true, live: 97 }) ?? "", /shows 97/);
  });
});

describe("too many withdrawn or unreadable rows", () => {
  it("are over a tenth and over 20", () => {
    const cases: [withdrawn: number, live: number, suspicious: boolean][] = [
      [0, 0, false],
      [20, 20, false],
      [21, 21, true],
      [21, 209, true],
      [21, 210, false],
      [100, 1000, false],
      [101, 1000, true],
    ];
    for (const [withdrawn, live, suspicious] of cases) {
      assert.equal(isSuspicious(withdrawn, live), suspicious, `${withdrawn} of ${live}`);
    }
  });
});
