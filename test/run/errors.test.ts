import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exitCodeOf, factsOf, PipelineError, readErrorFacts } from "../../src/run/errors.ts";

describe("errors", () => {
  it("have the exit codes of the command line", () => {
    assert.equal(exitCodeOf("warehouse_locked"), 75);
    assert.equal(exitCodeOf("config_invalid"), 2);
    assert.equal(exitCodeOf("dbt_failed"), 1);
  });

  it("become fields, bugs included", () => {
    const facts = { code: "source_refused", message: "what", data: "data", next: "next" } as const;
    assert.deepEqual(factsOf(new PipelineError(facts, { cause: new Error("hidden") })), facts);
    assert.deepEqual([factsOf(new TypeError("x is not y")).code], ["internal"]);
  });

  it("of earlier versions are read, whose message was called `what`", () => {
    const { message, ...rest } = { code: "internal", message: "m", data: "d", next: "n" } as const;
    assert.deepEqual(readErrorFacts({ ...rest, what: message }), { ...rest, message });
    assert.deepEqual(readErrorFacts({ ...rest, message }), { ...rest, message });
  });
});
