import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EventFacts } from "../../../src/run/events.ts";
import { testContext } from "../../harness/context.ts";
import { complaint, type Elsewhere, type MadeWarehouse } from "../../harness/warehouse.ts";

const live = "select complaint_id, state from raw.cfpb_complaints where _deleted_at is null order by 1";

/** Who may write a warehouse, who has it while dbt builds, and what is asked of it between runs. */
export function holdSuite(make: () => MadeWarehouse, elsewhere: Elsewhere): void {
  describe("an empty warehouse", () => {
    it("is not made by looking", async () => {
      const { warehouse } = make();
      assert.equal(await warehouse.exists(), false);
      for (const use of ["read", "write"] as const) await warehouse.check(use);
      assert.deepEqual(
        [await warehouse.holder(), await warehouse.lastLoad(), await warehouse.inspect(), await warehouse.forget([])],
        [undefined, null, null, []],
      );
      assert.deepEqual(await warehouse.states(), { companies: [], untracked: [], index: null });
      assert.deepEqual((await warehouse.stateReport("p")).companies, []);
      const days = { from: "2026-01-01", to: "2026-12-31" };
      assert.deepEqual(await warehouse.distributions(["A"], days, ["state"]), [{ field: "state", values: [] }]);
      assert.equal((await warehouse.pendingBuild("p")).isPending, true);
      await warehouse.close();
      assert.equal(await warehouse.exists(), false);
    });

    it("is not what a run has loaded into: nothing is committed, reconciled or published there", async () => {
      const { warehouse } = make();
      const gone = { code: "warehouse_failed" };
      const commit = { runId: "r", companies: [], loadIds: [], index: null, built: null };
      const days = { from: "2026-01-01", to: "2026-12-31" };
      const window = { company: "a", names: ["A"], window: days, loadIds: ["l"], runId: "r", source: "live" };
      await assert.rejects(warehouse.assertLoaded(["l"]), gone);
      await assert.rejects(warehouse.commit(commit), gone);
      await assert.rejects(warehouse.publish("r", testContext()), gone);
      await assert.rejects(warehouse.reconcileWindow({ ...window, withdrawals: "usual" }, testContext()), gone);
      assert.equal(await warehouse.exists(), false);
    });
  });

  describe("the right to write a warehouse", () => {
    it("is one's at a time, and says whose it is", async () => {
      const { warehouse, load, open } = make();
      await load([complaint("1")]);
      await warehouse.close();
      const other = open();
      const lock = await warehouse.lock();
      assert.equal((await other.holder())?.pid, process.pid);
      await assert.rejects(other.lock(), (error: { code: string; message: string }) => {
        assert.equal(error.code, "warehouse_locked");
        assert.match(error.message, new RegExp(`process ${process.pid}\\b`));
        return true;
      });
      await assert.rejects(other.stateReport("p"), { code: "warehouse_locked" });
      await lock.release();
      assert.equal(await other.holder(), undefined);
      await (await other.lock()).release();
      assert.equal((await other.stateReport("p")).companies.length, 0);
    });

    it("ends with its process, however that ends", async () => {
      const made = make();
      await made.load([complaint("1")]);
      await made.warehouse.close();
      await elsewhere(made, "load.merged");
      assert.equal(await made.warehouse.holder(), undefined);
      await (await made.warehouse.lock()).release();
    });
  });

  describe("a warehouse that is handed over", () => {
    it("can be written by another process meanwhile, and is used again then", async () => {
      const made = make();
      const events: EventFacts[] = [];
      const warehouse = made.open((event) => void events.push(event));
      await made.load([complaint("1", { state: "CA" }), complaint("2")]);
      await made.warehouse.close();
      assert.equal((await warehouse.states()).companies.length, 0);
      const built = await warehouse.handOver(async () => {
        assert.deepEqual(
          events.map(({ type }) => type),
          ["warehouse.opened", "warehouse.closed"],
        );
        await elsewhere(made, null);
        return "built";
      });
      assert.equal(built, "built");
      assert.equal((await warehouse.lastLoad())?.runId, "elsewhere");
      await warehouse.close();
      assert.deepEqual(await made.query(live), [
        ["1", "TX"],
        ["3", "FL"],
      ]);
    });
  });

  describe("what is asked of a warehouse", () => {
    it("is how many rows have each value of a field, of names and days, withdrawn ones left out", async () => {
      const { warehouse, load } = make();
      const names = { names: ["ACME BANK", "OTHER"] };
      const rows = [
        ...["CA", "CA", null].map((state, i) => complaint(String(i), { state })),
        complaint("9", { state: "NY", company: "OTHER" }),
      ];
      await load([...rows, complaint("gone")], names);
      await load(rows, names);
      const may = { from: "2026-05-01", to: "2026-05-01" };
      assert.deepEqual(await warehouse.distributions(["ACME BANK"], may, ["state", "company"]), [
        {
          field: "state",
          values: [
            { value: "CA", rows: 2 },
            { value: null, rows: 1 },
          ],
        },
        { field: "company", values: [{ value: "ACME BANK", rows: 3 }] },
      ]);
      const june = { from: "2026-06-01", to: "2026-06-30" };
      assert.deepEqual(await warehouse.distributions(["OTHER"], june, ["state"]), [{ field: "state", values: [] }]);
      await warehouse.close();
    });

    it("is whether it is whole", async () => {
      const { warehouse, load } = make();
      await load([complaint("1"), complaint("2", { date_received: "yesterday" })]);
      await warehouse.close();
      assert.deepEqual(await warehouse.inspect(), { rows: 1, doubled: 0, rejected: 1, whole: true });
    });

    it("is to forget what it remembers: of some companies, or of all", async () => {
      const { warehouse, load } = make();
      const days = { from: "2026-01-01", to: "2026-12-31" };
      const companies = [];
      for (const company of ["a", "b", "c"]) {
        const { loadId } = await load([complaint(company)], { company, runId: company });
        const state = { names: ["ACME BANK"], loadedFrom: days.from, loadedThrough: days.to, loaded: [] };
        companies.push({ company, loadId, state: { ...state, loaded: [{ name: "ACME BANK", days: [days] }] } });
      }
      const loadIds = companies.map(({ loadId }) => loadId);
      await warehouse.commit({ runId: "r", companies, loadIds, index: null, built: null });
      const known = async () => (await warehouse.states()).companies.map(({ company }) => company);
      assert.deepEqual(await known(), ["a", "b", "c"]);
      assert.deepEqual(await warehouse.forget(["b", "x"]), ["b"]);
      assert.deepEqual(await known(), ["a", "c"]);
      await warehouse.close();
      const report = await warehouse.stateReport("p");
      assert.deepEqual(
        [report.companies.map(({ company }) => company), report.loaded.map(({ company }) => company)],
        [["a", "c"], ["b"]],
      );
      assert.deepEqual(await warehouse.forget([]), ["a", "c"]);
      await warehouse.close();
    });
  });
}
