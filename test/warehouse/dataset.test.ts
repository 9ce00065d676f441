import assert from "node:assert/strict";
import { test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import {
  complaints,
  fields,
  mutableFields,
  neededFields,
  retiredFields,
} from "../../src/pipeline/dataset/complaints.ts";
import { ownMigrations } from "../../src/warehouse/duckdb/migrate.ts";

test("the tables that migrations make are those of the dataset, with its columns first and in order", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    for (const sql of ownMigrations()) await connection.run(sql);
    const columnsOf = async (table: string) =>
      (await connection.runAndReadAll(`describe ${table}`)).getRows().map(([name]) => String(name));
    const columns = await columnsOf(complaints.table);
    assert.deepEqual(columns.slice(0, fields.length), fields);
    assert.ok(columns.slice(fields.length).every((name) => name.startsWith("_")));
    assert.ok((await columnsOf(complaints.rejected)).length > 0);
    assert.ok((await columnsOf(complaints.changes)).includes(complaints.key));
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
});

test("key, cursor and owner are columns; only the others may change", () => {
  const { key, cursor, owner } = complaints;
  assert.deepEqual(neededFields, [key, cursor]);
  assert.deepEqual([...mutableFields, key, cursor, owner].sort(), [...fields].sort());
  assert.equal(retiredFields.length, 4);
});
