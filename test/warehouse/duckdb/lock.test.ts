import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { ProcessLock } from "../../../src/warehouse/duckdb/lock.ts";
import { temporaryFolder } from "../../harness/context.ts";

const me = { pid: process.pid, since: "2026-11-20T02:00:00.000Z" };

/** Another process that takes the lock and keeps it until it is killed. */
async function otherHolder(database: string) {
  const script = `
    import { ProcessLock } from ${JSON.stringify(join(process.cwd(), "src/warehouse/duckdb/lock.ts"))};
    ProcessLock.acquire(${JSON.stringify(database)}, { pid: process.pid, since: "earlier" });
    process.stdout.write("held");
    process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

describe("the warehouse lock", () => {
  it("refuses a second holder at once and names the first", async () => {
    const database = join(temporaryFolder(), "a.duckdb");
    const child = await otherHolder(database);
    assert.throws(() => ProcessLock.acquire(database, me), {
      code: "warehouse_locked",
      message: `Another run holds the warehouse ${database}: process ${child.pid}, since earlier.`,
    });
    child.kill("SIGKILL");
    await once(child, "close");
    ProcessLock.acquire(database, me).release();
  });

  it("can be taken again after it was released", () => {
    const database = join(temporaryFolder(), "a.duckdb");
    writeFileSync(database, "");
    for (let i = 0; i < 3; i++) ProcessLock.acquire(database, me).release();
  });

  it("leaves no file and no folder where no warehouse was made", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "x"));
    ProcessLock.acquire(join(folder, "x/y/z/a.duckdb"), me).release();
    assert.deepEqual(readdirSync(join(folder, "x")), []);
    assert.ok(existsSync(join(folder, "x")));
  });

  it("is not disturbed by those who look at it, nor kept from one who asks for it", { timeout: 60_000 }, async () => {
    const database = join(temporaryFolder(), "a.duckdb");
    writeFileSync(database, "");
    const look = `
      import { ProcessLock } from ${JSON.stringify(join(process.cwd(), "src/warehouse/duckdb/lock.ts"))};
      process.stdout.write("looking");
      for (;;) ProcessLock.holderOf(${JSON.stringify(database)});`;
    const looker = spawn(process.execPath, ["--input-type=module", "-e", look], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(looker.stdout, "data");
    try {
      for (let i = 0; i < 200; i++) {
        ProcessLock.acquire(database, me).release();
        // The row goes with the lock: a commit that failed would have left it.
        const file = new DatabaseSync(`${database}.lock`, { timeout: 5000 });
        assert.deepEqual(file.prepare("select * from holder").all(), [], `round ${i}`);
        file.close();
      }
    } finally {
      looker.kill("SIGKILL");
      await once(looker, "close");
    }
  });

  it("is of nobody after its holder was killed, however many look at it at once", { timeout: 60_000 }, async () => {
    const database = join(temporaryFolder(), "a.duckdb");
    writeFileSync(database, "");
    const holder = await otherHolder(database);
    holder.kill("SIGKILL");
    await once(holder, "close");
    const look = `
      import { ProcessLock } from ${JSON.stringify(join(process.cwd(), "src/warehouse/duckdb/lock.ts"))};
      let found = 0;
      for (let i = 0; i < 300; i++) if (ProcessLock.holderOf(${JSON.stringify(database)}) !== undefined) found++;
      process.stdout.write(String(found));`;
    const found = await Promise.all(
      [1, 2].map(async () => {
        const looker = spawn(process.execPath, ["--input-type=module", "-e", look], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        return String((await once(looker.stdout, "data"))[0]);
      }),
    );
    assert.deepEqual(found, ["0", "0"]);
    ProcessLock.acquire(database, me).release();
  });

  it("says which file to remove where it cannot be read", () => {
    const [rubbish, folder] = ["a.duckdb", "b.duckdb"].map((name) => join(temporaryFolder(), name)) as [string, string];
    writeFileSync(`${rubbish}.lock`, "rubbish ".repeat(200));
    mkdirSync(`${folder}.lock`);
    const damaged = (database: string) => ({
      code: "warehouse_unusable",
      message: new RegExp(`^The lock of the warehouse, ${database}\\.lock, c`),
    });
    for (const database of [rubbish, folder]) {
      assert.throws(() => ProcessLock.acquire(database, me), { code: "warehouse_unusable" });
      assert.throws(() => ProcessLock.holderOf(database), damaged(database));
    }
  });

  it("is held by one of many that ask at once", async () => {
    const database = join(temporaryFolder(), "a.duckdb");
    writeFileSync(database, "");
    const script = `
      import { ProcessLock } from ${JSON.stringify(join(process.cwd(), "src/warehouse/duckdb/lock.ts"))};
      try {
        ProcessLock.acquire(${JSON.stringify(database)}, { pid: process.pid, since: "now" });
        process.stdout.write("held");
      } catch (error) {
        process.stdout.write(error.code);
      }
      process.stdin.resume();`;
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const said = await Promise.all(children.map(async (child) => String((await once(child.stdout, "data"))[0])));
    for (const child of children) child.kill("SIGKILL");
    assert.deepEqual(said.toSorted(), ["held", ...new Array(5).fill("warehouse_locked")]);
  });
});
