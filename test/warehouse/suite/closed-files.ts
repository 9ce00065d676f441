import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { LoadRequest } from "../../../src/pipeline/flow/values.ts";
import type { LandedFiles } from "../../../src/pipeline/steps/ports.ts";
import type { Window } from "../../../src/pipeline/window/days.ts";
import { temporaryFolder, testContext } from "../../harness/context.ts";
import { complaint, type MadeWarehouse } from "../../harness/warehouse.ts";
import { zipOf } from "../../harness/zip.ts";

const titles =
  "Date received,Product,Sub-product,Issue,Sub-issue,Company public response,Company,State,ZIP code,Tags,Submitted via,Date sent to company,Company response to consumer,Timely response?,Complaint ID";
const titlesOf16 = titles.replace("Company public", "Consumer complaint narrative,Company public");
const titlesOf18 = titlesOf16
  .replace("Submitted", "Consumer consent provided?,Submitted")
  .replace("Complaint ID", "Consumer disputed?,Complaint ID");

type Row = { company?: string; received?: string; state?: string; issue?: string; more?: Record<string, string> };

function lineOf(
  id: string,
  { company = "ACME BANK", received = "2026-05-01", state = "FL", issue = "Trouble", more = {} }: Row = {},
) {
  const cells: Record<string, string> = {
    ...{
      "Date received": received,
      Product: "Mortgage",
      Issue: issue,
      Company: company,
      State: state,
      "ZIP code": "083XX",
    },
    ...{ "Submitted via": "Web", "Date sent to company": "2026-05-02", "Company response to consumer": "In progress" },
    ...{ "Timely response?": "Yes", "Complaint ID": id, ...more },
  };
  return (of: string) =>
    of
      .split(",")
      .map((title) => quoted(cells[title] ?? ""))
      .join(",");
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

type Given = Partial<Pick<LoadRequest, "withdrawals">> & {
  isImport?: boolean;
  header?: string;
  day?: string;
  names?: string[];
  window?: Window;
  bytes?: (whole: Buffer) => Buffer;
  isPlain?: boolean;
};

/** How every warehouse loads a file of everything. */
export function closedFileSuite(make: () => MadeWarehouse): void {
  describe("a closed file", () => {
    let runs = 0;
    async function load({ warehouse }: MadeWarehouse, lines: readonly ReturnType<typeof lineOf>[], given: Given = {}) {
      const {
        header = titles,
        day = "2026-11-21",
        names = ["ACME BANK"],
        isPlain = false,
        isImport = false,
        ...others
      } = given;
      const { window = { from: "2026-01-01", to: day }, bytes = (whole) => whole, ...rest } = others;
      const text = [header, ...lines.map((line) => line(header)), ""].join("\n");
      const folder = temporaryFolder();
      const path = join(folder, isPlain ? "complaints.csv" : "complaints.csv.zip");
      writeFileSync(
        path,
        bytes(isPlain ? Buffer.from(text) : await zipOf({ "complaints.csv": text }, { isLarge: true })),
      );
      const format = isPlain ? "bulk-csv" : "bulk-zip";
      async function* files(): LandedFiles {
        yield { path, format, rows: null, bytes: 0, sha256: null };
        return { expected: null, lastIndexed: null, askedOn: day };
      }
      const scope = { id: "acme", company: "acme", names, window, strategy: "pages" as const };
      const file = isImport ? { file: { path, format, bytes: 0, day } as const } : {};
      const request = {
        scope,
        window,
        runId: `file ${++runs}`,
        source: "live",
        withdrawals: "usual" as const,
        ...rest,
      };
      const result = await warehouse.load({ ...request, ...file }, files(), testContext());
      assert.deepEqual(readdirSync(folder).length, 1);
      const { expected, inserted, updated, deleted, unchanged } = result;
      return { expected, inserted, updated, deleted, unchanged, rejected: result.rejected };
    }
    const none = { inserted: 0, updated: 0, deleted: 0, unchanged: 0, rejected: 0 };

    it("brings what is in scope of it, zipped or plain, and an empty text is null", async () => {
      for (const isPlain of [false, true]) {
        const made = make();
        const lines = [
          lineOf("1", { issue: 'a "b",\nc', more: { Tags: "Older American, Servicemember" } }),
          lineOf("2", { company: "OTHER BANK" }),
          lineOf("3", { received: "2025-12-31" }),
          lineOf("4"),
          lineOf("5", { company: "OTHER BANK", received: "never" }),
          lineOf("6", { received: "2026-11-22" }),
        ];
        assert.deepEqual(await load(made, lines, { isPlain }), { ...none, expected: 2, inserted: 2 });
        assert.deepEqual(await load(made, lines, { isPlain }), { ...none, expected: 2, unchanged: 2 });
        await made.warehouse.close();
        const rows = await made.query(
          "select complaint_id, issue, tags, sub_issue from raw.cfpb_complaints order by 1",
        );
        assert.deepEqual(rows, [
          ["1", 'a "b",\nc', "Older American, Servicemember", null],
          ["4", "Trouble", null, null],
        ]);
      }
    });

    it("withdraws what it does not have, and keeps apart what cannot be kept", async () => {
      const made = make();
      await load(made, [lineOf("1"), lineOf("2")]);
      const changed = [lineOf("1", { state: "NY" }), lineOf("3", { received: "never" })];
      assert.deepEqual(await load(made, changed), { ...none, expected: 2, updated: 1, deleted: 1, rejected: 1 });
      await made.warehouse.close();
      assert.deepEqual(await made.query("select complaint_id, reason from raw.cfpb_complaints_rejected"), [
        ["3", "unreadable date_received"],
      ]);
    });

    it("has every company where all are asked for, and one that it has twice once", async () => {
      const made = make();
      const lines = [lineOf("1"), lineOf("2", { company: "" }), lineOf("3", { company: "OTHER BANK" }), lineOf("1")];
      assert.deepEqual(await load(made, lines, { names: [] }), { ...none, expected: 3, inserted: 3 });
    });

    it("is refused with nothing changed where it is damaged, cut short, or of something else", async () => {
      const lines = Array.from({ length: 2000 }, (_, i) => lineOf(String(i), { issue: "a\nb" }));
      const half = (whole: Buffer) => whole.subarray(0, whole.length >> 1);
      const refused: [RegExp, Given][] = [
        [/complaints\.csv\.zip cannot be loaded/, { bytes: half }],
        [
          /complaints\.csv\.zip cannot be loaded/,
          { bytes: (whole) => whole.with(whole.length >> 1, whole[whole.length >> 1]! ^ 255) as Buffer },
        ],
        [
          /near its row \d+, Expected Number of Columns: 15/,
          { isPlain: true, bytes: (whole) => Buffer.from(`${whole}2026-01-01,Mortgage\n`) },
        ],
        [
          /it ends within a quoted text/,
          { isPlain: true, bytes: (whole) => whole.subarray(0, whole.lastIndexOf('a\nb"') + 2) },
        ],
        [/it has no column "Complaint ID"/, { isPlain: true, header: "Date received,Name" }],
        [/it has no column/, { isPlain: true, bytes: () => Buffer.from("<html>\n<body>\n") }],
        [/it has no column/, { isPlain: true, bytes: () => Buffer.alloc(0) }],
      ];
      for (const [message, given] of refused) {
        const made = make();
        await load(made, [lineOf("1")]);
        await assert.rejects(load(made, lines, given), (error: Error & { code: string; data: string }) => {
          assert.match(error.message, message);
          assert.deepEqual(
            [error.code, error.data],
            ["file_damaged", "Nothing was changed; what was loaded before stands."],
          );
          return true;
        });
        await made.warehouse.close();
        assert.deepEqual(await made.query("select complaint_id, _deleted_at from raw.cfpb_complaints"), [["1", null]]);
      }
    });

    it("changes and withdraws nothing where a later index was loaded, and wins on the same day", async () => {
      const made = make();
      // Read from the index of 2026-11-20: of May alone.
      const may = { from: "2026-05-01", to: "2026-05-31" };
      const rows = ["1", "2"].map((id) => complaint(id, { state: "TX" }));
      await made.load(rows, { window: may });
      await load(made, [lineOf("june", { received: "2026-06-01" })], {
        day: "2026-11-01",
        window: { from: "2026-06-01", to: "2026-11-01" },
      });
      const lines = [
        lineOf("1", { state: "NY" }),
        lineOf("gone", {}),
        lineOf("june", { received: "2026-06-01", state: "NY" }),
        lineOf("new", { received: "2026-06-02" }),
        lineOf("2", { received: "2026-06-02", state: "NY" }),
      ];
      const before = await load(made, lines, { day: "2026-11-19" });
      assert.deepEqual(before, { ...none, expected: 5, inserted: 1, updated: 1, unchanged: 3 });
      const shown = () =>
        made.query("select complaint_id, state, _deleted_at is null from raw.cfpb_complaints order by 1");
      await made.warehouse.close();
      assert.deepEqual(await shown(), [
        ["1", "TX", "true"],
        ["2", "TX", "true"],
        ["june", "NY", "true"],
        ["new", "FL", "true"],
      ]);
      const after = await load(made, lines, { day: "2026-11-20" });
      assert.deepEqual(after, { ...none, expected: 5, inserted: 1, updated: 2, unchanged: 2 });
      await made.warehouse.close();
      assert.deepEqual((await shown()).slice(0, 3), [
        ["1", "NY", "true"],
        ["2", "NY", "true"],
        ["gone", "FL", "true"],
      ]);
    });

    it("keeps a row of which a later index has another day", async () => {
      const made = make();
      await load(made, [lineOf("1", { received: "2026-06-01" })], { day: "2026-11-01" });
      // The later index has it in May, where nothing was read; the file has it in a month that was.
      await made.load([], { window: { from: "2026-05-01", to: "2026-05-31" } });
      const moved = [lineOf("1", { received: "2026-05-03" })];
      assert.deepEqual(await load(made, moved, { day: "2026-11-02" }), { ...none, expected: 1, unchanged: 1 });
    });

    it("may be an import, which withdraws nothing and fills what the source no longer sends", async () => {
      const made = make();
      await made.load(["1", "2"].map((id) => complaint(id)));
      const narrative = { "Consumer complaint narrative": "Help", "Consumer disputed?": "No" };
      const lines = [lineOf("1", { state: "NY", more: narrative }), lineOf("3", { more: narrative })];
      const old: Given = {
        header: titlesOf18,
        day: "2020-01-01",
        window: { from: "1970-01-01", to: "2026-12-31" },
        isImport: true,
        withdrawals: "none",
      };
      assert.deepEqual(await load(made, lines, old), { ...none, expected: 2, updated: 1, unchanged: 1 });
      await made.warehouse.close();
      const shown = () =>
        made.query(
          "select complaint_id, state, complaint_what_happened, has_narrative, consumer_disputed from raw.cfpb_complaints order by 1",
        );
      assert.deepEqual(await shown(), [
        ["1", "FL", "Help", "true", "No"],
        ["2", "FL", null, null, null],
      ]);
      // Of a later day than the index: it changes what it has, and what it lacks stays.
      const archive: Given = { ...old, header: titlesOf16, day: "2026-11-21" };
      assert.deepEqual(await load(made, [lineOf("2", { state: "NY" }), lineOf("3")], archive), {
        ...none,
        expected: 2,
        inserted: 1,
        updated: 1,
      });
      await made.warehouse.close();
      assert.deepEqual(await shown(), [
        ["1", "FL", "Help", "true", "No"],
        ["2", "NY", null, "false", null],
        ["3", "FL", null, "false", null],
      ]);
      assert.deepEqual(await made.query("select field from raw.cfpb_complaint_changes where complaint_id = '1'"), []);
    });

    it("that was imported is no evidence of what was not in it", async () => {
      const made = make();
      const given: Given = { isImport: true, withdrawals: "none" };
      await load(made, [lineOf("1", { state: "NY" })], { ...given, day: "2026-11-21" });
      // Another part of the same archive, made a day before.
      const parts = [lineOf("1", { state: "TX" }), lineOf("2")];
      assert.deepEqual(await load(made, parts, { ...given, day: "2026-11-20" }), {
        ...none,
        expected: 2,
        inserted: 1,
        unchanged: 1,
      });
      await made.load(["1", "2", "3"].map((id) => complaint(id)));
      await made.warehouse.close();
      assert.deepEqual(await made.query("select complaint_id, _unseen_until from raw.cfpb_complaints order by 1"), [
        ["1", null],
        ["2", null],
        ["3", null],
      ]);
    });
  });
}
