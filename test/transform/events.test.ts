import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDbtLine } from "../../src/transform/events.ts";

const finished = (unique_id: string, run_result: object) =>
  JSON.stringify({
    info: { name: "NodeFinished", level: "debug", msg: "" },
    data: { node_info: { unique_id }, run_result },
  });

describe("dbt's structured log", () => {
  it("tells of nodes", () => {
    assert.deepEqual(parseDbtLine(finished("model.cfpb.dim_states", { status: "success", execution_time: 0.123 })), {
      type: "node",
      node: {
        id: "model.cfpb.dim_states",
        kind: "model",
        name: "dim_states",
        status: "success",
        durationMs: 123,
        failures: null,
        message: null,
        model: null,
        checks: [],
      },
    });
    const test = parseDbtLine(
      finished("test.cfpb.unique_x.abc", { status: "fail", num_failures: 3, message: " Got 3 " }),
    );
    assert.ok(test?.type === "node");
    assert.deepEqual(
      [test.node.kind, test.node.name, test.node.status, test.node.failures, test.node.message],
      ["test", "unique_x", "fail", 3, "Got 3"],
    );
    const unit = parseDbtLine(finished("unit_test.cfpb.dim_states.counts", { status: "pass" }));
    assert.ok(unit?.type === "node");
    assert.deepEqual([unit.node.kind, unit.node.name], ["unit_test", "counts"]);
    const strange = parseDbtLine(finished("model.cfpb.x", { status: "never heard of" }));
    assert.ok(strange?.type === "node" && strange.node.status === "error");
  });

  it("passes errors and warnings on, and takes a plain line for what it is", () => {
    const line = (level: string, msg: string) => JSON.stringify({ info: { name: "X", level, msg }, data: {} });
    assert.deepEqual(parseDbtLine(line("error", " broken ")), { type: "log", level: "error", text: "broken" });
    assert.deepEqual(parseDbtLine(line("info", "1 of 9")), { type: "log", level: "debug", text: "1 of 9" });
    assert.equal(parseDbtLine(line("debug", "chatter")), null);
    assert.equal(parseDbtLine(""), null);
    assert.deepEqual(parseDbtLine("Traceback"), { type: "log", level: "debug", text: "Traceback" });
  });
});
