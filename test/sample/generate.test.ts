import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { dayNumber } from "../../src/sample/dataset/clock.ts";
import { generateRows } from "../../src/sample/dataset/generate.ts";
import { type Rows, textOrder, wordFields } from "../../src/sample/dataset/rows.ts";

const jpmorgan = "JPMORGAN CHASE & CO.";
const boa = "BANK OF AMERICA, NATIONAL ASSOCIATION";
const lastDay = dayNumber("2026-11-20");

/** All that the index shows after a build, as one hash. */
function digest(rows: Rows, build: number): string {
  const { visible, codes, sent } = rows.at(build);
  const hash = createHash("sha256");
  for (const row of visible) {
    const words = wordFields.map((field) => rows.words[field].text(codes[field][row]!));
    hash.update(JSON.stringify([rows.id[row], rows.received[row], sent[row], ...words]));
  }
  return hash.digest("hex").slice(0, 16);
}

describe("generated rows", () => {
  it("are the same on every machine and in every version", () => {
    const rows = generateRows({ lastDay, scale: 0.02, companies: [jpmorgan, boa] });
    assert.equal(rows.count, 3039);
    assert.equal(digest(rows, lastDay), "2fa580e98296404a");
  });

  it("differ with the seed", () => {
    const rows = generateRows({ seed: 2, lastDay, scale: 0.02, companies: [jpmorgan, boa] });
    assert.notEqual(digest(rows, lastDay), "2fa580e98296404a");
  });

  it("stand in index order with unique ids of 7 and 8 digits", () => {
    const rows = generateRows({ lastDay, scale: 0.3 });
    const ids = new Set<number>();
    let ties = 0;
    for (let row = 0; row < rows.count; row++) {
      ids.add(rows.id[row]!);
      if (row === 0) continue;
      const step = rows.received[row]! - rows.received[row - 1]!;
      if (step === 0) ties++;
      assert.ok(step > 0 || (step === 0 && textOrder(rows.id[row]!) > textOrder(rows.id[row - 1]!)));
    }
    assert.equal(ids.size, rows.count);
    assert.ok(ties > rows.count / 50, `${ties} ties`);
    assert.deepEqual(new Set([...ids].map((id) => String(id).length)), new Set([7, 8]));
  });

  it("stand at noon of their days in the old shape, ordered by id within a day", () => {
    const rows = generateRows({ lastDay, scale: 0.05, noon: true });
    for (let row = 0; row < rows.count; row++) {
      assert.equal(new Date(rows.received[row]!).toISOString().slice(11), "17:00:00.000Z");
      if (row === 0 || rows.received[row] !== rows.received[row - 1]) continue;
      assert.ok(textOrder(rows.id[row]!) > textOrder(rows.id[row - 1]!));
    }
  });

  it("are not moved by a later end or by other companies", () => {
    const alone = generateRows({ lastDay: lastDay - 200, scale: 0.1, companies: [boa] });
    const among = generateRows({ lastDay, scale: 0.1 });
    const [one, other] = [alone, among].map((rows) => {
      const { visible, codes, sent } = rows.at(lastDay - 200);
      return [...visible]
        .filter((row) => rows.words.company.text(codes.company[row]!) === boa)
        .map((row) => [rows.id[row], rows.received[row], sent[row], codes.issue[row], codes.zip_code[row]].join());
    });
    // Corrections may move a row to another company; only where there is another one.
    const shared = new Set(other);
    const kept = one!.filter((row) => shared.has(row));
    assert.ok(kept.length > one!.length * 0.995, `${kept.length} of ${one!.length}`);
  });

  it("are as many as the real ones of the two banks", () => {
    const rows = generateRows({ lastDay, companies: [jpmorgan, boa] });
    const counts = { [jpmorgan]: 0, [boa]: 0 };
    for (let row = 0; row < rows.count; row++) {
      if (new Date(rows.received[row]!).getUTCFullYear() !== 2025) continue;
      counts[rows.words.company.text(rows.at(lastDay).codes.company[row]!) as keyof typeof counts]++;
    }
    assert.ok(Math.abs(counts[jpmorgan] - 24_459) < 400, `${counts[jpmorgan]}`);
    assert.ok(Math.abs(counts[boa] - 19_169) < 400, `${counts[boa]}`);
  });
});

describe("rows in time", () => {
  const rows = generateRows({ lastDay, scale: 0.2, companies: [jpmorgan, boa], churn: 5 });
  const state = (build: number) => {
    const { visible, codes, sent } = rows.at(build);
    return new Map(
      [...visible].map((row) => [row, `${wordFields.map((field) => codes[field][row]).join()},${sent[row]}`]),
    );
  };

  it("appear late, change, disappear and come back", () => {
    const seen = { added: 0, changed: 0, gone: 0, back: 0 };
    const ever = new Set<number>();
    let before = state(lastDay - 40);
    for (const row of before.keys()) ever.add(row);
    for (let build = lastDay - 39; build <= lastDay; build++) {
      const after = state(build);
      for (const [row, content] of after) {
        if (!before.has(row)) seen[ever.has(row) ? "back" : "added"]++;
        else if (before.get(row) !== content) seen.changed++;
        ever.add(row);
      }
      for (const row of before.keys()) if (!after.has(row)) seen.gone++;
      before = after;
    }
    for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, what);
  });

  it("are in progress while young, and settle", () => {
    const { visible, codes } = rows.at(lastDay);
    const share = (from: number, to: number) => {
      const some = [...visible].filter((row) => {
        const age = lastDay - Math.floor(rows.received[row]! / 86_400_000);
        return age >= from && age < to;
      });
      const open = some.filter(
        (row) => rows.words.company_response.text(codes.company_response[row]!) === "In progress",
      );
      return open.length / some.length;
    };
    assert.equal(share(0, 10), 1);
    assert.equal(share(60, 400), 0);
  });
});
