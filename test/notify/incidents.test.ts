import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lateNotice, noticeOf, type OpenIncidents, type RunOutcome } from "../../src/notify/incidents.ts";

const failed = (errorCode: string, trigger = "schedule"): RunOutcome => ({
  state: "Failed",
  errorCode,
  trigger,
  warnings: [],
});
const completed: RunOutcome = { state: "Completed", errorCode: null, trigger: "schedule", warnings: [] };
const warned: RunOutcome = { ...completed, warnings: ["names"] };
const open = (...incidents: string[]): OpenIncidents =>
  incidents.map((incident) => ({
    kind: incident.startsWith("warning") ? "warning" : "failed",
    incident,
  }));

describe("what is worth telling", () => {
  const cases: [what: string, ended: RunOutcome, open: OpenIncidents, hadSuccess: boolean, told: string | null][] = [
    ["a failure", failed("dbt_failed"), [], true, "failed dbt_failed"],
    ["the same again", failed("dbt_failed"), open("dbt_failed"), true, null],
    [
      "a failure of a run that was late, on the second night",
      failed("dbt_failed"),
      open("late:nightly", "dbt_failed"),
      true,
      null,
    ],
    ["the end of both", completed, open("dbt_failed", "late:nightly"), true, "recovered dbt_failed"],
    ["another one", failed("source_unavailable"), open("dbt_failed"), true, "failed source_unavailable"],
    ["a run out of time", { ...failed("timed_out"), state: "TimedOut" }, [], true, "failed timed_out"],
    ["some companies", failed("companies_failed"), [], true, "failed companies_failed"],
    ["a crash", { ...completed, state: "Crashed", errorCode: "crashed" }, [], true, "crashed crashed"],
    ["a crash again", { ...completed, state: "Crashed", errorCode: "crashed" }, open("crashed"), true, null],
    ["the end of an incident", completed, open("dbt_failed"), true, "recovered dbt_failed"],
    ["the first success", completed, [], false, "firstSuccess "],
    ["any other success", completed, [], true, null],
    ["a warning", warned, [], true, "warning warning:names"],
    ["the same warning again", warned, open("warning:names"), true, null],
    ["another warning", warned, open("warning:others"), true, "warning warning:names"],
    ["the end of a failure, with a warning in the message", warned, open("dbt_failed"), true, "recovered dbt_failed"],
    ["the end of a warning", completed, open("warning:names"), true, "recovered warning:names"],
    ["a cancelled run", { ...completed, state: "Cancelled" }, [], true, null],
    ["a run refused because another is under way", failed("warehouse_locked"), [], true, null],
    ["a mistake on the command line", failed("company_not_found", "cli"), [], true, null],
    ["the same at night", failed("company_not_found"), [], true, "failed company_not_found"],
  ];
  for (const [what, ended, incident, hadSuccess, told] of cases) {
    it(`${what}: ${told ?? "nothing"}`, () => {
      const notice = noticeOf(ended, incident, hadSuccess);
      assert.equal(notice && `${notice.kind} ${notice.incident}`, told);
    });
  }

  it("a late schedule once", () => {
    assert.deepEqual(lateNotice("nightly", []), { kind: "late", incident: "late:nightly" });
    assert.equal(lateNotice("nightly", open("late:nightly")), null);
    assert.equal(lateNotice("nightly", open("dbt_failed", "late:nightly")), null);
    assert.deepEqual(lateNotice("other", open("late:nightly")), { kind: "late", incident: "late:other" });
  });
});
