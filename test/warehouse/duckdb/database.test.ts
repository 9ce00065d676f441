import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { Database } from "../../../src/warehouse/duckdb/database.ts";
import { ownMigrations } from "../../../src/warehouse/duckdb/migrate.ts";
import { checkPath } from "../../../src/warehouse/duckdb/path.ts";
import { openWarehouse } from "../../../src/warehouse/open.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { complaint, query, testWarehouse } from "../../harness/warehouse.ts";

const run = promisify(execFile);
const options = (path: string) => ({ path, memoryLimit: "512MB", threads: 2, relations: [] });

const relations = ["marts.fct_complaints", "staging.stg_cfpb__complaints"];

/** A warehouse that is only looked at. */
const seen = (path: string) =>
  openWarehouse(
    path,
    { memoryLimit: "512MB", threads: 2, relations, published: join(dirname(path), "published") },
    () => undefined,
  );

async function made(): Promise<string> {
  const { path, warehouse, load } = testWarehouse();
  await load([complaint("1")]);
  await warehouse.close();
  return path;
}

describe("what stands beside a warehouse", () => {
  it("is removed when it is closed: nothing of a load stays", async () => {
    const path = await made();
    assert.deepEqual(readdirSync(dirname(path)), [basename(path)]);
  });

  it("is left alone where somebody else made it", async () => {
    for (const ending of [".staging", ".tmp"]) {
      const { path, warehouse, load } = testWarehouse();
      writeFileSync(`${path}${ending}`, "mine");
      if (ending === ".staging") {
        await assert.rejects(load([complaint("1")]), { code: "warehouse_failed", message: /could not be staged in/ });
      } else await load([complaint("1")]);
      await warehouse.close();
      assert.equal(readFileSync(`${path}${ending}`, "utf8"), "mine");
    }
    const { path, warehouse, load } = testWarehouse();
    mkdirSync(`${path}.staging/mine`, { recursive: true });
    await load([complaint("1")]);
    await warehouse.close();
    assert.deepEqual(readdirSync(`${path}.staging`), ["mine"]);
  });

  it("has names that no new warehouse may have", () => {
    for (const ending of [".wal", ".lock", ".tmp", ".staging", ".new", ".backup"]) {
      const path = join(temporaryFolder(), `a.duckdb${ending}`);
      assert.throws(
        () => checkPath(path),
        { code: "warehouse_unusable", message: /stands beside a warehouse/ },
        ending,
      );
    }
  });
});

describe("a warehouse path", () => {
  it("may be a warehouse, or a place where one can be made", async () => {
    checkPath(await made());
    checkPath(join(temporaryFolder(), "new/folder/a.duckdb"));
  });

  it("is refused where it cannot be one", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "directory"));
    writeFileSync(join(folder, "text"), "not a database at all");
    writeFileSync(join(folder, "empty"), "");
    const cases: [string, RegExp][] = [
      ["directory", /is a directory/],
      ["text", /is not a DuckDB database/],
      ["empty", /is not a DuckDB database/],
      ["text/a.duckdb", /is not a folder/],
    ];
    for (const [name, what] of cases) {
      assert.throws(() => checkPath(join(folder, name)), { code: "warehouse_unusable", message: what });
    }
    assert.throws(() => checkPath("/dev/null"), { message: /not a regular file/ });
    assert.throws(() => checkPath(join(folder, "a?b", "c.duckdb")), {
      code: "warehouse_unusable",
      message: /question mark/,
    });
    for (const name of ["raw.duckdb", "Raw.v2.duckdb", "staging", "seeds.db", "marts.duckdb", "intermediate"]) {
      assert.throws(
        () => checkPath(join(folder, name)),
        { code: "warehouse_unusable", message: /cannot read \w+\.\* in it/ },
        name,
      );
    }
  });

  it("is refused where it is not writable", async () => {
    const path = await made();
    chmodSync(path, 0o444);
    chmodSync(dirname(path), 0o755);
    // Root may write everything: the question is asked by somebody else.
    const script = `
      import { checkPath } from ${JSON.stringify(join(process.cwd(), "src/warehouse/duckdb/path.ts"))};
      if (process.getuid() === 0) process.setuid(65534);
      for (const path of ${JSON.stringify([path, join(dirname(path), "new.duckdb")])}) {
        try { checkPath(path); } catch (error) { console.log(error.message); }
      }`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
    assert.match(stdout, /is not readable and writable\.\n.*cannot be made: .* is not writable\.\n$/);
  });
});

describe("opening a warehouse", () => {
  it("makes it under another name first: what a kill leaves of one is no warehouse", async () => {
    const path = join(temporaryFolder(), "a.duckdb");
    writeFileSync(`${path}.new`, "the first bytes of a");
    writeFileSync(`${path}.new.wal`, "half");
    (await Database.open(options(path))).close();
    assert.deepEqual(await query(path, "select count(*) from pipeline.loads"), [["0"]]);
    assert.deepEqual(readdirSync(dirname(path)), ["a.duckdb"]);
  });

  it("makes it where a link leads, and keeps the link", async () => {
    const folder = temporaryFolder();
    const [link, target] = [join(folder, "a.duckdb"), join(folder, "other", "b.duckdb")];
    symlinkSync("other/b.duckdb", link);
    checkPath(link);
    (await Database.open(options(link))).close();
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.deepEqual(await query(target, "select count(*) from pipeline.loads"), [["0"]]);
    // A link below a linked folder leads on from where that folder really is.
    mkdirSync(join(folder, "real"));
    symlinkSync("../far.duckdb", join(folder, "real", "d.duckdb"));
    mkdirSync(join(folder, "up"));
    symlinkSync("../real", join(folder, "up", "link"));
    (await Database.open(options(join(folder, "up", "link", "d.duckdb")))).close();
    assert.ok(existsSync(join(folder, "far.duckdb")));
    symlinkSync("raw.duckdb", join(folder, "e.duckdb"));
    assert.throws(() => checkPath(join(folder, "e.duckdb")), { message: /cannot read raw\.\*/ });
    assert.throws(() => checkPath(join(folder, "home.json")), { message: /a file that a home keeps/ });
    symlinkSync("c.duckdb", join(folder, "c.duckdb"));
    assert.throws(() => checkPath(join(folder, "c.duckdb")), {
      code: "warehouse_unusable",
      message: /a link that leads to itself/,
    });
  });

  it("that must have been made refuses none, a new one, and one of another program", async () => {
    const path = join(temporaryFolder(), "a.duckdb");
    await assert.rejects(Database.openMade(options(path)), { code: "warehouse_failed" });
    const instance = await DuckDBInstance.create(path);
    instance.closeSync();
    await assert.rejects(Database.openMade(options(path)), {
      code: "warehouse_failed",
      message: /moved, removed or replaced/,
    });
    const opened = await Database.openMade(options(await made()));
    opened.assertInPlace();
    opened.close();
  });

  it("notices that its file was replaced under it", async () => {
    const path = await made();
    const database = await Database.openMade(options(path));
    renameSync(path, `${path}.away`);
    assert.throws(() => database.assertInPlace(), { code: "warehouse_failed" });
    writeFileSync(path, "");
    assert.throws(() => database.assertInPlace(), { code: "warehouse_failed" });
    database.close();
  });

  it("refuses one that another program has open, and names it", async () => {
    const path = await made();
    const script = `
      import { DuckDBInstance } from "@duckdb/node-api";
      const instance = await DuckDBInstance.create(${JSON.stringify(path)});
      process.stdout.write("open");
      process.stdin.resume().on("end", () => instance.closeSync());`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await assert.rejects(Database.open(options(path)), {
      code: "warehouse_locked",
      message: new RegExp(`process ${child.pid}`),
    });
    child.stdin.end();
    await once(child, "close");
    (await Database.open(options(path))).close();
  });

  it("refuses one whose tables are newer", async () => {
    const path = await made();
    const database = await Database.open(options(path));
    await database.connection((connection) => connection.run("insert into pipeline.migrations values (999, now())"));
    database.close();
    await assert.rejects(Database.open(options(path)), {
      code: "warehouse_newer",
      message: new RegExp(`999, known here: ${ownMigrations().length}`),
    });
  });

  it("refuses one with a table of the same name that somebody else made", async () => {
    const path = join(temporaryFolder(), "foreign.duckdb");
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run(
      "create schema raw; create table raw.cfpb_complaints (id integer); create table mine (x integer)",
    );
    connection.closeSync();
    instance.closeSync();
    const before = readFileSync(path);
    await assert.rejects(Database.open(options(path)), { code: "warehouse_foreign", message: /raw\.cfpb_complaints/ });
    assert.deepEqual(readFileSync(path), before);
  });

  const strange: [sql: string, named: RegExp][] = [
    [
      "create schema marts; create table marts.fct_complaints (id integer); create table marts.salaries (who text)",
      /marts\.fct_complaints/,
    ],
    ["create schema staging; create table staging.stg_cfpb__complaints (id integer)", /staging\.stg_cfpb__complaints/],
    ["create schema raw; create view raw.cfpb_complaints as select 1 as id", /raw\.cfpb_complaints/],
    ["create schema raw; create table raw.cfpb_complaint_changes (id integer)", /raw\.cfpb_complaint_changes/],
    ["create schema pipeline; create table pipeline.transforms (id integer)", /pipeline\.transforms/],
    ["create schema pipeline; create view pipeline.loads as select 1 as id", /pipeline\.loads/],
    ["create schema pipeline; create table pipeline.migrations (name text)", /pipeline\.migrations/],
    [
      "create schema pipeline; create table pipeline.migrations (version integer, applied_at timestamptz)",
      /pipeline\.migrations/,
    ],
    [
      "create schema pipeline; create table pipeline.migrations (version integer, applied_at timestamptz); insert into pipeline.migrations values (1, now()), (2, now())",
      /raw\.cfpb_complaints|pipeline\.loads/,
    ],
    [
      "create schema pipeline; create table pipeline.migrations (version integer, applied_at timestamptz); insert into pipeline.migrations values (20260101, now())",
      /pipeline\.migrations/,
    ],
  ];
  for (const [sql, named] of strange) {
    it(`leaves alone what somebody else made: ${sql}`, async () => {
      const path = join(temporaryFolder(), "foreign.duckdb");
      const instance = await DuckDBInstance.create(path);
      const connection = await instance.connect();
      await connection.run(sql);
      connection.closeSync();
      instance.closeSync();
      const before = readFileSync(path);
      const theirs = { code: "warehouse_foreign", message: named };
      await assert.rejects(Database.open({ ...options(path), relations }), theirs);
      await assert.rejects(seen(path).stateReport("project"), theirs);
      await assert.rejects(seen(path).inspect(), theirs);
      assert.deepEqual(readFileSync(path), before);
    });
  }

  it("of another program, without names of this one, is shown as none and used", async () => {
    const path = join(temporaryFolder(), "theirs.duckdb");
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run(
      "create schema sales; create table sales.orders (x integer); create schema raw; create table raw.customers (x integer)",
    );
    connection.closeSync();
    instance.closeSync();
    assert.deepEqual((await seen(path).stateReport("project")).companies, []);
    assert.equal(await seen(path).inspect(), null);
    (await Database.open({ ...options(path), relations })).close();
    assert.deepEqual(await query(path, "select count(*) from sales.orders, raw.customers"), [["0"]]);
  });

  it("knows a warehouse of its own by what it is called, whatever the models have made of it", async () => {
    const path = await made();
    const database = await Database.open({ ...options(path), relations });
    await database.connection((connection) =>
      connection.run("create schema marts; create table marts.fct_complaints (id integer)"),
    );
    database.close();
    (await Database.open({ ...options(path), relations })).close();
  });

  it("lives beside the tables of others", async () => {
    const path = join(temporaryFolder(), "shared.duckdb");
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run("create schema raw; create table raw.mine (x integer)");
    connection.closeSync();
    instance.closeSync();
    (await Database.open(options(path))).close();
  });

  it("refuses one of a newer storage version before it is opened", async () => {
    const path = await made();
    const bytes = readFileSync(path);
    bytes.writeBigUInt64LE(999n, 12);
    writeFileSync(path, bytes);
    assert.throws(() => checkPath(path), { code: "warehouse_newer", message: /storage version is 999/ });
  });

  it("refuses one that is damaged", async () => {
    const path = await made();
    const bytes = readFileSync(path);
    bytes.fill(7, 100, 200);
    writeFileSync(path, bytes);
    await assert.rejects(Database.open(options(path)), { code: "warehouse_unusable", message: /is damaged/ });
  });

  it("brings an older one up to date in one transaction, and keeps a copy", async () => {
    const path = await made();
    const own = ownMigrations();
    const have = own.length;
    const next = "alter table pipeline.loads add column mood varchar";
    await assert.rejects(Database.open(options(path), [...own, next, "select * from no_such_table"]));
    const version = async () => (await query(path, "select max(version) from pipeline.migrations"))[0]?.[0];
    assert.equal(await version(), String(have));
    (await Database.open(options(path), [...own, next])).close();
    assert.equal(await version(), String(have + 1));
    assert.deepEqual(await query(`${path}.version-${have}.backup`, "select count(*) from raw.cfpb_complaints"), [
      ["1"],
    ]);
    await assert.rejects(Database.open(options(path)), {
      code: "warehouse_newer",
      message: new RegExp(`${have + 1}, known here: ${have}`),
    });
  });

  it("brings one of the first version up to date", async () => {
    const path = join(temporaryFolder(), "first.duckdb");
    (await Database.open(options(path), ownMigrations().slice(0, 1))).close();
    (await Database.open(options(path))).close();
    assert.deepEqual(await query(path, "select max(version) from pipeline.migrations"), [
      [String(ownMigrations().length)],
    ]);
    assert.deepEqual(await query(path, "select count(_first_seen_on) from raw.cfpb_complaints"), [["0"]]);
  });

  it("finds the days of an older one's states that its ledger does not prove", async () => {
    const path = join(temporaryFolder(), "old.duckdb");
    const old = await Database.open(options(path), ownMigrations().slice(0, 2));
    await old.connection(async (connection) => {
      await connection.run(`
        insert into pipeline.state values ('acme', ['A', 'B'], '2024-01-01', '2025-12-31', 'l', 'r', now());
        insert into pipeline.loads
        select no, no::varchar, 'r', company, names, day_from, day_to, null, 0, 0, 0, 0, 0, 0, 0, now()
        from (values (1, 'acme', ['A'], date '2023-01-01', date '2024-06-30'), (2, 'acme', ['A', 'B'], '2025-01-01', '2025-10-31'),
          (3, 'other', ['B'], '2024-01-01', '2024-12-31'), (4, 'acme', ['A', 'B'], '2025-11-01', '2026-01-31'),
          (5, 'acme', ['A'], '2025-02-01', '2025-02-03')) l(no, company, names, day_from, day_to)`);
    });
    old.close();
    (await Database.open(options(path))).close();
    assert.deepEqual(
      await query(path, "select name, range_from::varchar, range_to::varchar from pipeline.loaded_days order by all"),
      [
        ["A", "2024-01-01", "2024-06-30"],
        ["A", "2025-01-01", "2025-12-31"],
        ["B", "2024-01-01", "2025-12-31"],
      ],
    );
  });

  it("gives values outside of their closed list the last good one of an older one's changes, else none", async () => {
    const path = join(temporaryFolder(), "old.duckdb");
    const old = await Database.open(options(path), ownMigrations().slice(0, 5));
    await old.connection(async (connection) => {
      await connection.run(`
        insert into raw.cfpb_complaints (complaint_id, date_received, timely, consumer_disputed, has_narrative, _load_id, _loaded_at)
        values ('1', '2026-11-01', 'true', 'N/A', 'True', 'l', now()), ('2', '2026-11-02', 'No', 'maybe', null, 'l', now());
        insert into raw.cfpb_complaint_changes (complaint_id, field, old_value, new_value, changed_on, _load_id, _loaded_at)
        values ('1', 'timely', 'No', 'Yes', '2026-11-10', 'k', now()), ('1', 'timely', 'Yes', '1', '2026-11-20', 'l', now()),
          ('1', 'timely', '1', 'true', '2026-11-21', 'l', now())`);
    });
    old.close();
    (await Database.open(options(path))).close();
    const values = "select timely, consumer_disputed, has_narrative from raw.cfpb_complaints order by complaint_id";
    assert.deepEqual(await query(path, values), [
      ["Yes", "N/A", null],
      ["No", null, null],
    ]);
    const added =
      "select complaint_id, field, old_value, new_value, received_on::varchar from raw.cfpb_complaint_changes where changed_on > '2026-11-21' order by all";
    assert.deepEqual(await query(path, added), [
      ["1", "has_narrative", "True", null, "2026-11-01"],
      ["1", "timely", "true", "Yes", "2026-11-01"],
      ["2", "consumer_disputed", "maybe", null, "2026-11-02"],
    ]);
  });

  it("refuses one that is cut off", async () => {
    const path = await made();
    truncateSync(path, 5000);
    await assert.rejects(Database.open(options(path)), { code: "warehouse_unusable" });
  });
});
