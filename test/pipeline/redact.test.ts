import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { redactor, redactValue, secretsOf } from "../../src/pipeline/redact.ts";

describe("redacting", () => {
  const address = "https://reader:p%40ss%22word@host.example/api/?key=k3y+with%20space&mode=abcdef";

  it("finds what is secret in an address", () => {
    assert.deepEqual(secretsOf(address), ['p@ss"word', "reader", "k3y with space", "abcdef"]);
    assert.deepEqual(secretsOf("sample"), []);
    assert.deepEqual(secretsOf("https://host.example/api/"), []);
  });

  it("takes it out in every form it may stand in", () => {
    const redact = redactor(secretsOf(address));
    for (const text of [
      address,
      'p@ss"word',
      "p%40ss%22word",
      "k3y+with+space",
      "k3y%20with%20space",
      JSON.stringify('p@ss"word'),
    ]) {
      assert.doesNotMatch(redact(text), /ss"?\\?"?word|k3y/, text);
    }
    assert.deepEqual(redactValue(redact, { a: ['say p@ss"word'], b: 1 }), { a: ["say ***"], b: 1 });
  });

  it("takes users, passwords and keys out of any address", () => {
    const redact = redactor([]);
    assert.equal(redact("GET http://u:p@h/x?api_key=abc&size=1"), "GET http://***@h/x?api_key=***&size=1");
    assert.equal(redact("postgres://only-user@h/db"), "postgres://***@h/db");
    const harmless = "someone@example.org wrote: sort=key, monkey=1?no";
    assert.equal(redact(harmless), harmless);
  });

  it("leaves a value alone in which nothing is secret", () => {
    const value = { a: 1 };
    assert.equal(redactValue(redactor(["sentinel"]), value), value);
  });
});
