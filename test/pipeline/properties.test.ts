import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isSuspicious } from "../../src/pipeline/load/reconcile.ts";
import { parseNameList } from "../../src/pipeline/names/name-list.ts";
import { planRun } from "../../src/pipeline/plan/plan.ts";
import { csvLine } from "../../src/pipeline/report/csv.ts";
import { escapeControls, shellQuote } from "../../src/pipeline/report/format.ts";
import { parseRetryAfter, retryDelay } from "../../src/pipeline/retry.ts";
import { expiredSnapshots, snapshotName } from "../../src/pipeline/snapshot-name.ts";
import { sqlLiteral } from "../../src/pipeline/sql-text.ts";
import { plannedByPages } from "../harness/plans.ts";

const uuid = fc.uuid();
const moment = fc.date({ min: new Date("2024-01-01"), max: new Date("2030-01-01"), noInvalidDate: true });

describe("for every input", () => {
  it("a list of quoted names is read as the names", () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), (names) => {
        const list = names.map((one) => `"${one.replaceAll('"', '""')}"`).join(", ");
        assert.deepEqual(
          parseNameList(list),
          names.map((one) => one.trim()),
        );
      }),
    );
  });

  it("a line of CSV has as many fields as values, and each is read back", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (values) => {
        const read = csvLine(values)
          .slice(0, -2)
          .matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g);
        assert.deepEqual(
          [...read].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain),
          values,
        );
      }),
    );
  });

  it("a text for a terminal has no control character, and escaping it again changes nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = escapeControls(text);
        assert.doesNotMatch(shown, /\p{Cc}/u);
        assert.equal(escapeControls(shown), shown);
      }),
    );
  });

  it("a quoted word ends no quotes: every apostrophe in it is escaped", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(sqlLiteral(text).slice(1, -1).replaceAll("''", "").includes("'"), false);
        const word = shellQuote(text);
        if (word.startsWith("'")) assert.equal(word.slice(1, -1).replaceAll("'\\''", "").includes("'"), false);
      }),
    );
  });

  it("the wait before a retry is within a quarter of the doubled delay, and never longer than allowed", () => {
    const policy = fc.record({ retries: fc.nat(9), delayMs: fc.nat(60_000), longestMs: fc.nat(600_000) });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 9 }), random, (some, attempt, chance) => {
        const waitMs = retryDelay(some, attempt, undefined, chance);
        const middle = some.delayMs * 2 ** (attempt - 1);
        assert.ok(waitMs <= some.longestMs);
        assert.ok(waitMs === some.longestMs || Math.abs(waitMs - middle) <= middle / 4 + 1);
      }),
    );
  });

  it("Retry-After is a number of milliseconds above zero, or nothing", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map(String),
          moment.map((at) => at.toUTCString()),
        ),
        (header) => {
          const waitMs = parseRetryAfter(header, Date.parse("2026-11-30"));
          assert.ok(waitMs === undefined || waitMs > 0);
        },
      ),
    );
  });

  it("the current snapshot never expires, nor one that is younger than a week", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moment, uuid), { minLength: 1 }), moment, (made, now) => {
        const names = made.map(([at, id]) => snapshotName(at, id));
        const expired = expiredSnapshots(names, names[0]!, now);
        assert.equal(expired.includes(names[0]!), false);
        for (const [at, id] of made.slice(1)) {
          const isOld = now.getTime() - at.getTime() >= 8 * 86_400_000;
          const isYoung = now.getTime() - at.getTime() <= 7 * 86_400_000;
          const name = snapshotName(at, id);
          if (name !== names[0]) assert.ok(isYoung ? !expired.includes(name) : !isOld || expired.includes(name));
        }
      }),
    );
  });

  it("a plan has a page for every started page size, at least one for each group of names, and their sum", () => {
    const window = { company: "a", names: ["A"], window: { from: "2026-01-01", to: "2026-01-02" }, why: "first run" };
    const groups = fc.array(fc.array(fc.nat(100_000), { minLength: 1 }), { minLength: 1 });
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 10_000 }), fc.nat(5), (companies, pageSize, ranges) => {
        const planned = companies.map((counts) => plannedByPages(window, counts, pageSize));
        const lanes = { pages: 3, export: 3, bulk: 1 };
        const { companies: plans, requests } = planRun(
          { windows: planned, lanes, file: null, etaMs: 7, longestMs: 7, reason: "r", counts: 2 },
          ranges,
          { requestTimeoutSeconds: 1, extractTimeoutSeconds: 1, runTimeoutSeconds: null },
        );
        for (const [i, one] of plans.entries()) {
          assert.ok(one.requests >= companies[i]!.length && one.requests * pageSize >= one.expected);
          assert.ok((one.requests - companies[i]!.length) * pageSize <= one.expected);
        }
        assert.equal(requests, 3 + ranges + plans.reduce((sum, one) => sum + one.requests, 0));
      }),
    );
  });

  it("a part is suspicious only when it is over 20 and over a tenth of the whole", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(100_000), (part, whole) => {
        assert.equal(isSuspicious(part, whole), part > 20 && part * 10 > whole);
      }),
    );
  });
});
