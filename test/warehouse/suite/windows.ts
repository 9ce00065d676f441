import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Withdrawals } from "../../../src/pipeline/flow/values.ts";
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

type Loaded = { runId: string; loadIds: string[]; withdrawals: Withdrawals };
type Parts = readonly { from: string; to: string }[];
type Asked = { withdrawals?: Withdrawals; askedOn?: string; lastIndexed?: string; runId?: string };

/** A warehouse, and how a run loads the year into it: as one scope, or in parts. */
function loadedInParts({ query, warehouse, load }: MadeWarehouse) {
  let runs = 0;
  async function loadParts(rows: readonly Source[], parts: Parts, asked: Asked, isWhole: boolean): Promise<Loaded> {
    const { withdrawals = "usual", askedOn = year.to, runId = `run ${++runs}`, ...rest } = asked;
    const loadIds: string[] = [];
    for (const window of parts) {
      const [first, last] = [window.from.slice(0, 7), window.to.slice(0, 7)];
      const own = rows.filter((row) => monthOf(row) >= first && monthOf(row) <= last);
      const id = isWhole ? "acme" : `acme ${window.from}..${window.to}`;
      const change = { runId, id, window, all: isWhole ? window : year, withdrawals, askedOn, ...rest };
      loadIds.push((await load(own, change)).loadId);
    }
    return { runId, loadIds, withdrawals };
  }
  const loadScopes = (rows: readonly Source[], parts: Parts, asked: Asked = {}) => loadParts(rows, parts, asked, false);
  function reconcile(loaded: Loaded) {
    const request = { company: "acme", names: ["ACME BANK"], window: year, source: "live", ...loaded };
    return warehouse.reconcileWindow(request, testContext());
  }
  /** Null where the window is one scope. */
  async function run(rows: readonly Source[], parts: Parts, asked: Asked = {}) {
    const loaded = await loadParts(rows, parts, asked, parts.length === 1);
    return parts.length === 1 ? null : reconcile(loaded);
  }
  return { query, warehouse, load, run, loadScopes, reconcile };
}

const retry = { runIds: [], since: "2020-01-01T00:00:00Z", asOf: year.to, acceptsOtherLoads: false };

const outcomeOf = (loading: Promise<unknown>) =>
  loading.then(
    () => "loaded",
    (error: { code?: string }) => error.code ?? String(error),
  );

/** How a window is loaded that is several scopes, in every warehouse. */
export function windowSuite(make: () => MadeWarehouse): void {
  describe("a window that is read in scopes", () => {
    it("comes to the same as in one, whatever the source sends, however it is cut, in whichever order", async () => {
      const month = fc.integer({ min: 1, max: 12 });
      const kinds = fc.constantFrom("same", "changed", "gone", "gone", "moved", "rejected", "moved and rejected");
      const rows = fc.array(fc.record({ from: month, to: month, kind: kinds }), { minLength: 30, maxLength: 80 });
      const cuts = fc.uniqueArray(fc.integer({ min: 2, max: 12 }), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(rows, cuts, fc.boolean(), fc.boolean(), async (found, at, accept, isReversed) => {
          const before = found.map(({ from }, i) => inMonth(String(i + 1), from));
          const after = found.flatMap(({ from, to, kind }, i) => {
            if (kind === "gone") return [];
            const moved = kind.startsWith("moved") ? to : from;
            const change = kind.endsWith("rejected")
              ? { timely: "Perhaps" }
              : kind === "changed"
                ? { state: "NY" }
                : {};
            return [inMonth(String(i + 1), moved, change)];
          });
          const [whole, split] = [loadedInParts(make()), loadedInParts(make())];
          try {
            await whole.run(before, [year]);
            await split.run(before, [year]);
            const parts = isReversed ? partsOf(at).toReversed() : partsOf(at);
            const one = await outcomeOf(whole.run(after, [year], { withdrawals: accept ? "all" : "usual" }));
            const several = await outcomeOf(split.run(after, parts, { withdrawals: accept ? "all" : "usual" }));
            assert.equal(several, one);
            if (one !== "loaded") return;
          } finally {
            await Promise.all([whole.warehouse.close(), split.warehouse.close()]);
          }
          for (const sql of [
            "select complaint_id, state, timely, date_received::varchar, _deleted_at is null from raw.cfpb_complaints order by 1",
            `select complaint_id, field, old_value, new_value, changed_on::varchar, unchanged_until::varchar, received_on::varchar
             from raw.cfpb_complaint_changes order by all`,
            "select complaint_id, reason from raw.cfpb_complaints_rejected order by all",
          ]) {
            assert.deepEqual(await split.query(sql), await whole.query(sql), sql);
          }
        }),
        { numRuns: 24, seed: 42 },
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
      const reconciled = await run(kept, quarters, { withdrawals: "all" });
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

    it("keeps a row that moved to another company after its scope was read", async () => {
      const { query, warehouse, run, loadScopes, reconcile, load } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      await run(rows, [year]);
      const held = await loadScopes(rows.slice(1), partsOf([7]));
      await load([{ ...rows[0], company: "OTHER" }], { company: "other", names: ["OTHER"], window: year });
      const { deleted } = await reconcile(held);
      assert.equal(deleted, 0);
      await warehouse.close();
      const found = "select company from raw.cfpb_complaints where complaint_id = '0' and _deleted_at is null";
      assert.deepEqual(await query(found), [["OTHER"]]);
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

    it("says since when a row was not seen, also where the scopes that found it gone were never reconciled", async () => {
      const { query, warehouse, run, loadScopes } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      await run(rows, [year], { askedOn: "2026-10-01" });
      await loadScopes(rows.slice(1), partsOf([7]), { askedOn: "2026-11-01" });
      await run(rows.slice(1), partsOf([7]), { askedOn: "2026-11-05" });
      await warehouse.close();
      const gone = `select complaint_id, unchanged_until::varchar, changed_on::varchar from raw.cfpb_complaint_changes
        where field = '_withdrawn'`;
      assert.deepEqual(await query(gone), [["0", "2026-10-01", "2026-11-05"]]);
    });

    it("withdraws nothing where its scopes read several states of the index", async () => {
      const { warehouse, run, loadScopes, reconcile } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      await run(rows, [year]);
      const [first, second] = partsOf([7]);
      const one = await loadScopes(rows.slice(1), [first!], { lastIndexed: "index 1" });
      const other = await loadScopes(rows, [second!], { lastIndexed: "index 2", runId: one.runId });
      const both = { ...one, loadIds: [...one.loadIds, ...other.loadIds] };
      await assert.rejects(reconcile(both), { code: "index_moved" });
      const loads = await warehouse.loadsFor({ ...retry, runIds: [one.runId] }, "live");
      assert.deepEqual(loads.map(({ result }) => result.held).toSorted(), [0, 1]);
      await warehouse.close();
    });

    it("is done by parts only as long as nobody has read their days again", async () => {
      const { warehouse, run, loadScopes } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      const { runId } = await loadScopes(rows, partsOf([7]));
      const scopesOf = async () =>
        (await warehouse.loadsFor({ ...retry, runIds: [runId] }, "live")).map(({ scope }) => scope).toSorted();
      assert.deepEqual(await scopesOf(), ["acme 2026-01-01..2026-06-28", "acme 2026-07-01..2026-12-31"]);
      await run(rows, [{ from: "2026-07-01", to: "2026-12-31" }]);
      assert.deepEqual(await scopesOf(), ["acme 2026-01-01..2026-06-28"]);
      await warehouse.close();
    });

    it("has parts that the next run need not read: of its source, out of the look-back, and of no window that was ended", async () => {
      const { warehouse, loadScopes, reconcile } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      const loaded = await loadScopes(rows, partsOf([4, 7]), { askedOn: "2026-12-31" });
      const partsFor = async (lookBackDays: number, source = "live", company = "acme") =>
        (await warehouse.unfinishedLoads([company], source, lookBackDays)).map(({ window }) => window.from);
      assert.deepEqual(await partsFor(60), ["2026-04-01", "2026-01-01"]);
      assert.deepEqual(await partsFor(240), ["2026-01-01"]);
      assert.deepEqual([await partsFor(60, "sample"), await partsFor(60, "live", "b")], [[], []]);
      await warehouse.close();
      assert.deepEqual(await partsFor(60), ["2026-04-01", "2026-01-01"], "also where it is only looked at");
      await reconcile(loaded);
      assert.deepEqual(await partsFor(60), []);
      await warehouse.close();
    });

    it("is judged by what was live when its own run began, not by what an earlier one saw", async () => {
      const { warehouse, loadScopes, reconcile } = loadedInParts(make());
      const rows = Array.from({ length: 300 }, (_, i) => inMonth(String(i), 1 + (i % 12)));
      const [first, second] = partsOf([2]);
      // The first part is loaded into nothing; the second by another run, which finds rows of it gone.
      const one = await loadScopes(rows, [first!]);
      await loadScopes(rows, [second!]);
      const gone = rows.filter((row) => Number(row.complaint_id) % 12 !== 5);
      const other = await loadScopes(gone, [second!]);
      const reconciled = await reconcile({ ...other, loadIds: [...one.loadIds, ...other.loadIds] });
      assert.equal(reconciled.deleted, 25, "25 of 300 are less than a tenth");
      await warehouse.close();
    });

    it("is shown as far as its parts came, until it is reconciled", async () => {
      const { warehouse, loadScopes, reconcile } = loadedInParts(make());
      const rows = Array.from({ length: 12 }, (_, i) => inMonth(String(i), i + 1));
      const loaded = await loadScopes(rows, partsOf([4, 7]));
      const lastLoad = async () => {
        await warehouse.close();
        return (await warehouse.stateReport("p")).loaded[0]?.lastLoad;
      };
      const shown = await lastLoad();
      assert.deepEqual([shown?.window, shown?.expected], [{ from: "2026-01-01", to: "2026-12-31" }, 12]);
      await reconcile(loaded);
      assert.deepEqual((await lastLoad())?.expected, 12);
      await warehouse.close();
    });

    it("is reconciled once: a second time gives what the ledger has", async () => {
      const { warehouse, load } = make();
      const window = { from: "2026-01-01", to: "2026-06-30" };
      const { loadId } = await load([complaint("1")], { runId: "r", id: "acme 1", window, all: year });
      const request = { company: "acme", names: ["ACME BANK"], window, loadIds: [loadId], runId: "r", source: "live" };
      const reconcile = () => warehouse.reconcileWindow({ ...request, withdrawals: "usual" }, testContext());
      const first = await reconcile();
      assert.deepEqual(await reconcile(), first);
      assert.deepEqual([first.loadNo, first.expected, first.deleted], [2, 1, 0]);
      await assert.rejects(
        warehouse.reconcileWindow({ ...request, runId: "s", loadIds: ["gone"], withdrawals: "usual" }, testContext()),
        { code: "warehouse_failed" },
      );
      await warehouse.close();
    });
  });
}
