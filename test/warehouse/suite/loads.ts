import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LoadResult } from "../../../src/pipeline/flow/values.ts";
import type { PipelineError } from "../../../src/run/errors.ts";
import { testContext } from "../../harness/context.ts";
import { complaint, type MadeWarehouse, type Source } from "../../harness/warehouse.ts";

const counts = ({ inserted, updated, deleted, unchanged, rejected }: LoadResult) => [
  inserted,
  updated,
  deleted,
  unchanged,
  rejected,
];

/** What a load does, in every warehouse. */
export function loadSuite(make: () => MadeWarehouse): void {
  describe("loading a company", () => {
    it("inserts, updates what differs, withdraws what is gone and revives what comes back", async () => {
      const { query, warehouse, load } = make();
      const reload = async (rows: Source[]) => counts(await load(rows));
      assert.deepEqual(await reload([complaint("1"), complaint("2"), complaint("3")]), [3, 0, 0, 0, 0]);
      assert.deepEqual(await reload([complaint("1"), complaint("2"), complaint("3")]), [0, 0, 0, 3, 0]);
      const settled = complaint("2", { company_response: "Closed with explanation", tags: "Servicemember" });
      assert.deepEqual(await reload([complaint("1"), settled]), [0, 1, 1, 1, 0]);
      await warehouse.close();
      assert.deepEqual(
        await query(
          "select complaint_id, company_response, tags, _deleted_at is null from raw.cfpb_complaints order by 1",
        ),
        [
          ["1", "In progress", null, "true"],
          ["2", "Closed with explanation", "Servicemember", "true"],
          ["3", "In progress", null, "false"],
        ],
      );
      assert.deepEqual(await reload([complaint("1"), settled, complaint("3")]), [0, 1, 0, 2, 0]);
      await warehouse.close();
      assert.deepEqual(
        await query("select count(*), count(_deleted_at), count(distinct _load_id) from raw.cfpb_complaints"),
        [["3", "0", "3"]],
      );
      assert.deepEqual(
        await query(
          "select load_no, company, expected, inserted, updated, deleted, live from pipeline.loads order by 1",
        ),
        [
          ["1", "acme", "3", "3", "0", "0", "3"],
          ["2", "acme", "3", "0", "0", "0", "3"],
          ["3", "acme", "2", "0", "1", "1", "2"],
          ["4", "acme", "3", "0", "1", "0", "3"],
        ],
      );
    });

    it("moves _loaded_at only of rows that differ", async () => {
      const { query, warehouse, load } = make();
      await load([complaint("1"), complaint("2")]);
      await load([complaint("1"), complaint("2", { state: "NY" })]);
      await warehouse.close();
      const rows = await query(
        "select c.complaint_id, l.load_no, c._loaded_at = l.loaded_at from raw.cfpb_complaints c join pipeline.loads l on l.load_id = c._load_id order by 1",
      );
      assert.deepEqual(rows, [
        ["1", "1", "true"],
        ["2", "2", "true"],
      ]);
    });

    it("stores every field with its type", async () => {
      const { query, warehouse, load } = make();
      const rows = [
        complaint("1", { company: "ACME BANK", date_sent_to_company: null }),
        complaint("2", {
          date_received: "2026-05-12T12:00:00-05:00",
          complaint_what_happened: "",
          has_narrative: false,
        }),
        complaint("3", {
          date_received: "2026-05-12",
          complaint_what_happened: 'It\'s "gone"\n• ✓',
          has_narrative: true,
        }),
        complaint("4", { "odd/key~": 5, nested: { x: null } }),
      ];
      const { fields } = await load(rows);
      await warehouse.close();
      assert.deepEqual(
        await query(
          "select complaint_id, date_received::varchar, date_sent_to_company::varchar, complaint_what_happened, has_narrative, zip_code, tags, _extra from raw.cfpb_complaints order by 1",
        ),
        [
          ["1", "2026-05-01 23:59:58+00", null, null, null, "083XX", null, null],
          ["2", "2026-05-12 17:00:00+00", "2026-05-02 00:00:00+00", null, "false", "083XX", null, null],
          ["3", "2026-05-12 00:00:00+00", "2026-05-02 00:00:00+00", 'It\'s "gone"\n• ✓', "true", "083XX", null, null],
          [
            "4",
            "2026-05-01 23:59:58+00",
            "2026-05-02 00:00:00+00",
            null,
            null,
            "083XX",
            null,
            '{"odd/key~":5,"nested":{"x":null}}',
          ],
        ],
      );
      assert.deepEqual(fields.unknown, ["nested", "odd/key~"]);
    });

    it("reads each row by its own keys, whatever the page's first row has", async () => {
      const { query, warehouse, load } = make();
      const reversed = Object.fromEntries(Object.entries(complaint("3", { tags: "c", later: 1 })).reverse());
      const result = await load([
        { complaint_id: "1", date_received: "2026-05-01", company: "ACME BANK" },
        complaint("2", { tags: "b" }),
        reversed,
        { complaint_id: "4", nothing: "else" },
      ]);
      await warehouse.close();
      assert.deepEqual(counts(result), [3, 0, 0, 0, 1]);
      assert.deepEqual(await query("select complaint_id, product, tags, _extra from raw.cfpb_complaints order by 1"), [
        ["1", null, null, null],
        ["2", "Mortgage", "b", null],
        ["3", "Mortgage", "c", '{"later":1}'],
      ]);
      assert.deepEqual(result.fields.unknown, ["later"]);
      assert.deepEqual(
        result.fields.missing.find(({ field }) => field === "tags"),
        { field: "tags", rows: 1 },
      );
      assert.deepEqual(await query("select row_text from raw.cfpb_complaints_rejected"), [
        ['{"complaint_id":"4","nothing":"else"}'],
      ]);
    });

    const forty = Array.from({ length: 40 }, (_, i) => i);
    /** Forty complaints, each with the change that its number gives. */
    const rowsWith = (change: (i: number) => Source) => forty.map((i) => complaint(String(100 + i), change(i)));

    it("refuses many rows in which a known field is of another kind, and leaves what is stored", async () => {
      const { query, warehouse, load } = make();
      await load(rowsWith(() => ({})));
      const cases: [Source, string][] = [
        [{ timely: true }, "`timely` is a boolean, a text is expected (in 40 of 40 rows)"],
        [{ zip_code: 2139 }, "`zip_code` is a number, a text is expected (in 40 of 40 rows)"],
        [{ product: { value: "Debt" } }, "`product` is an object, a text is expected (in 40 of 40 rows)"],
        [{ tags: ["a"] }, "`tags` is a list, a text is expected (in 40 of 40 rows)"],
        [{ has_narrative: 1 }, "`has_narrative` is a number, a text is expected (in 40 of 40 rows)"],
        [{ timely: "yes" }, '`timely` is "yes", expected Yes or No (in 40 of 40 rows)'],
        [{ consumer_disputed: "true" }, '`consumer_disputed` is "true", expected Yes or No or N/A (in 40 of 40 rows)'],
      ];
      for (const [change, why] of cases) {
        await assert.rejects(load(rowsWith(() => change)), (error: PipelineError) => {
          assert.equal(error.code, "rows_unreadable");
          assert.ok(error.message.includes(why), error.message);
          return true;
        });
      }
      await warehouse.close();
      assert.deepEqual(
        await query("select distinct timely, zip_code, product, tags, has_narrative from raw.cfpb_complaints"),
        [["Yes", "083XX", "Mortgage", null, null]],
      );
      assert.deepEqual(await query("select count(*) from raw.cfpb_complaint_changes"), [["0"]]);
    });

    it("keeps single rows of another kind apart, and withdraws nothing of them", async () => {
      const { query, warehouse, load } = make();
      await load(rowsWith(() => ({})));
      const result = await load(rowsWith((i) => (i === 7 ? { timely: false } : i === 8 ? { timely: "perhaps" } : {})));
      assert.deepEqual(counts(result), [0, 0, 0, 38, 2]);
      await warehouse.close();
      assert.deepEqual(
        await query("select reason, row_text like '%\"timely\":%' from raw.cfpb_complaints_rejected order by 1"),
        [
          ['`timely` is "perhaps", expected Yes or No', "true"],
          ["`timely` is a boolean, a text is expected", "true"],
        ],
      );
      assert.deepEqual(
        await query("select count(*), count(_deleted_at) from raw.cfpb_complaints where timely = 'Yes'"),
        [["40", "0"]],
      );
    });

    it("takes no text for another kind, whatever it says, and reads true and false of has_narrative", async () => {
      const { query, warehouse, load } = make();
      const says = 'He said: "timely": true, {"zip_code":5}';
      const result = await load([
        complaint("1", { complaint_what_happened: says, has_narrative: true }),
        complaint("2"),
      ]);
      assert.deepEqual(counts(result), [2, 0, 0, 0, 0]);
      await warehouse.close();
      assert.deepEqual(
        await query("select complaint_what_happened, has_narrative from raw.cfpb_complaints where complaint_id = '1'"),
        [[says, "true"]],
      );
    });

    it("does not say what was seen when where a later day was looked at before, as in a replay", async () => {
      const { query, warehouse, load } = make();
      const asked = (askedOn: string, ...rows: Parameters<typeof load>[0]) => load(rows, { askedOn });
      await asked("2026-11-20", complaint("1"));
      await asked("2026-11-10", complaint("1", { state: "NY" }), complaint("2"));
      await asked("2026-11-21", complaint("1"), complaint("2"), complaint("3"));
      await warehouse.close();
      const changes =
        "select old_value, changed_on::varchar, unchanged_until::varchar from raw.cfpb_complaint_changes order by all";
      assert.deepEqual(await query(changes), [
        ["FL", "2026-11-10", null],
        ["NY", "2026-11-21", "2026-11-20"],
      ]);
      const seen =
        "select complaint_id, _first_seen_on::varchar, _unseen_until::varchar from raw.cfpb_complaints order by 1";
      assert.deepEqual(await query(seen), [
        ["1", null, null],
        ["2", null, null],
        ["3", "2026-11-21", "2026-11-20"],
      ]);
    });

    it("keeps the stored values of a field that comes null in all rows, and says so", async () => {
      const { query, warehouse, load } = make();
      await load(rowsWith((i) => ({ tags: i < 5 ? "Servicemember" : null, sub_issue: i < 4 ? "x" : null })));
      const result = await load(
        rowsWith((i) => ({ timely: null, tags: null, sub_issue: null, state: i === 0 ? "NY" : "FL" })),
      );
      // Four of forty are not over a tenth: that those values are gone is believed.
      assert.deepEqual(counts(result), [0, 4, 0, 36, 0]);
      assert.deepEqual(result.fields.emptied, [
        { field: "tags", rows: 40 },
        { field: "timely", rows: 40 },
      ]);
      await warehouse.close();
      assert.deepEqual(await query("select count(timely), count(tags), count(sub_issue) from raw.cfpb_complaints"), [
        ["40", "5", "0"],
      ]);
    });

    it("reads a known answer whatever its case, and names answers that are not known", async () => {
      const { query, warehouse, load } = make();
      const result = await load([
        complaint("1", { company_response: "In Progress" }),
        complaint("2", { company_response: "closed with Explanation" }),
        complaint("3", { company_response: "Closed some day" }),
      ]);
      assert.deepEqual(result.fields.responses, ["Closed some day"]);
      await warehouse.close();
      assert.deepEqual(await query("select company_response from raw.cfpb_complaints order by complaint_id"), [
        ["In progress"],
        ["Closed with explanation"],
        ["Closed some day"],
      ]);
    });

    it("keeps new keys of stored rows, also when they go again", async () => {
      const { query, warehouse, load } = make();
      await load([complaint("1"), complaint("2")]);
      const came = await load([complaint("1", { later: 1 }), complaint("2")]);
      const same = await load([complaint("1", { later: 1 }), complaint("2")]);
      const gone = await load([complaint("1"), complaint("2", { state: "NY" })]);
      await warehouse.close();
      assert.deepEqual([came, same, gone].map(counts), [
        [0, 1, 0, 1, 0],
        [0, 0, 0, 2, 0],
        [0, 1, 0, 1, 0],
      ]);
      assert.deepEqual(await query("select complaint_id, state, _extra from raw.cfpb_complaints order by 1"), [
        ["1", "FL", '{"later":1}'],
        ["2", "NY", null],
      ]);
    });

    it("remembers which values it replaced, and on which day new rows appeared", async () => {
      const { query, warehouse, load } = make();
      const on = (from: string, to: string) => ({ window: { from, to } });
      await load([complaint("1"), complaint("2")], on("2026-04-01", "2026-05-10"));
      await load(
        [
          complaint("1", {
            company_response: "Closed with explanation",
            date_sent_to_company: "2026-05-03T00:00:00.000Z",
          }),
          complaint("2"),
          complaint("3"),
        ],
        on("2026-05-01", "2026-05-11"),
      );
      const early = complaint("4", { date_received: "2026-03-01T12:00:00.000Z" });
      await load([complaint("1"), complaint("2"), complaint("3"), early], on("2026-03-01", "2026-05-12"));
      await warehouse.close();
      assert.deepEqual(
        await query("select complaint_id, _first_seen_on from raw.cfpb_complaints order by 1"),
        [
          ["1", null],
          ["2", null],
          ["3", "2026-05-11"],
          ["4", null],
        ],
        "not what the first load saw, nor days that no load had looked at",
      );
      assert.deepEqual(
        await query(
          "select complaint_id, field, old_value, new_value, changed_on from raw.cfpb_complaint_changes order by changed_on, field",
        ),
        [
          ["1", "company_response", "In progress", "Closed with explanation", "2026-05-11"],
          ["1", "date_sent_to_company", "2026-05-02 00:00:00+00", "2026-05-03 00:00:00+00", "2026-05-11"],
          ["1", "company_response", "Closed with explanation", "In progress", "2026-05-12"],
          ["1", "date_sent_to_company", "2026-05-03 00:00:00+00", "2026-05-02 00:00:00+00", "2026-05-12"],
        ],
      );
    });

    it("leaves alone what a row does not say, and takes an explicit null", async () => {
      const { query, warehouse, load } = make();
      await load([
        complaint("1", { tags: "a", complaint_what_happened: "text" }),
        complaint("2", { tags: "b" }),
        complaint("3", { tags: "c" }),
      ]);
      const result = await load([
        complaint("1", { tags: undefined }),
        complaint("2", { tags: null }),
        complaint("3", { tags: "d" }),
      ]);
      await warehouse.close();
      assert.deepEqual(counts(result), [0, 2, 0, 1, 0]);
      assert.deepEqual(
        await query("select complaint_id, tags, complaint_what_happened from raw.cfpb_complaints order by 1"),
        [
          ["1", "a", "text"],
          ["2", null, null],
          ["3", "d", null],
        ],
      );
      assert.deepEqual(
        result.fields.missing.find(({ field }) => field === "tags"),
        { field: "tags", rows: 1 },
      );
    });

    it("keeps rows that cannot be complaints apart, and does not withdraw them", async () => {
      const { query, warehouse, load } = make();
      await load([complaint("1"), complaint("2")]);
      const result = await load([
        complaint("1"),
        complaint("2", { date_received: "soon" }),
        complaint(""),
        complaint(null),
        complaint("3", { date_sent_to_company: 7 }),
      ]);
      await warehouse.close();
      assert.deepEqual(counts(result), [0, 0, 0, 1, 4]);
      assert.deepEqual(
        await query(
          "select reason, company, row_text::json->>'complaint_id' from raw.cfpb_complaints_rejected order by 1, 3",
        ),
        [
          ["`date_sent_to_company` is a number, a text is expected", "acme", "3"],
          ["no complaint_id", "acme", ""],
          ["no complaint_id", "acme", null],
          ["unreadable date_received", "acme", "2"],
        ],
      );
      assert.deepEqual(await query("select count(*) from raw.cfpb_complaints where _deleted_at is null"), [["2"]]);
    });

    it("keeps a row apart that has a key twice, as it does not say which value counts", async () => {
      const { query, warehouse, load } = make();
      const twice = (id: string, start: string) => JSON.stringify(complaint(id)).replace("{", `{${start},`);
      await load([complaint("1"), complaint("2"), complaint("3")]);
      const result = await load([complaint("1"), twice("2", '"state":"GA"'), twice("3", '"complaint_id":"4"')]);
      const alike = await load([twice("1", '"tags":"a"'), twice("2", '"tags":"b"'), twice("3", '"tags":"c"')]);
      await warehouse.close();
      assert.deepEqual(
        [counts(result), counts(alike)],
        [
          [0, 0, 0, 1, 2],
          [0, 0, 0, 0, 3],
        ],
      );
      assert.deepEqual(await query("select distinct reason from raw.cfpb_complaints_rejected"), [["a key twice"]]);
      assert.deepEqual(
        await query("select row_text[:40] from raw.cfpb_complaints_rejected where row_text like '%\"4\"%'"),
        [['{"complaint_id":"4","product":"Mortgage"']],
      );
      assert.deepEqual(
        await query("select complaint_id, state, tags from raw.cfpb_complaints where _deleted_at is null order by 1"),
        [
          ["1", "FL", null],
          ["2", "FL", null],
          ["3", "FL", null],
        ],
      );
    });

    it("withdraws nothing while a row comes without its id: it may be any of those that are gone", async () => {
      const { query, warehouse, load } = make();
      await load([complaint("1"), complaint("2"), complaint("3")]);
      const result = await load([complaint("1"), complaint(null)]);
      await warehouse.close();
      assert.deepEqual(counts(result), [0, 0, 0, 1, 1]);
      assert.deepEqual(await query("select count(*) from raw.cfpb_complaints where _deleted_at is null"), [["3"]]);
    });

    it("refuses a load of which it cannot read too many rows", async () => {
      const { query, warehouse, load } = make();
      const rows = Array.from({ length: 100 }, (_, i) => complaint(String(i + 1)));
      await load(rows);
      const renamed = rows.map(({ date_received, ...row }) => ({ ...row, received: date_received }));
      await assert.rejects(load(renamed), {
        code: "rows_unreadable",
        message:
          'Of the 100 rows of "acme", 100 cannot be read as complaints: unreadable date_received (in 100 of 100 rows).',
      });
      await warehouse.close();
      assert.deepEqual(await query("select count(*) from raw.cfpb_complaints_rejected"), [["0"]]);
    });

    it("counts a row that two pages showed once", async () => {
      const { warehouse, load } = make();
      const result = await load([complaint("1"), complaint("2"), complaint("1", { state: "NY" })], { expected: 2 });
      assert.deepEqual(counts(result), [2, 0, 0, 0, 0]);
      await warehouse.close();
    });

    it("rolls everything back when it does not add up", async () => {
      const { query, warehouse, load } = make();
      await load([complaint("1")]);
      for (const expected of [1, 3]) {
        const rows = [complaint("1", { state: "NY" }), complaint("2")];
        await assert.rejects(load(rows, { expected }), {
          code: "reconcile_failed",
          message: `The load of "acme" does not add up: the source says ${expected} rows, and 2 different ones arrived (0 rejected).`,
        });
      }
      await warehouse.close();
      assert.deepEqual(await query("select complaint_id, state from raw.cfpb_complaints"), [["1", "FL"]]);
      assert.deepEqual(await query("select count(*) from pipeline.loads"), [["1"]]);
    });

    it("refuses rows that were not asked for", async () => {
      const { query, warehouse, load } = make();
      const strangers = [
        complaint("2", { company: "OTHER" }),
        complaint("2", { company: null }),
        complaint("2", { date_received: "2025-12-31T23:59:59.999Z" }),
        complaint("2", { date_received: "2027-01-01T00:00:00.000Z" }),
      ];
      for (const stranger of strangers) {
        await assert.rejects(load([complaint("1"), stranger]), {
          code: "source_ignored_filter",
        });
      }
      await warehouse.close();
      assert.deepEqual(await query("select count(*) from raw.cfpb_complaints"), [["0"]]);
    });

    it("withdraws many rows only when told to", async () => {
      const { query, warehouse, load } = make();
      const rows = Array.from({ length: 100 }, (_, i) => complaint(String(i + 1)));
      await load(rows);
      await assert.rejects(load([]), { code: "withdrawals_refused" });
      await assert.rejects(load(rows.slice(21)), { code: "withdrawals_refused" });
      assert.deepEqual(counts(await load(rows.slice(20))), [0, 0, 20, 80, 0]);
      const accepted = await load([], { withdrawals: "all" });
      assert.deepEqual(counts(accepted), [0, 0, 80, 0, 0]);
      await warehouse.close();
      assert.deepEqual(await query("select count(*), count(_deleted_at) from raw.cfpb_complaints"), [["100", "100"]]);
    });

    it("touches only its own names and days", async () => {
      const { query, warehouse, load } = make();
      const other = { company: "other", names: ["OTHER"] };
      await load([complaint("1", { company: "OTHER" })], other);
      await load([complaint("2")]);
      const later = { window: { from: "2026-06-01", to: "2026-12-31" } };
      const result = await load([], later);
      assert.deepEqual(counts(result), [0, 0, 0, 0, 0]);
      await warehouse.close();
      assert.deepEqual(await query("select count(*), count(_deleted_at) from raw.cfpb_complaints"), [["2", "0"]]);
    });

    it("follows a complaint that moves to another company", async () => {
      const { query, warehouse, load } = make();
      const other = { company: "other", names: ["OTHER"] };
      await load([complaint("1")]);
      const gained = await load([complaint("1", { company: "OTHER" })], other);
      const lost = await load([]);
      assert.deepEqual(
        [counts(gained), counts(lost)],
        [
          [0, 1, 0, 0, 0],
          [0, 0, 0, 0, 0],
        ],
      );
      await warehouse.close();
      assert.deepEqual(await query("select company, _deleted_at is null from raw.cfpb_complaints"), [
        ["OTHER", "true"],
      ]);
    });

    it("stops when it is cancelled, and leaves nothing of the load", async () => {
      const { query, warehouse, load } = make();
      const controller = new AbortController();
      const context = testContext(controller.signal);
      const loading = load(
        [complaint("1")],
        {},
        {
          ...context,
          report: ({ type }) => {
            if (type === "load.merged") controller.abort(new Error("cancelled"));
          },
        },
      );
      await assert.rejects(loading, /cancelled/);
      await warehouse.close();
      assert.deepEqual(await query("select count(*) from raw.cfpb_complaints"), [["0"]]);
    });
  });

  describe("a load that is run twice", () => {
    const ledger = "select count(*), (select count(*) from raw.cfpb_complaints) from pipeline.loads";

    it("lands once: the second one writes nothing, and gives what the ledger has", async () => {
      const { query, warehouse, load } = make();
      const first = await load([complaint("1")], { runId: "r" });
      const again = await load([complaint("1"), complaint("2")], { runId: "r" });
      assert.deepEqual({ ...again, fields: null }, { ...first, fields: null });
      const later = { ...testContext(), attempt: 2 };
      const next = await load([complaint("1"), complaint("2")], { runId: "r" }, later);
      assert.deepEqual({ ...next, fields: null }, { ...first, fields: null }, "a start whose result was lost");
      await load([complaint("3")], { runId: "r", id: "acme 2026-01-01..2026-06-30" });
      await warehouse.close();
      assert.deepEqual(await query(ledger), [["2", "2"]], "another scope of the run is another load");
    });

    it("is refused where the ledger has other days or names of that scope and run", async () => {
      const { query, warehouse, load } = make();
      await load([complaint("1")], { runId: "r" });
      const earlier = { from: "2020-01-01", to: "2026-12-31" };
      for (const change of [{ window: earlier }, { names: ["ACME BANK", "OTHER"] }, { source: "sample" }]) {
        await assert.rejects(load([complaint("1")], { runId: "r", ...change }), { code: "warehouse_failed" });
      }
      await warehouse.close();
      assert.deepEqual(await query(ledger), [["1", "1"]]);
    });

    it("lands once where the first one wakes up late, after the second has committed", async () => {
      const { query, warehouse, load } = make();
      const slow = Promise.withResolvers<void>();
      const first = load([complaint("1", { state: "TX" })], { runId: "r", until: slow.promise });
      const later = { ...testContext(), attempt: 2 };
      const second = await load([complaint("1", { state: "CA" }), complaint("2")], { runId: "r" }, later);
      slow.resolve();
      assert.deepEqual({ ...(await first), fields: null }, { ...second, fields: null });
      await warehouse.close();
      assert.deepEqual(await query(ledger), [["1", "2"]]);
      assert.deepEqual(await query("select state, _deleted_at from raw.cfpb_complaints order by complaint_id"), [
        ["CA", null],
        ["FL", null],
      ]);
    });
  });
}
