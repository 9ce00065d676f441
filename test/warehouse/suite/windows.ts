import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { testContext } from "../../harness/context.ts";
import { complaint, type MadeWarehouse, type Source } from "../../harness/warehouse.ts";

const year = { from: "2026-01-01", to: "2026-12-31" };
/** The days of the year, in so many parts as there are cuts and one more. */
function partsOf(cuts: readonly number[]) {
  const month = (number: number) => `2026-${String(number).padStart(2, "0")}`;
  const starts = [1, ...new Set(cuts)].sort((a, b) => a - b);
  return starts.map((start, i) => {
    const next = starts[i + 1];
    return { from: `${month(start)}-01`, to: next === undefined ? year.to : `${month(next - 1)}-28` };
  });
}

const received = (month: number) => `2026-${String(month).padStart(2, "0")}-05T12:00:00.000Z`;
const inMonth = (id: string, month: number, change: Source = {}) =>
  complaint(id, { date_received: received(month), ...change });
const monthOf = (row: Source) => String(row.date_received).slice(0, 7);

type Loaded = { runId: string; loadIds: string[]; acceptWithdrawals: boolean };

/** A warehouse, and how a run loads the year into it: as one scope, or in parts. */
function loadedInParts({ query, warehouse, load }: MadeWarehouse) {
  let runs = 0;
  type Parts = readonly { from: string; to: string }[];
  async function loadScopes(rows: readonly Source[], parts: Parts, acceptWithdrawals = false): Promise<Loaded> {
    const runId = `run ${++runs}`;
    const isWhole = parts.length === 1;
    const loadIds: string[] = [];
    for (const window of parts) {
      const [first, last] = [window.from.slice(0, 7), window.to.slice(0, 7)];
      const own = rows.filter((row) => monthOf(row) >= first && monthOf(row) <= last);
      const id = isWhole ? "acme" : `acme ${window.from}..${window.to}`;
      loadIds.push((await load(own, { runId, id, window, isWhole, acceptWithdrawals })).loadId);
    }
    return { runId, loadIds, acceptWithdrawals };
  }
  function reconcile(loaded: Loaded) {
    const request = { company: "acme", names: ["ACME BANK"], window: year, source: "live", ...loaded };
    return warehouse.reconcileWindow(request, testContext());
  }
  async function run(rows: readonly Source[], parts: Parts, acceptWithdrawals = false) {
    const loaded = await loadScopes(rows, parts, acceptWithdrawals);
    return parts.length === 1 ? null : reconcile(loaded);
  }
  return { query, warehouse, run, loadScopes, reconcile };
}

const outcomeOf = (loading: Promise<unknown>) =>
  loading.then(
    () => "loaded",
    (error: { code?: string }) => error.code ?? String(error),
  );

/** How a window is loaded that is several scopes, in every warehouse. */
export function windowSuite(make: () => MadeWarehouse): void {
  describe("a window that is read in scopes", () => {
    it("comes to the same as in one, whatever is withdrawn and however it is cut", async () => {
      const months = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 30, maxLength: 80 });
      const cuts = fc.array(fc.integer({ min: 2, max: 12 }), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(
          months,
          cuts,
          fc.integer({ min: 5, max: 60 }),
          fc.boolean(),
          async (found, at, share, accept) => {
            const before = found.map((month, i) => inMonth(String(i + 1), month));
            const after = before.filter((_, i) => (i * 37) % 100 >= share).map((row) => ({ ...row, state: "NY" }));
            const [whole, split] = [loadedInParts(make()), loadedInParts(make())];
            try {
              await whole.run(before, [year]);
              await split.run(before, [year]);
              const one = await outcomeOf(whole.run(after, [year], accept));
              const several = await outcomeOf(split.run(after, partsOf(at), accept));
              assert.equal(several, one);
            } finally {
              await Promise.all([whole.warehouse.close(), split.warehouse.close()]);
            }
            const live = "select complaint_id from raw.cfpb_complaints where _deleted_at is null order by 1";
            assert.deepEqual(await split.query(live), await whole.query(live));
            const withdrawn =
              "select complaint_id, field from raw.cfpb_complaint_changes where field = '_withdrawn' order by 1";
            assert.deepEqual(await split.query(withdrawn), await whole.query(withdrawn));
          },
        ),
        { numRuns: 12, seed: 42 },
      );
    });

    it("is refused where its scopes would withdraw too much together, though none does by itself", async () => {
      const { query, warehouse, run } = loadedInParts(make());
      const rows = Array.from({ length: 48 }, (_, i) => inMonth(String(i), (i % 12) + 1));
      await run(rows, [year]);
      // Six of twelve in each quarter: 24 of 48.
      const kept = rows.filter((_, i) => i % 2 === 0);
      const quarters = partsOf([4, 7, 10]);
      await assert.rejects(run(kept, quarters), (error: { code: string; message: string; data: string }) => {
        assert.equal(error.code, "withdrawals_refused");
        assert.match(error.message, /24 of the 48 complaints of "acme" from 2026-01-01 to 2026-12-31/);
        assert.match(error.data, /nothing was withdrawn/);
        return true;
      });
      await warehouse.close();
      const live = "select count(*) from raw.cfpb_complaints where _deleted_at is null";
      assert.deepEqual(await query(live), [["48"]]);
      const reconciled = await run(kept, quarters, true);
      assert.deepEqual([reconciled?.deleted, reconciled?.expected], [24, 24]);
      await warehouse.close();
      assert.deepEqual(await query(live), [["24"]]);
      assert.deepEqual(await query("select count(*) from pipeline.held_withdrawals"), [["0"]]);
    });

    it("is refused where its scopes cannot read too many rows together", async () => {
      const { warehouse, run } = loadedInParts(make());
      const rows = Array.from({ length: 48 }, (_, i) =>
        inMonth(String(i), (i % 12) + 1, { timely: i % 2 ? "Perhaps" : "Yes" }),
      );
      await assert.rejects(run(rows, partsOf([4, 7, 10])), /Of the 48 rows of "acme", 24 cannot be read/);
      await warehouse.close();
    });

    it("withdraws nothing where a row of any scope has no id", async () => {
      const { query, warehouse, run } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      await run(rows, [year]);
      const now = [...rows.slice(0, 10), inMonth(null as never, 1), inMonth("12", 12)];
      await run(now, partsOf([7]));
      await warehouse.close();
      const live = "select count(*) from raw.cfpb_complaints where _deleted_at is null";
      assert.deepEqual(await query(live), [["13"]]);
    });

    it("keeps a row whose day moved from one scope into another", async () => {
      const { query, warehouse, run } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      await run(rows, [year]);
      const moved = rows.map((row) => (row.complaint_id === "2" ? { ...row, date_received: received(9) } : row));
      const reconciled = await run(moved, partsOf([7]));
      assert.equal(reconciled?.deleted, 0);
      await warehouse.close();
      const found =
        "select complaint_id, date_received::date::varchar from raw.cfpb_complaints where complaint_id = '2' and _deleted_at is null";
      assert.deepEqual(await query(found), [["2", "2026-09-05"]]);
    });

    it("holds nothing of days that were read again since", async () => {
      const { query, warehouse, run, loadScopes, reconcile } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      await run(rows, [year]);
      // The scopes are loaded, and the run ends before they are reconciled; the row is back on the next night.
      const held = await loadScopes(rows.slice(1), partsOf([7]));
      await run(rows, partsOf([7]));
      await assert.rejects(reconcile(held), { code: "reconcile_failed" });
      await warehouse.close();
      const live =
        "select count(*), (select count(*) from pipeline.held_withdrawals) from raw.cfpb_complaints where _deleted_at is null";
      assert.deepEqual(await query(live), [["12", "0"]]);
    });

    it("is reconciled once: a second time gives what the ledger has", async () => {
      const { warehouse, load } = make();
      const window = { from: "2026-01-01", to: "2026-06-30" };
      const { loadId } = await load([complaint("1")], { runId: "r", id: "acme 1", window, isWhole: false });
      const request = { company: "acme", names: ["ACME BANK"], window, loadIds: [loadId], runId: "r", source: "live" };
      const reconcile = () => warehouse.reconcileWindow({ ...request, acceptWithdrawals: false }, testContext());
      const first = await reconcile();
      assert.deepEqual(await reconcile(), first);
      assert.deepEqual([first.loadNo, first.expected, first.deleted], [2, 1, 0]);
      await assert.rejects(
        warehouse.reconcileWindow(
          { ...request, runId: "s", loadIds: ["gone"], acceptWithdrawals: false },
          testContext(),
        ),
        { code: "warehouse_failed" },
      );
      await warehouse.close();
    });
  });
}
