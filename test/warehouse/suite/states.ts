import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testContext } from "../../harness/context.ts";
import { complaint, type MadeWarehouse } from "../../harness/warehouse.ts";

/** What every warehouse remembers. */
export function stateSuite(make: () => MadeWarehouse): void {
  describe("what dbt is owed", () => {
    it("is every change since it last succeeded, also after a load that changed nothing", async () => {
      const { warehouse, load } = make();
      assert.equal((await warehouse.pendingBuild("p1")).isPending, true);
      const commit = (project: string) =>
        warehouse.commit({ runId: "run", companies: [], loadIds: [], index: null, built: { project, marts: [] } });
      await load([complaint("1")]);
      assert.deepEqual(await warehouse.pendingBuild("p1"), { isPending: true, reason: "the marts were never built" });
      await commit("p1");
      assert.deepEqual(await warehouse.pendingBuild("p1"), { isPending: false, reason: "nothing new" });
      assert.deepEqual(await warehouse.pendingBuild("p2"), { isPending: true, reason: "the dbt project changed" });
      await load([complaint("1", { state: "NY" })]);
      await load([complaint("1", { state: "NY" })]);
      assert.equal((await warehouse.pendingBuild("p1")).isPending, true);
      await commit("p1");
      await load([complaint("1", { state: "NY" })]);
      assert.equal((await warehouse.pendingBuild("p1")).isPending, false);
      await warehouse.close();
    });

    it("is hardly anything where each company's last load read the very index", async () => {
      const { warehouse, load } = make();
      const index = "2026-11-20T12:00:00-05:00";
      assert.equal(await warehouse.hasLoadedIndex(index, ["acme"]), false);
      await load([complaint("1")]);
      assert.equal(await warehouse.hasLoadedIndex(index, ["acme"]), true);
      assert.equal(await warehouse.hasLoadedIndex("2026-11-21T12:00:00-05:00", ["acme"]), false);
      assert.equal(await warehouse.hasLoadedIndex(index, ["acme", "other"]), false);
      await warehouse.close();
    });

    it("is published once for each build", async () => {
      const { warehouse, load } = make();
      const publish = () => warehouse.publish("run", testContext());
      await load([complaint("1")]);
      assert.equal((await publish()).reason, "the marts were never built");
      await warehouse.commit({
        runId: "run",
        companies: [],
        loadIds: [],
        index: null,
        built: { project: "p", marts: [] },
      });
      const first = await publish();
      assert.deepEqual([first.reason, typeof first.snapshot], [null, "string"]);
      assert.deepEqual(await publish(), { ...first, reason: "nothing new" });
      await warehouse.close();
    });

    it("and the state are read back as they were written", async () => {
      const { warehouse, load } = make();
      assert.deepEqual(await warehouse.states(), { companies: [], untracked: [], index: null });
      const { loadId } = await load([complaint("1")]);
      const days = [
        { from: "2020-02-29", to: "2020-02-29" },
        { from: "2024-01-01", to: "2026-11-20" },
      ];
      const loaded = ['A, "B"', "O'C"].map((name) => ({ name, days }));
      const state = { names: ['A, "B"', "O'C"], loadedFrom: "2024-01-01", loadedThrough: "2026-11-20", loaded };
      const companies = [{ company: "it's", loadId: "l", state }];
      const commit = { runId: "run", companies, loadIds: [loadId], index: null, built: null };
      const index = { source: "li've", rows: 7, lastIndexed: "2026-11-20T12:00:00-05:00" };
      await warehouse.commit({ ...commit, index: { ...index, rows: null, lastIndexed: null } });
      await warehouse.commit({ ...commit, index });
      await warehouse.commit(commit);
      const rowsByName = state.names.map((name) => ({ name, rows: 0 }));
      assert.deepEqual(await warehouse.states(), {
        companies: [{ company: "it's", ...state, rows: 0, rowsByName }],
        untracked: [{ name: "ACME BANK", rows: 1 }],
        index,
      });
      await warehouse.close();
    });
  });
}
