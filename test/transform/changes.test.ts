import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Database } from "../../src/warehouse/duckdb/database.ts";
import { ownMigrations } from "../../src/warehouse/duckdb/migrate.ts";
import { clockOn } from "../harness/clock.ts";
import { temporaryFolder, testContext } from "../harness/context.ts";
import { testTransform } from "../harness/dbt.ts";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { query } from "../harness/warehouse.ts";

const open = { company_response: "In progress" };

describe("the history of changes", () => {
  let source: DocumentSource;
  let home: TestHome;
  const act = async (today: string, ...argv: string[]) => {
    source.asOf = today;
    const { code, stderr } = await home.run([...argv, "--companies", "acme"], {
      PIPELINE_START_DATE: "2026-08-01",
      ...clockOn(today),
    });
    assert.equal(code, 0, stderr);
  };
  const changes = (id: number) =>
    home.query(`
      select field, old_value[:10], new_value[:10], changed_on::varchar, unchanged_until::varchar, received_on::varchar
      from raw.cfpb_complaint_changes where complaint_id = '${id}' and field <> 'date_sent_to_company' order by _loaded_at, field`);

  before(async () => {
    source = await startDocuments(
      [doc(8_000_001, "2026-08-20", open), doc(8_000_002, "2026-11-20", open), doc(8_000_003, "2026-11-20", open)],
      "2026-11-24",
    );
    home = testHome(source);
    await act("2026-11-24", "run");
    source.change([doc(8_000_001, "2026-08-20"), doc(8_000_002, "2026-11-20"), doc(8_000_003, "2026-11-20")]);
    await act("2026-11-25", "run");
    source.change([doc(8_000_002, "2026-11-01"), doc(8_000_003, "2026-11-28"), doc(8_000_005, "2026-11-25")]);
    await act("2026-11-29", "run");
    source.change([doc(8_000_005, "2026-11-30")]);
    await act("2026-11-30", "run", "--as-of", "2026-11-30");
    source.change([doc(8_000_005, "2026-08-05")]);
    await act("2026-11-30", "run");
    await act("2026-11-30", "backfill", "--from", "2026-08-01", "--to", "2026-08-25");
  });
  after(() => source.close());

  it("dates a change by the day on which the source was asked, whatever days were asked for", async () => {
    assert.deepEqual(await changes(8_000_001), [
      ["company_response", "In progres", "Closed wit", "2026-11-30", "2026-11-24", "2026-08-20"],
    ]);
  });

  it("keeps the date of receipt as it was at the change", async () => {
    assert.deepEqual(await changes(8_000_002), [
      ["company_response", "In progres", "Closed wit", "2026-11-25", "2026-11-24", "2026-11-20"],
      ["date_received", "2026-11-20", "2026-11-01", "2026-11-29", "2026-11-25", "2026-11-20"],
    ]);
  });

  it("has entries for what is withdrawn, for what comes back and for what moved", async () => {
    assert.deepEqual(await changes(8_000_005), [
      ["date_received", "2026-11-25", "2026-11-30", "2026-11-30", "2026-11-29", "2026-11-25"],
      ["_withdrawn", "false", "true", "2026-11-30", "2026-11-30", "2026-11-30"],
      ["_withdrawn", "true", "false", "2026-11-30", "2026-11-30", "2026-11-30"],
      ["date_received", "2026-11-30", "2026-08-05", "2026-11-30", "2026-11-30", "2026-11-30"],
    ]);
    assert.deepEqual(
      await home.query(
        "select complaint_id, _first_seen_on::varchar, _unseen_until::varchar, _first_received_on::varchar from raw.cfpb_complaints order by 1",
      ),
      [
        ["8000001", null, null, "2026-08-20"],
        ["8000002", null, null, "2026-11-20"],
        ["8000003", null, null, "2026-11-20"],
        ["8000005", "2026-11-29", "2026-11-25", "2026-11-25"],
      ],
    );
  });

  it("gives the marts lags that somebody saw, none of them negative", async () => {
    const built = await testTransform(home.database).build(testContext());
    assert.deepEqual(built.failed, []);
    assert.deepEqual(
      await home.query(`
        select complaint_id, days_since_received from marts.fct_complaint_changes where field = 'company_response' order by 1`),
      [
        ["8000001", "102"],
        ["8000002", "5"],
        ["8000003", "5"],
      ],
    );
    assert.deepEqual(
      await home.query(`
        select complaint_month_date::varchar, median_days_to_settle, max_days_to_publish from marts.agg_publication_lag order by 1`),
      [
        ["2026-08-01", "102", "4"],
        ["2026-11-01", "5", null],
      ],
    );
  });
});

it("entries from before days of looking were kept stay, and have no lag", async () => {
  const path = join(temporaryFolder(), "old.duckdb");
  const options = { path, memoryLimit: "512MB", threads: 2, relations: [] };
  const old = await Database.open(options, ownMigrations().slice(0, 2));
  await old.connection(async (connection) => {
    await connection.run(`
      insert into raw.cfpb_complaints (complaint_id, date_received, company, company_response, timely, _load_id, _loaded_at, _first_seen_on)
      values ('1', '2026-11-28', 'A', 'Closed', 'Yes', 'l', now(), '2026-11-25'), ('2', '2026-11-30', 'A', 'Closed', 'Yes', 'l', now(), '2026-11-29');
      insert into raw.cfpb_complaint_changes
      values ('1', 'company_response', 'In progress', 'Closed', '2026-11-20', 'l', now()),
        ('1', 'company_response', 'Untimely response', 'In progress', '2026-11-10', 'k', now() + interval 1 second)`);
  });
  old.close();
  (await Database.open(options)).close();
  const built = await testTransform(path).build(testContext());
  assert.deepEqual(built.failed, []);
  assert.deepEqual(
    await query(
      path,
      "select count(*), count(days_since_received), count(unchanged_until) from marts.fct_complaint_changes",
    ),
    [["2", "0", "0"]],
  );
  assert.deepEqual(
    await query(
      path,
      "select complaints_seen_appearing, complaints_seen_settling, max_days_to_publish from marts.agg_publication_lag",
    ),
    [["0", "0", null]],
  );
});
