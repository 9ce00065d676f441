import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorText } from "../../src/cli/terminal/error-output.ts";
import { styleFor } from "../../src/cli/terminal/style.ts";
import { table } from "../../src/cli/terminal/table.ts";
import { csvLine } from "../../src/pipeline/report/csv.ts";
import { eventLine } from "../../src/pipeline/report/event-line.ts";

const odd = "ACME \x1b[31mRED\x1b]0;pwned\x07 \x9b2J BANK\r\nnext";
const shown = "ACME \\x1b[31mRED\\x1b]0;pwned\\x07 \\x9b2J BANK\\x0d\\x0anext";

describe("what a terminal shows", () => {
  it("of a name holds nothing that it obeys", () => {
    const window = { from: "2026-01-01", to: "2026-01-02", why: "first run" };
    assert.equal(
      eventLine({ type: "window.resolved", company: "acme", names: [odd], ...window }),
      `acme: ${shown}, 2026-01-01 to 2026-01-02 (first run)`,
    );
    assert.equal(table([{ title: "name" }], [[odd]]), `name\n${shown}\n`.replace(/^name/, "name"));
    const plain = styleFor(process.stdout, { color: false }, {});
    assert.match(errorText({ code: "usage", message: `a\x1b[2J\nb`, data: "d", next: "n" }, plain), /a\\x1b\[2J\nb\n/);
  });
});

describe("CSV", () => {
  it("is exact, and tells null from an empty text", () => {
    assert.equal(csvLine(["=1+2", 'a "b", c', null, "", -5, { a: 1 }]), '=1+2,"a ""b"", c",,"",-5,"{""a"":1}"\r\n');
  });

  it("for spreadsheets has no text that they calculate, and numbers stay numbers", () => {
    const types = ["VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "VARCHAR"];
    assert.equal(csvLine(["=1+2", "@SUM(1)", -5, "-1.5", "+1 fee"], types), "'=1+2,'@SUM(1),-5,-1.5,'+1 fee\r\n");
    assert.equal(csvLine(["-5 days", "\tx", 1, 2, null], types), "'-5 days,'\tx,1,2,\r\n");
  });
});
