import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { errorCodes } from "../../src/run/errors.ts";
import { levels } from "../../src/run/log-level.ts";
import { hasShortSecret, redactor, redactValue, secretsOf } from "../../src/run/redact.ts";
import { states } from "../../src/run/states.ts";

describe("redacting", () => {
  const address = "https://reader:p%40ss%22word@host.example/api/?key=k3y+with%20space&mode=abcdef";

  it("finds what is secret in an address", () => {
    assert.deepEqual(secretsOf(address), ['p@ss"word', "k3y with space"]);
    assert.deepEqual(secretsOf("https://h/?no_aggs=true&v=2026&team=state&session=0123456789"), ["0123456789"]);
    assert.ok(!hasShortSecret(address));
    for (const short of ["https://u:pw@h/", "https://h/?api_key=abc"]) {
      assert.ok(hasShortSecret(short));
      assert.deepEqual(secretsOf(short), []);
    }
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

  it("takes a short secret out by the name of its parameter, however the name goes on or begins", () => {
    const names = ["client_secret", "app.token", "api_key", "APIKEY2", "key%20", "Signature"];
    for (const name of names) {
      const address = `http://h/?a=1&${name}=ab'12&z=2`;
      assert.equal(redactor([])(address), `http://h/?a=1&${name}=***&z=2`);
      assert.ok(hasShortSecret(address), name);
    }
    for (const name of ["q", "monkeys", "keyword"]) assert.ok(!hasShortSecret(`http://h/?${name}=ab12`), name);
  });

  it("changes no key, no number, no form, and nothing that says what a record is, whatever the secrets are", () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.string(),
        fc.constantFrom("Completed", "state", "2026-11-30", "true", "12345678"),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom("type", "state", "at", "message", "12345678", "Completed"), tie("value"), {
          maxKeys: 4,
        }),
      ),
    })).value;
    const shapeOf = (value: unknown): unknown => {
      if (typeof value === "string") return "text";
      if (Array.isArray(value)) return value.map(shapeOf);
      if (typeof value !== "object" || value === null) return value;
      return Object.entries(value).map(([key, part]) => [key, shapeOf(part)]);
    };
    const secrets = fc.array(
      fc.oneof(fc.string(), fc.constantFrom("Completed", "12345678", "true", "state", "1", "e", '"')),
    );
    fc.assert(
      fc.property(secrets, json, (some, value) => {
        const plain = redactValue(redactor(some), value);
        assert.deepEqual(shapeOf(plain), shapeOf(value));
        if (typeof value !== "object" || value === null || Array.isArray(value)) return;
        const { type, state, at } = plain as Record<string, unknown>;
        const was = value as Record<string, unknown>;
        if (was.type === "state" || was.type === "Completed") assert.equal(type, was.type);
        if (was.state === "state" || was.state === "Completed") assert.equal(state, was.state);
        if (was.at === "2026-11-30") assert.equal(at, was.at);
      }),
      { seed: 15, numRuns: 500 },
    );
    const event = {
      type: "task.state",
      state: "Completed",
      at: "2026-11-30T00:00:00Z",
      task: "x",
      what: "Completed 12345678",
    };
    assert.deepEqual(redactValue(redactor(["Completed", "12345678", "2026-11-30"]), event), {
      ...event,
      what: "*** ***",
    });
  });

  it("takes it out of a text of somebody, whatever key that stands behind", () => {
    const redact = redactor(["s3cret-w0rd"]);
    const note = { kind: "moved", name: "A s3cret-w0rd", to: "s3cret-w0rd" };
    assert.deepEqual(redactValue(redact, { type: "names.noted", company: "a", note }), {
      ...{ type: "names.noted", company: "a" },
      note: { kind: "moved", name: "A ***", to: "***" },
    });
    const keys = "type state level kind code at asOf from to id runId".split(" ");
    for (const key of keys) {
      const value = { [key]: "my s3cret-w0rd here" };
      assert.deepEqual(redactValue(redact, value), { [key]: "my *** here" });
    }
  });

  it("keeps every state, type of event and error code as it is, whatever the secrets are", () => {
    const texts = [...states, ...Object.keys(levels), ...errorCodes, "extract_and_load_complaints"];
    for (const text of [
      ...texts,
      "run.started",
      "dbt.node",
      "source.answered",
      "unit_test",
      "cfpb-complaints-incremental",
    ]) {
      for (const key of ["type", "state", "level", "code", "step", "flow"]) {
        assert.deepEqual(redactValue(redactor([text]), { [key]: text }), { [key]: text });
      }
    }
  });

  it("leaves a value alone in which nothing is secret", () => {
    const value = { a: 1 };
    assert.equal(redactValue(redactor(["sentinel"]), value), value);
  });
});
