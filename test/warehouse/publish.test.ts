import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import type { SnapshotManifest } from "../../src/pipeline/manifest.ts";
import { expiredSnapshots, snapshotName } from "../../src/pipeline/snapshot-name.ts";
import type { PipelineError } from "../../src/run/errors.ts";
import { Database } from "../../src/warehouse/duckdb/database.ts";
import { type PublishRequest, publishMarts } from "../../src/warehouse/publish.ts";
import { temporaryFolder, testContext } from "../harness/context.ts";

/** A warehouse with two marts, whose every row says by which build it was made. */
async function withMarts(
  use: (world: {
    folder: string;
    build(no: number): Promise<void>;
    /** A build that leaves no marts. */
    clear(no: number): Promise<void>;
    publish(runId?: string): ReturnType<typeof publishMarts>;
    manifest(): SnapshotManifest;
  }) => Promise<void>,
): Promise<void> {
  const home = temporaryFolder();
  const path = join(home, "test.duckdb");
  const folder = join(home, "published");
  const database = await Database.open({ path, memoryLimit: "512MB", threads: 2, relations: [] });
  const build = (no: number) =>
    database.connection(async (connection) => {
      await connection.run(`
        create schema if not exists marts;
        create or replace table marts.fct_complaints as
          select (1000 - i)::varchar as complaint_id, 'ACME' as company, date '2026-01-01' + i::int as date_received, ${no} as build
          from range(1000) r(i);
        create table if not exists marts.salaries as select 'Ann' as who;
        create or replace table marts.dim_companies as select 'ACME' as company, ${no} as build;
        insert into pipeline.transforms values ('run ${no}', ${no}, 'project', now(), ['dim_companies', 'fct_complaints'])`);
    });
  const clear = (no: number) =>
    database.connection(async (connection) => {
      await connection.run(`
        drop schema marts cascade;
        insert into pipeline.transforms values ('run ${no}', ${no}, 'project', now(), [])`);
    });
  const publish = (runId = "0123456789") =>
    database.connection((connection) => {
      const request: PublishRequest = { folder, database: path, runId };
      return publishMarts(connection, request, testContext());
    });
  const manifest = () => JSON.parse(readFileSync(join(folder, "current", "manifest.json"), "utf8")) as SnapshotManifest;
  try {
    await use({ folder, build, clear, publish, manifest });
  } finally {
    database.close();
  }
}

describe("publishing the marts", () => {
  it("writes each mart as Parquet with a manifest that holds", async () => {
    await withMarts(async ({ folder, build, publish, manifest }) => {
      assert.deepEqual(await publish(), {
        snapshot: null,
        tables: 0,
        rows: {},
        reason: "the marts were never built",
      });
      await build(1);
      const { snapshot, tables, rows: counts, reason } = await publish();
      assert.deepEqual([tables, counts, reason], [2, { dim_companies: 1, fct_complaints: 1000 }, null]);
      assert.equal(readlinkSync(join(folder, "current")), snapshot);
      const { tables: described, marts } = manifest();
      assert.deepEqual(marts, { runId: "run 1", throughLoadNo: 1, project: "project" });
      assert.deepEqual(
        described.map(({ name, rows }) => [name, rows]),
        [
          ["dim_companies", 1],
          ["fct_complaints", 1000],
        ],
      );
      assert.deepEqual(described[0]!.columns, [
        { name: "company", type: "VARCHAR" },
        { name: "build", type: "INTEGER" },
      ]);
      for (const { file, sha256, bytes } of described) {
        const content = readFileSync(join(folder, "current", file));
        assert.equal(content.length, bytes);
        assert.equal(createHash("sha256").update(content).digest("hex"), sha256);
      }
      const instance = await DuckDBInstance.create(":memory:");
      const connection = await instance.connect();
      const rows = await connection.runAndReadAll(
        `select complaint_id from '${join(folder, "current", "fct_complaints.parquet")}' limit 2`,
      );
      assert.deepEqual(rows.getRows().flat(), ["1000", "999"], "sorted by company and day");
      const zstd = await connection.runAndReadAll(
        `select distinct compression from parquet_metadata('${join(folder, "current", "fct_complaints.parquet")}')`,
      );
      assert.deepEqual(zstd.getRows().flat(), ["ZSTD"]);
      connection.closeSync();
      instance.closeSync();
    });
  });

  it("does nothing twice, and everything after another build or where the snapshot is damaged", async () => {
    await withMarts(async ({ folder, build, publish, manifest }) => {
      await build(1);
      const first = await publish("aaaaaaaa");
      assert.deepEqual(await publish("bbbbbbbb"), { ...first, reason: "nothing new" });
      await build(2);
      const second = await publish("cccccccc");
      assert.equal(second.reason, null);
      assert.equal(manifest().marts.runId, "run 2");
      assert.ok(readdirSync(folder).includes(first.snapshot!), "the one before is kept");
      writeFileSync(join(folder, "current", "manifest.json"), "{");
      assert.equal((await publish("dddddddd")).reason, null);
      assert.equal(manifest().runId, "dddddddd");
    });
  });

  it("refuses to take away what is published where there are no marts", async () => {
    await withMarts(async ({ build, clear, publish, manifest }) => {
      await build(1);
      const { snapshot } = await publish();
      await clear(2);
      await assert.rejects(publish(), { code: "publish_failed", message: /no marts to publish/ });
      assert.equal(manifest().snapshot, snapshot);
    });
  });

  it("clears away what a killed run left, and snapshots whose time is over", async () => {
    await withMarts(async ({ folder, build, publish }) => {
      await build(1);
      const old = snapshotName(new Date(Date.now() - 8 * 86_400_000), "old-run-id");
      for (const left of [".x.unfinished", old, "someone's folder"]) mkdirSync(join(folder, left), { recursive: true });
      writeFileSync(join(folder, ".x.link"), "");
      const { snapshot } = await publish();
      assert.deepEqual(readdirSync(folder).sort(), ["current", "someone's folder", snapshot].sort());
    });
  });

  it("keeps the current snapshot however old it is", () => {
    const now = new Date("2026-11-20T00:00:00Z");
    const names = ["20261101T000000Z-a", "20261112T235959Z-b", "20261114T000000Z-c", "current", "x"];
    assert.deepEqual(expiredSnapshots(names, "20261101T000000Z-a", now), ["20261112T235959Z-b"]);
  });

  it("fails with what stands and what readers see", async () => {
    await withMarts(async ({ folder, build, publish }) => {
      await build(1);
      await publish("11111111");
      await build(2);
      // The link cannot be replaced by one where a folder stands.
      rmSync(join(folder, "current"));
      mkdirSync(join(folder, "current", "something"), { recursive: true });
      await assert.rejects(publish(), (error: PipelineError) => {
        assert.equal(error.code, "publish_failed");
        assert.match(error.data, /complaints, the marts and the watermarks are committed/);
        assert.match(error.next, /run again/);
        return true;
      });
      rmSync(join(folder, "current"), { recursive: true });
      assert.equal((await publish("22222222")).reason, null);
    });
  });

  it("breaks no reader at the switch", async () => {
    await withMarts(async ({ folder, build, publish }) => {
      await build(0);
      await publish();
      const instance = await DuckDBInstance.create(":memory:");
      let switches = 0;
      const reader = (async () => {
        const connection = await instance.connect();
        let reads = 0;
        for (; switches < 20 || reads < 20; reads++) {
          const file = join(folder, "current", "fct_complaints.parquet");
          const result = await connection.runAndReadAll(
            `select count(*), min(build), max(build), sum(length(complaint_id)) from '${file}'`,
          );
          const [rows, oldest, newest] = result.getRows()[0]!.map(Number);
          assert.equal(rows, 1000);
          assert.equal(oldest, newest, "rows of one build");
        }
        connection.closeSync();
        return reads;
      })();
      for (; switches < 20; switches++) {
        await build(switches + 1);
        await publish(`run-${switches}`.padStart(8, "0"));
      }
      assert.ok((await reader) >= 20);
      instance.closeSync();
    });
  });
});
