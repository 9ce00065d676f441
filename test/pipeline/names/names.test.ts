import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Candidates,
  matchNames,
  namesHolding,
  nearestNames,
  noteText,
  resolveNames,
  searchTermOf,
  whyUnqueryable,
} from "../../../src/pipeline/names/names.ts";
import type { CompanyName } from "../../../src/run/name-notes.ts";

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
  const counted = (names: readonly string[]) => names.map((name) => ({ name, count: 1 }));
  /** What the source with these names offers for a text. */
  const candidates = (company: string, ...names: string[]): Candidates => ({
    company,
    matches: matchNames(company, counted(names)),
    holding: namesHolding(company, counted(names)),
    suggestions: [{ name: "NEAR", count: 1234 }],
  });
  const none = new Map<string, string[]>();
  const resolved = (names: string[], recorded: string[]) => {
    const found = resolveNames([candidates("acme", ...names)], new Map([["acme", recorded]]));
    assert.ok("companies" in found);
    return found.companies[0]!;
  };

  it("gives the exact names", () => {
    assert.deepEqual(resolveNames([candidates("a", "B A", "A A"), candidates("c", "C")], none), {
      companies: [
        { company: "a", names: ["A A", "B A"], notes: [] },
        { company: "c", names: ["C"], notes: [] },
      ],
    });
  });

  it("keeps the recorded names of a text that matches nothing now", () => {
    const { names, notes } = resolved([], ["ACME BANK"]);
    assert.deepEqual([names, notes], [["ACME BANK"], [{ kind: "vanished", names: ["ACME BANK"], all: true }]]);
    assert.match(noteText("acme", notes[0]!), /"acme" matches nothing at the source any more; going on with ACME BANK/);
  });

  it("keeps a recorded name that is gone beside those that are there", () => {
    const { names, notes } = resolved(["ACME CARDS"], ["ACME BANK", "ACME CARDS"]);
    assert.deepEqual(names, ["ACME BANK", "ACME CARDS"]);
    assert.deepEqual(notes, [{ kind: "vanished", names: ["ACME BANK"], all: false }]);
  });

  it("keeps recorded names when a name equals the text, and takes that one in", () => {
    const { names, notes } = resolved(["ACME BANK", "ACME CARDS", "Acme"], ["ACME BANK", "ACME CARDS"]);
    assert.deepEqual(names, ["ACME BANK", "ACME CARDS", "Acme"]);
    assert.equal(
      noteText("acme", notes[0]!),
      '"acme" now equals the name "Acme" (1 complaint) and still means ACME BANK and ACME CARDS, which were loaded under it: write the exact names you mean in companies',
    );
    assert.deepEqual(
      resolved(["ACME BANK", "Acme"], names).notes.map(({ kind }) => kind),
      ["vanished", "equal"],
    );
  });

  it("does not widen when the name that equals the text is gone", () => {
    const { names, notes } = resolved(["ACME BANK", "ACME CARDS"], ["Acme"]);
    assert.deepEqual(names, ["Acme"]);
    assert.match(
      noteText("acme", notes[0]!),
      /not have the name "Acme" any more; .* not ACME BANK \(1 complaint\), ACME CARDS/,
    );
  });

  it("says which names are new", () => {
    const { names, notes } = resolved(["ACME BANK", "ACME TRUST"], ["ACME BANK"]);
    assert.deepEqual(names, ["ACME BANK", "ACME TRUST"]);
    assert.equal(noteText("acme", notes[0]!), '"acme" now also means ACME TRUST (1 complaint)');
  });

  it("says nothing of names that are as they were, and nothing false where the source's list was cut", () => {
    assert.deepEqual(resolved(["ACME BANK", "ACME CARDS"], ["ACME BANK", "ACME CARDS"]).notes, []);
    const cut = { ...candidates("acme", "Acme"), holding: null };
    const found = resolveNames([cut], new Map([["acme", ["ACME BANK", "Acme"]]]));
    assert.ok("companies" in found);
    assert.deepEqual(
      found.companies[0]?.notes.map(({ kind }) => kind),
      ["equal"],
    );
  });

  it("gives a recorded name to another text that equals it", () => {
    const source = ["ACME BANK", "ACME CARDS", "Acme"];
    const found = resolveNames(
      [candidates("acme", ...source), candidates("acme bank", ...source)],
      new Map([["acme", ["ACME BANK", "ACME CARDS", "Acme"]]]),
    );
    assert.ok("companies" in found);
    assert.deepEqual(
      found.companies.map(({ names }) => names),
      [["ACME CARDS", "Acme"], ["ACME BANK"]],
    );
    assert.deepEqual(found.companies[0]?.notes.at(-1), { kind: "moved", name: "ACME BANK", to: "acme bank" });
  });

  it("refuses a text that never matched, with the nearest names", () => {
    const found = resolveNames([candidates("a")], none);
    assert.ok("error" in found);
    assert.equal(found.error.code, "company_not_found");
    assert.equal(found.error.message, 'No company at the source matches "a". Nearest names: "NEAR" (1,234).');
  });

  it("refuses two texts that mean the same name", () => {
    const both = resolveNames([candidates("a", "A B"), candidates("b", "B B", "A B")], none);
    assert.ok("error" in both);
    assert.match(both.error.message, /"a" and "b" both mean "A B"/);
    const twice = resolveNames([candidates("a", "A"), candidates("a", "A")], none);
    assert.ok("error" in twice);
    assert.match(twice.error.message, /"a" is given twice/);
  });

  it("knows names that cannot be asked for", () => {
    assert.equal(whyUnqueryable("A B"), null);
    assert.match(whyUnqueryable("A\u00a0") ?? "", /white space/);
  });
});
