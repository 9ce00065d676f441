import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RecordEnds } from "../../src/files/csv-records.ts";

const cell = fc.oneof(fc.constantFrom("", "plain", "a,b", 'say "x"', "two\nlines", "two\r\nlines", '"'), fc.string());
const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The chunks of a text that ends at some positions. */
function chunksOf(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

describe("the ends of records", () => {
  it("are the newlines outside quotes, wherever chunks end", () => {
    const records = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        records,
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.constantFrom("\n", "\r\n"),
        (rows, cuts, lineEnd) => {
          const lines = rows.map((row) => row.map(quoted).join(",") + lineEnd);
          const ends = new RecordEnds();
          const found: number[] = [];
          let before = 0;
          for (const chunk of chunksOf(lines.join(""), cuts)) {
            const here: number[] = [];
            const { first, last } = ends.scan(chunk, (position) => here.push(position));
            assert.deepEqual([first, last], [here[0] ?? 0, here.at(-1) ?? 0]);
            found.push(...here.map((position) => before + position));
            before += chunk.length;
          }
          let at = 0;
          assert.deepEqual(
            found,
            lines.map((line) => (at += Buffer.byteLength(line))),
          );
          assert.equal(ends.end(), true);
          assert.equal(ends.count, rows.length);
        },
      ),
    );
  });

  it("count a last record without a newline, and say where a file ends within quotes", () => {
    const after = (text: string) => {
      const ends = new RecordEnds();
      ends.scan(Buffer.from(text));
      return [ends.end(), ends.count];
    };
    assert.deepEqual(after("a\nb"), [true, 2]);
    assert.deepEqual(after("a\nb\n"), [true, 2]);
    assert.deepEqual(after('a\n"b\n'), [false, 2]);
    assert.deepEqual(after(""), [true, 0]);
  });
});
