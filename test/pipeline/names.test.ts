import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Candidates,
  type CompanyName,
  matchNames,
  nearestNames,
  resolveNames,
  searchTermOf,
  unaskable,
} from "../../src/pipeline/names.ts";

const names: CompanyName[] = [
  "JPMORGAN CHASE & CO.",
  "BANK OF AMERICA, NATIONAL ASSOCIATION",
  'Neighborhood Assistance Corporation of America ("NACA")',
  "Amigos Préstamos",
  "Bank",
  "U.S. BANCORP",
].map((name, i) => ({ name, count: 100 - i }));

const match = (text: string) => matchNames(text, names).map(({ name }) => name);

describe("a company text", () => {
  it("that equals a name means that name alone, whatever its case", () => {
    assert.deepEqual(match("bank"), ["Bank"]);
    assert.deepEqual(match("bank of america, national association"), ["BANK OF AMERICA, NATIONAL ASSOCIATION"]);
  });

  it("otherwise means all names that hold every word", () => {
    assert.deepEqual(match("jpmorgan"), ["JPMORGAN CHASE & CO."]);
    assert.deepEqual(match("america"), [
      "BANK OF AMERICA, NATIONAL ASSOCIATION",
      'Neighborhood Assistance Corporation of America ("NACA")',
    ]);
    assert.deepEqual(match("bank america"), ["BANK OF AMERICA, NATIONAL ASSOCIATION"]);
    assert.deepEqual(match("prestamos"), ["Amigos Préstamos"]);
    assert.deepEqual(match("jpm"), []);
    assert.deepEqual(match("&"), []);
  });

  it("that matches nothing has nearest names", () => {
    assert.equal(nearestNames("jp morgan chase", names)[0]?.name, "JPMORGAN CHASE & CO.");
    assert.deepEqual(nearestNames("zzzz", names), []);
  });

  it("becomes a search term without symbols or operators", () => {
    assert.equal(searchTermOf("JPMORGAN CHASE & CO."), "jpmorgan chase co");
    assert.equal(searchTermOf("Amigos Préstamos"), "amigos");
    assert.ok(searchTermOf("word ".repeat(100)).length <= 200);
  });
});

describe("resolving companies", () => {
  const candidates = (company: string, ...found: string[]): Candidates => ({
    company,
    matches: found.map((name) => ({ name, count: 1 })),
    suggestions: [{ name: "NEAR", count: 1234 }],
  });
  const none = new Map<string, string[]>();

  it("gives the exact names", () => {
    assert.deepEqual(resolveNames([candidates("a", "B", "A"), candidates("c", "C")], none), {
      companies: [
        { company: "a", names: ["A", "B"], vanished: false },
        { company: "c", names: ["C"], vanished: false },
      ],
    });
  });

  it("keeps the recorded names of a text that matches nothing now", () => {
    assert.deepEqual(resolveNames([candidates("a")], new Map([["a", ["A"]]])), {
      companies: [{ company: "a", names: ["A"], vanished: true }],
    });
  });

  it("refuses a text that never matched, with the nearest names", () => {
    const resolved = resolveNames([candidates("a")], none);
    assert.ok("error" in resolved);
    assert.equal(resolved.error.code, "company_not_found");
    assert.equal(resolved.error.what, 'No company at the source matches "a". Nearest names: "NEAR" (1,234).');
  });

  it("refuses two texts that mean the same name", () => {
    const resolved = resolveNames([candidates("a", "A"), candidates("b", "B", "A")], none);
    assert.ok("error" in resolved);
    assert.match(resolved.error.what, /"a" and "b" both mean "A"/);
    const twice = resolveNames([candidates("a", "A"), candidates("a", "A")], none);
    assert.ok("error" in twice);
    assert.match(twice.error.what, /"a" is given twice/);
  });

  it("knows names that cannot be asked for", () => {
    assert.equal(unaskable("A B"), null);
    assert.match(unaskable("A\u00a0") ?? "", /white space/);
  });
});
