import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { LandedFiles } from "../../../src/pipeline/steps/ports.ts";
import { temporaryFolder, testContext } from "../../harness/context.ts";
import type { MadeWarehouse } from "../../harness/warehouse.ts";

const window = { from: "2026-01-01", to: "2026-12-31" };
const columns =
  "Date received,Product,Sub-product,Issue,Sub-issue,Company public response,Company,State,ZIP code,Tags,Submitted via,Date sent to company,Company response to consumer,Timely response?,Complaint ID";
const at = "2026-05-01T23:59:58.125Z";
const lineOf = (id: string, change: { issue?: string; tags?: string; timely?: string; received?: string } = {}) => {
  const { issue = "Trouble", tags = "None", timely = "Yes", received = at } = change;
  return `${received},Mortgage,None,${issue},None,None,ACME BANK,FL,083XX,${tags},Web,${at},In progress,${timely},${id}`;
};

/** How every warehouse reads landed exports. */
export function exportSuite(make: () => MadeWarehouse): void {
  describe("a landed export", () => {
    let runs = 0;
    function load({ warehouse }: MadeWarehouse, header: string, lines: readonly string[]) {
      const path = join(temporaryFolder(), "export.csv");
      writeFileSync(path, [header, ...lines, ""].join("\r\n"));
      async function* files(): LandedFiles {
        yield { path, format: "export-csv", rows: lines.length, bytes: 0, sha256: "" };
        return { expected: lines.length, lastIndexed: null, askedOn: "2026-11-20" };
      }
      const scope = { id: "acme", company: "acme", names: ["ACME BANK"], window, strategy: "export" as const };
      const request = { scope, window, runId: `run ${++runs}`, source: "live", withdrawals: "usual" as const };
      return warehouse.load(request, files(), testContext());
    }

    it("has None for null, quotes, commas and line breaks in texts, and times to the millisecond", async () => {
      const made = make();
      const result = await load(made, columns, [
        lineOf("1", { issue: '"a ""b"", c\nd"', tags: '"Older American, Servicemember"' }),
        lineOf("2"),
      ]);
      assert.deepEqual([result.inserted, result.rejected, result.fields.unknown], [2, 0, []]);
      await made.warehouse.close();
      const rows = await made.query(
        "select complaint_id, issue, tags, sub_product, epoch_ms(date_received)::varchar, _extra from raw.cfpb_complaints order by 1",
      );
      const ms = String(Date.parse(at));
      assert.deepEqual(rows, [
        ["1", 'a "b", c\nd', "Older American, Servicemember", null, ms, null],
        ["2", "Trouble", null, null, ms, null],
      ]);
    });

    it("keeps what is stored of a column that it lacks, and a new one in _extra", async () => {
      const made = make();
      await load(made, columns, [lineOf("1", { tags: "Servicemember" })]);
      const header = columns.replace("Tags,", "").replace("Issue,", "Mood,");
      const line = lineOf("1", { tags: "gone" }).replace("gone,", "").replace("Trouble,", "glad,");
      const { updated, fields } = await load(made, header, [line]);
      assert.deepEqual(
        [updated, fields.unknown, fields.missing.map(({ field }) => field).slice(0, 2)],
        [1, ["Mood"], ["issue", "tags"]],
      );
      await made.warehouse.close();
      assert.deepEqual(await made.query("select issue, tags, _extra from raw.cfpb_complaints"), [
        ["Trouble", "Servicemember", '{"Mood":"glad"}'],
      ]);
    });

    it("has times that less exact ones of the same day never replace, and that are no change where the day was known", async () => {
      const made = make();
      const days = ["2026-05-01", "2026-05-01T23:59:58.125Z", "2026-05-01T12:00:00-05:00", "2026-05-01"];
      const counts: unknown[] = [];
      for (const received of [...days, "2026-05-02"]) {
        const { inserted, updated, unchanged } = await load(made, columns, [lineOf("1", { received }), lineOf("2")]);
        const [[stored]] = (await made.query(
          "select epoch_ms(date_received)::varchar from raw.cfpb_complaints where complaint_id = '1'",
        )) as [[string]];
        counts.push([received, inserted, updated, unchanged, new Date(Number(stored)).toISOString()]);
      }
      assert.deepEqual(counts, [
        ["2026-05-01", 2, 0, 0, "2026-05-01T00:00:00.000Z"],
        ["2026-05-01T23:59:58.125Z", 0, 0, 2, at],
        ["2026-05-01T12:00:00-05:00", 0, 0, 2, at],
        ["2026-05-01", 0, 0, 2, at],
        ["2026-05-02", 0, 1, 1, "2026-05-02T00:00:00.000Z"],
      ]);
      await made.warehouse.close();
      const changes = await made.query("select field, new_value from raw.cfpb_complaint_changes");
      assert.deepEqual(
        changes.map(([field]) => field),
        ["date_received"],
      );
    });

    it("says whether a row has a narrative, where it has a column of them", async () => {
      const made = make();
      const header = columns.replace("Company public", "Consumer complaint narrative,Company public");
      const lines = ["Help", ""].map((text, i) =>
        lineOf(`${i + 1}`).replace(",None,None,ACME", `,None,${text},None,ACME`),
      );
      await load(made, header, lines);
      await made.warehouse.close();
      const rows = await made.query(
        "select complaint_what_happened, has_narrative from raw.cfpb_complaints order by complaint_id",
      );
      assert.deepEqual(rows, [
        ["Help", "true"],
        [null, "false"],
      ]);
    });

    it("has rows that are kept apart as those of pages are", async () => {
      const made = make();
      const { inserted, rejected } = await load(made, columns, [lineOf("1"), lineOf("2", { timely: "Perhaps" })]);
      assert.deepEqual([inserted, rejected], [1, 1]);
      await made.warehouse.close();
      const [row] = await made.query("select complaint_id, reason, row_text from raw.cfpb_complaints_rejected");
      assert.deepEqual(row?.slice(0, 2), ["2", '`timely` is "Perhaps", expected Yes or No']);
      assert.equal((JSON.parse(row![2]!) as Record<string, string>).timely, "Perhaps");
    });

    it("may have no row at all", async () => {
      const made = make();
      assert.equal((await load(made, columns, [])).inserted, 0);
      await made.warehouse.close();
    });
  });
}
