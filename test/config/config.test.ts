import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/schema.ts";
import { parseNameList } from "../../src/pipeline/names/name-list.ts";
import { nearestWord } from "../../src/pipeline/names/spelling.ts";
import { liveSource } from "../../src/pipeline/source-identity.ts";
import { temporaryFolder } from "../harness/context.ts";

const today = "2026-11-20";
const before = { ...process.env };

function file(content: string): string {
  const path = join(temporaryFolder(), "pipeline.yaml");
  writeFileSync(path, content);
  return path;
}

const load = (flags: Partial<Settings> = {}, content = "") => loadConfig(flags, file(content), today).config;
const refused = (flags: Partial<Settings>, content = "") => {
  try {
    load(flags, content);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`.replace(/\(in \/.*\)/, "(in FILE)");
  }
  return "accepted";
};

afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
});

describe("the configuration", () => {
  it("has defaults", () => {
    const config = load();
    assert.deepEqual(
      [config.startDate, config.companies, config.lookBackDays, config.source, config.asOf, config.rates],
      [
        "2024-01-01",
        ["jpmorgan", "bank of america"],
        60,
        liveSource,
        today,
        { searches: 20, exports: 2, documents: 5 },
      ],
    );
    assert.deepEqual([config.home, config.database], [resolve("database"), resolve("database/cfpb_complaints.duckdb")]);
    assert.ok(Object.isFrozen(config));
  });

  it("takes flags over environment over file over defaults", () => {
    const content = "retries: 1\nretryDelaySeconds: 1\npageSize: 1\nduckdb: {threads: 1}\n";
    process.env.PIPELINE_RETRY_DELAY_SECONDS = "2";
    process.env.PIPELINE_PAGE_SIZE = "2";
    process.env.PIPELINE_DUCKDB_MEMORY_LIMIT = "2GB";
    const config = load({ pageSize: 3 }, content);
    assert.deepEqual([config.retries, config.retryDelaySeconds, config.pageSize], [1, 2, 3]);
    assert.deepEqual(config.duckdb, { memoryLimit: "2GB", threads: 1 });
  });

  it("keeps made-up complaints in a home of their own", () => {
    const config = load({ source: "sample", home: "/data" });
    assert.deepEqual([config.home, config.database], ["/data/sample", "/data/sample/cfpb_complaints.duckdb"]);
  });

  it("keeps what can be made again in the cache of the user, or in the home where no user's home is known", () => {
    const cacheOf = (HOME: string, XDG_CACHE_HOME: string) => {
      Object.assign(process.env, { HOME, XDG_CACHE_HOME });
      try {
        return load({ home: "/data", source: "sample" }).cacheDir;
      } finally {
        for (const name of ["HOME", "XDG_CACHE_HOME"]) {
          if (before[name] === undefined) delete process.env[name];
          else process.env[name] = before[name];
        }
      }
    };
    assert.equal(cacheOf("/u", "/cache"), "/cache/cfpb-pipeline");
    assert.match(cacheOf("/u", ""), /^\/u\/(\.cache|Library\/Caches)\/cfpb-pipeline$/);
    assert.match(cacheOf("/u", "relative"), /^\/u\//);
    assert.equal(cacheOf("", ""), "/data/cache");
  });

  it("needs no entry in the list of users", {
    skip: process.getuid?.() !== 0 && "only root may become another",
  }, () => {
    const script = `
      process.setuid(12345);
      const { loadConfig } = await import(${JSON.stringify(resolve("src/config/load.ts"))});
      console.log(loadConfig({ home: "/data" }, undefined, "2026-11-20").config.cacheDir);`;
    const cwd = temporaryFolder();
    chmodSync(cwd, 0o755);
    const made = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd, env: {}, encoding: "utf8" });
    assert.equal(made.stdout, "/data/cache\n", made.stderr);
  });

  it("names the wrong key, where it stands and what was meant", () => {
    process.env.PIPELINE_RETRIES = "x";
    assert.equal(refused({}), 'config_invalid: `PIPELINE_RETRIES` is "x": expected a number (in the environment).');
    delete process.env.PIPELINE_RETRIES;
    const cases: [Partial<Settings>, string, string][] = [
      [{}, "lookbackDays: 3", "Unknown key `lookbackDays`; did you mean `lookBackDays`? (in FILE)."],
      [{}, "duckdb: {memoryLimit: 0MB}", '`duckdb.memoryLimit` is "0MB": expected at least 128MB (in FILE).'],
      [{}, "duckdb: {memoryLimit: 0.0GB}", '`duckdb.memoryLimit` is "0.0GB": expected at least 128MB (in FILE).'],
      [{}, "duckdb: {memoryLimit: 127.9MB}", '`duckdb.memoryLimit` is "127.9MB": expected at least 128MB (in FILE).'],
      [
        {},
        "duckdb: {memoryLimit: 999999999999999999999GB}",
        '`duckdb.memoryLimit` is "999999999999999999999GB": expected at most 1000000GB (in FILE).',
      ],
      [{}, "duckdb: {memoryLimit: 1}", "`duckdb.memoryLimit` is 1: expected a text (in FILE)."],
      [{}, "duckdb: {treads: 3}", "Unknown key `duckdb.treads`; did you mean `duckdb.threads`? (in FILE)."],
      [{}, "startDate: 2024-02-30", '`startDate` is "2024-02-30": expected a day such as 2024-01-01 (in FILE).'],
      [{}, "companies: []", "`companies` is []: expected at least one company (in FILE)."],
      [{}, "companies: jpmorgan", '`companies` is "jpmorgan": expected a list (in FILE).'],
      [{ source: "ftp://x" }, "", '`--source` is "ftp://x": expected `sample` or an http(s) address.'],
      [
        {},
        "duckdb: {memoryLimit: much}",
        '`duckdb.memoryLimit` is "much": expected a size such as 512MB or 2GB (in FILE).',
      ],
    ];
    for (const [flags, content, message] of cases) assert.equal(refused(flags, content), `config_invalid: ${message}`);
    for (const memoryLimit of ["128MB", "1000000GB", "0.2 gib"])
      assert.equal(refused({ duckdb: { memoryLimit } }), "accepted");
  });

  it("has bounds for every number", () => {
    const bounds: [key: string, least: number, most: number, below: number][] = [
      ["lookBackDays", 0, 36_500, -1],
      ["retries", 0, 20, -1],
      ["retryDelaySeconds", 0, 3600, -0.1],
      ["requestTimeoutSeconds", 1, 3600, 0],
      ["extractTimeoutSeconds", 1, 86_400, 0],
      ["dbtTimeoutSeconds", 1, 86_400, 0],
      ["runTimeoutSeconds", 1, 604_800, 0],
      ["pageSize", 1, 10_000, 0],
    ];
    for (const [key, least, most, below] of bounds) {
      for (const good of [least, most]) assert.equal(refused({ [key]: good }), "accepted", `${key}: ${good}`);
      const name = key === "lookBackDays" ? "--look-back" : key;
      assert.match(refused({ [key]: below }), new RegExp(`\`${name}\` is ${below}: expected at least ${least}`));
      assert.match(refused({ [key]: most + 1 }), new RegExp(`\`${name}\` is ${most + 1}: expected at most ${most}`));
    }
    for (const mostGone of [0, 1]) assert.equal(refused({ sourceHealth: { mostGone } }), "accepted");
    assert.match(refused({ sourceHealth: { mostGone: -0.1 } }), /expected at least 0/);
    assert.match(refused({ sourceHealth: { mostGone: 1.1 } }), /expected at most 1/);
    for (const rate of ["searches", "exports", "documents"]) {
      assert.match(refused({ rates: { [rate]: 0 } }), /expected more than 0/);
      assert.match(refused({ rates: { [rate]: 100_001 } }), /expected at most 100000/);
    }
    assert.match(refused({ duckdb: { threads: 0 } }), /expected at least 1/);
    assert.match(refused({ duckdb: { threads: 257 } }), /expected at most 256/);
    assert.match(refused({ retries: 1.5 }), /expected a whole number/);
  });

  it("refuses days in the future; the sample source lives in a time of its own", () => {
    assert.match(refused({ asOf: "2026-11-21" }), /^as_of_in_future/);
    assert.match(refused({ startDate: "2026-11-21" }), /^start_date_in_future/);
    assert.equal(refused({ asOf: "2030-01-01", source: "sample" }), "accepted");
    assert.equal(refused({ startDate: today }), "accepted");
  });

  it("warns of variables that it does not know, and ignores empty ones", () => {
    process.env.PIPELINE_RETRYS = "3";
    process.env.PIPELINE_DBT = "";
    const { config, warnings } = loadConfig({}, file(""), today);
    assert.deepEqual(warnings, ["PIPELINE_RETRYS is no known setting and was ignored. Did you mean PIPELINE_RETRIES?"]);
    assert.equal(config.dbt, null);
  });

  it("needs the file that was named, and a readable one", () => {
    assert.throws(() => loadConfig({}, "/no/such/pipeline.yaml", today), { message: /it is not there/ });
    assert.match(refused({}, "a: [b"), /^config_invalid: The configuration file .* cannot be used/);
    assert.match(refused({}, "- just\n- a list"), /expected keys with values/);
  });

  it("completes an address that lacks its slash", () => {
    assert.equal(load({ source: "http://127.0.0.1:1/api" }).source, "http://127.0.0.1:1/api/");
  });
});

describe("a list of names", () => {
  it("is read as RFC 4180", () => {
    const cases: [string, string[] | null][] = [
      ["jpmorgan", ["jpmorgan"]],
      ["a, b ,c", ["a", "b", "c"]],
      ['"EQUIFAX, INC.",b', ["EQUIFAX, INC.", "b"]],
      ['"say ""so"""', ['say "so"']],
      ['a,"b', null],
      ['a,"b"c', null],
      ["a,,b", null],
      ["", null],
      [",", null],
    ];
    for (const [text, names] of cases) assert.deepEqual(parseNameList(text), names, text);
  });
});

describe("a misspelled word", () => {
  it("has the nearest known one, or none", () => {
    const known = ["startDate", "retries", "home"];
    assert.equal(nearestWord("start-date", known), "startDate");
    assert.equal(nearestWord("retrys", known), "retries");
    assert.equal(nearestWord("zzzzzz", known), null);
  });
});
