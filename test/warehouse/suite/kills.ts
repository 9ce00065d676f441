import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { complaint, type Elsewhere, type MadeWarehouse } from "../../harness/warehouse.ts";

const rows = "select complaint_id, state, _deleted_at is null from raw.cfpb_complaints order by 1";
const ledger = "select load_no, inserted, updated, deleted from pipeline.loads order by 1";
const before = [
  ["1", "CA", "true"],
  ["2", "FL", "true"],
];
const after = [
  ["1", "TX", "true"],
  ["2", "FL", "false"],
  ["3", "FL", "true"],
];

/** What survives a process that is killed while it loads: all of a load, or nothing. */
export function killSuite(make: () => MadeWarehouse, elsewhere: Elsewhere): void {
  describe("a process that loads and is killed", () => {
    for (const event of ["warehouse.opened", "load.staged", "load.merged", "load.reconciled", "load.committed"]) {
      it(`at ${event} leaves all of the load or nothing, and another one comes to the same`, async () => {
        const made = make();
        await made.load([complaint("1", { state: "CA" }), complaint("2")]);
        await made.warehouse.close();
        await elsewhere(made, event);
        const isCommitted = event === "load.committed";
        assert.deepEqual(await made.query(rows), isCommitted ? after : before);
        assert.equal((await made.query(ledger)).length, isCommitted ? 2 : 1);
        await elsewhere(made, null);
        assert.deepEqual(await made.query(rows), after);
        assert.deepEqual(await made.query(ledger), [
          ["1", "2", "0", "0"],
          ["2", "1", "1", "1"],
        ]);
      });
    }

    // The third time is that of the window.
    for (const event of ["load.merged", "load.committed", "load.staged:2", "load.reconciled:3", "load.committed:3"]) {
      it(`in parts, at ${event}, withdraws nothing before its window is reconciled, and another one comes to the same`, async () => {
        const made = make();
        await made.load([complaint("1", { state: "CA" }), complaint("2")]);
        await made.warehouse.close();
        await elsewhere(made, event, "parts");
        const isGone = "select _deleted_at is not null from raw.cfpb_complaints where complaint_id = '2'";
        assert.deepEqual(await made.query(isGone), [[String(event === "load.committed:3")]]);
        await elsewhere(made, null, "parts");
        assert.deepEqual(await made.query(rows), after);
        assert.deepEqual(await made.query(ledger), [
          ["1", "2", "0", "0"],
          ["2", "1", "1", "0"],
          ["3", "0", "0", "0"],
          ["4", "0", "0", "1"],
        ]);
        assert.deepEqual(await made.query("select count(*) from pipeline.held_withdrawals"), [["0"]]);
      });
    }
  });
}
