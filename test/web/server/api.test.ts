import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { openHistory } from "../../../src/history/sqlite/database.ts";
import { Login } from "../../../src/web/server/access/login.ts";
import { apiRoutes } from "../../../src/web/server/application.ts";
import { startServer, type WebServer } from "../../../src/web/server/server.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { runInProcess } from "../../harness/in-process.ts";
import { serverOptions, testPages } from "../../harness/pages.ts";
import { startTestSource, type TestSource } from "../../harness/sample.ts";
import { testSnapshot } from "../../harness/snapshot.ts";

const token = "a token that is long enough";

describe("the API", () => {
  let source: TestSource;
  let server: WebServer;
  let home: string;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
    home = temporaryFolder();
    await runInProcess({ home, source });
    await testSnapshot(home);
    server = await startServer(serverOptions(home));
  });
  after(async () => {
    await server.close();
    await source.close();
  });
  const json = { "content-type": "application/json" };
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${server.url}${path}`, init);
    return {
      status: answer.status,
      body: (await answer.json()) as Record<string, never> & { error?: { message: string } },
    };
  };
  const post = (path: string, body: unknown, method = "POST") =>
    ask(path, { method, headers: json, body: JSON.stringify(body) });

  it("describes itself by the schemas that check it", async () => {
    const { body } = await ask("/api/v1/openapi.json");
    const paths = body.paths as unknown as Record<
      string,
      Record<string, { parameters: { name: string }[]; responses: object }>
    >;
    assert.equal(body.openapi, "3.1.0");
    const documented = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
    assert.equal(documented, apiRoutes(testPages(home), null as never, null as never, () => undefined).length);
    const names = paths["/api/v1/runs/{id}/logs"]?.get?.parameters.map(({ name }) => name);
    assert.deepEqual(names, ["id", "level", "task", "search", "after", "limit"]);
  });

  it("answers the first page's questions in one request", async () => {
    const { body } = await ask("/api/v1/overview");
    const { last, companies, completeThrough, attention, runs } = body as unknown as {
      last: { words: string };
      companies: { company: string; loadedThrough: string }[];
      completeThrough: string;
      attention: object[];
      runs: object[];
    };
    assert.match(last.words, /^Completed in .*: 124 new, 0 changed, 0 withdrawn$/);
    assert.deepEqual(
      companies.map(({ company }) => company),
      ["jpmorgan", "bank of america"],
    );
    assert.equal(completeThrough, source.asOf);
    assert.deepEqual([attention, runs.length], [[], 1]);
  });

  it("gives a run's log page by page, by level, task and text", async () => {
    const [run] = (await ask("/api/v1/runs")).body as unknown as { id: string }[];
    const logs = async (query: string) =>
      (await ask(`/api/v1/runs/${run!.id}/logs?${query}`)).body as unknown as {
        seq: number;
        level: number;
        event: { type: string; task?: string };
      }[];
    const all = await logs("limit=1000");
    assert.deepEqual(
      all.map(({ seq }) => seq),
      all.map((_, i) => i + 1),
    );
    const detail = (await ask(`/api/v1/runs/${run!.id}`)).body as unknown as { lines: number; samples: unknown[] };
    assert.equal(detail.lines, all.length);
    assert.ok(detail.samples.length > 0);
    assert.deepEqual(
      (await logs("after=3&limit=2")).map(({ seq }) => seq),
      [4, 5],
    );
    assert.ok((await logs("level=info&limit=1000")).every(({ level }) => level >= 20));
    const task = "extract_and_load_complaints[jpmorgan]";
    assert.ok((await logs(`task=${encodeURIComponent(task)}`)).every(({ event }) => event.task === task));
    const found = await logs("search=LOAD.merged");
    assert.ok(found.length === 2 && found.every(({ event }) => event.type === "load.merged"));
    const download = await (await fetch(`${server.url}/api/v1/runs/${run!.id}/log.ndjson`)).text();
    assert.equal(download.trim().split("\n").length, all.length);
  });

  it("streams a run's log to its end, and goes on behind the last line that was seen", async () => {
    const [run] = (await ask("/api/v1/runs")).body as unknown as { id: string }[];
    const stream = async (headers: Record<string, string>) =>
      (await fetch(`${server.url}/api/v1/runs/${run!.id}/log-stream`, { headers })).text();
    const whole = await stream({});
    const ids = [...whole.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    assert.match(whole, /event: state\ndata: {"state":"Completed"}\n\nevent: end\ndata: {}\n\n$/);
    const rest = await stream({ "last-event-id": String(ids.at(-3)) });
    assert.deepEqual(
      [...rest.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
      ids.slice(-2),
    );
  });

  it("tells every page of a change within a moment, whoever made it", async () => {
    const stop = new AbortController();
    const answer = await fetch(`${server.url}/api/v1/events`, { signal: stop.signal });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const until = async (pattern: RegExp) => {
      while (!pattern.test(text)) text += (await reader.read()).value ?? "";
    };
    await until(/event: hello/);
    // Another process' connection.
    const database = openHistory(join(home, "history.sqlite"));
    database.exec("update runs set heartbeat_at = heartbeat_at + 1");
    database.close();
    await until(/event: change/);
    stop.abort();
  });

  it("runs one SELECT, and nothing else", async () => {
    const { body } = await post("/api/v1/sql", { sql: "select count(*) as n from fct_complaints" });
    assert.deepEqual((body as unknown as { rows: unknown[][] }).rows, [[5000]]);
    const more = (await post("/api/v1/sql", { sql: "from fct_complaints" })).body as unknown as {
      rows: unknown[];
      more: boolean;
    };
    assert.deepEqual([more.rows.length, more.more], [1000, true]);
    for (const sql of [
      "copy fct_complaints to '/tmp/x.csv'",
      "attach '/tmp/x.duckdb'",
      "select * from read_csv('/etc/passwd')",
      "select * from read_text('/etc/passwd')",
      "from '/etc/passwd'",
      "install httpfs",
      "set memory_limit = '100GB'",
      "select 1; select 2",
      "select * from 'http://127.0.0.1/x.parquet'",
      "select * from duckdb_databases()",
      "pragma database_list",
      "nonsense",
    ]) {
      const { status, body: refused } = await post("/api/v1/sql", { sql });
      assert.ok(status === 400 || status === 500, `${sql}: ${status}`);
      assert.ok(refused.error?.message);
    }
  });

  it("refuses what is too long, no JSON, of another form, or outside", async () => {
    assert.equal((await post("/api/v1/sql", { sql: "x".repeat(200_000) })).status, 413);
    assert.equal((await ask("/api/v1/sql", { method: "POST", headers: json, body: "{" })).status, 400);
    assert.equal((await post("/api/v1/sql", { sql: "select 1", more: 1 })).status, 400);
    assert.equal((await post("/api/v1/backfills", { from: "2026-02-30", to: "2026-03-01" })).status, 400);
    assert.equal((await post("/api/v1/backfills", { from: "2026-03-02", to: "2026-03-01" })).status, 400);
    assert.equal((await post("/api/v1/runs/none/cancel", {})).status, 404);
    const [run] = (await ask("/api/v1/runs")).body as unknown as { id: string }[];
    assert.equal((await post(`/api/v1/runs/${run!.id}/cancel`, {})).status, 409);
    assert.equal((await post(`/api/v1/runs/${run!.id}/retry`, {})).status, 409);
    for (const path of [
      "/../../etc/passwd",
      "/assets/..%2f..%2fpackage.json",
      "/%2e%2e/package.json",
      "/assets/none.js",
    ]) {
      const answer = await fetch(`${server.url}${path}`);
      assert.doesNotMatch(await answer.text(), /root:|"devDependencies"/, path);
    }
  });

  it("changes schedules through the same checks as the command line", async () => {
    const added = await post("/api/v1/schedules", { name: "nightly", cron: "0 2 * * *", timezone: "America/New_York" });
    assert.equal(added.status, 200);
    const list = async () =>
      (await ask("/api/v1/schedules")).body as unknown as { name: string; paused: boolean; next: string[] }[];
    assert.deepEqual(
      (await list()).map(({ name, next }) => [name, next.length]),
      [["nightly", 5]],
    );
    await post("/api/v1/schedules/nightly/pause", {});
    assert.deepEqual(
      (await list()).map(({ paused, next }) => [paused, next.length]),
      [[true, 0]],
    );
    assert.equal((await post("/api/v1/schedules", { name: "nightly", cron: "@daily" })).status, 409);
    assert.equal((await post("/api/v1/schedules", { name: "x", cron: "61 * * * *" })).status, 400);
    assert.equal((await post("/api/v1/schedules/other/pause", {})).status, 404);
    assert.equal((await post("/api/v1/schedules/other", {}, "DELETE")).status, 404);
    assert.equal((await post("/api/v1/schedules/nightly", {}, "DELETE")).status, 200);
    assert.deepEqual(await list(), []);
  });

  it("measures itself for Prometheus", async () => {
    const answer = await fetch(`${server.url}/metrics`);
    const text = await answer.text();
    assert.match(text, /^pipeline_runs\{state="Completed"\} 1$/m);
    assert.match(text, /^pipeline_last_run_ok 1$/m);
    for (const line of text.trim().split("\n"))
      assert.match(line, /^(# (HELP|TYPE) pipeline_\w+ .+|pipeline_\w+(\{[^}]*\})? \d+(\.\d+)?)$/);
    assert.equal((await ask("/readyz")).status, 200);
  });

  it("goes on when the history is replaced by rubbish, and by a good one again", async () => {
    const folder = join(temporaryFolder(), "home");
    await runInProcess({ home: folder, source });
    const path = join(folder, "history.sqlite");
    const errors: unknown[] = [];
    const other = await startServer(serverOptions(folder, { onError: (error) => void errors.push(error) }));
    const stop = new AbortController();
    const status = async (what: string) => (await fetch(`${other.url}${what}`)).status;
    try {
      const [run] = (await (await fetch(`${other.url}/api/v1/runs`)).json()) as { id: string }[];
      // Somebody looks on all the while.
      const events = await fetch(`${other.url}/api/v1/events`, { signal: stop.signal });
      const good = readFileSync(path);
      for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
      writeFileSync(path, "rubbish ".repeat(1000));
      assert.equal(await status("/api/v1/runs"), 503);
      assert.equal(await status(`/api/v1/runs/${run!.id}/log.ndjson`), 503);
      assert.equal(await status(`/api/v1/runs/${run!.id}/log-stream`), 503);
      assert.equal(await status("/healthz"), 200);
      assert.equal(events.status, 200);
      rmSync(path);
      assert.equal(await status("/api/v1/runs"), 200, "none is no error");
      writeFileSync(path, good);
      assert.equal(await status("/healthz"), 200);
    } finally {
      stop.abort();
      await other.close();
    }
  });

  it("for other machines: a token, and a session", async () => {
    const folder = join(temporaryFolder(), "home");
    mkdirSync(folder);
    const open = await startServer(serverOptions(folder, { host: "127.0.0.2", token }));
    const from = (path: string, init: RequestInit = {}) => fetch(`${open.url}${path}`, { redirect: "manual", ...init });
    const login = (given: string) =>
      from("/login", { method: "POST", body: new URLSearchParams({ token: given }), headers: { origin: open.url } });
    try {
      assert.equal((await from("/healthz")).status, 200);
      assert.equal((await from("/api/v1/overview")).status, 401);
      assert.equal((await from("/")).headers.get("location"), "/login");
      const page = await from("/login");
      assert.match(await page.text(), /<form method="post" action="\/login">/);
      assert.equal((await login("wrong")).status, 401);
      const entered = await login(token);
      const cookie = entered.headers.get("set-cookie")!;
      for (const part of ["HttpOnly", "SameSite=Strict", "Path=/"])
        assert.ok(cookie.split("; ").includes(part), cookie);
      assert.equal((await from("/api/v1/overview", { headers: { cookie: cookie.split(";")[0]! } })).status, 200);
      assert.equal((await from("/api/v1/overview", { headers: { authorization: `Bearer ${token}` } })).status, 200);
      assert.equal(
        (
          await from("/login", {
            method: "POST",
            body: new URLSearchParams({ token }),
            headers: { origin: "http://evil.test" },
          })
        ).status,
        403,
      );
    } finally {
      await open.close();
    }
  });

  it("a session ends by itself", async () => {
    let now = 0;
    const login = new Login({ token, isSecure: true, onWrong: () => undefined, now: () => now });
    const app = new Hono<{ Bindings: HttpBindings }>().post("/login", (context) => login.enter(context));
    const request = (cookie: string) => ({ headers: { cookie }, socket: {} }) as never;
    const posted = { method: "POST", body: new URLSearchParams({ token }) };
    const entered = await app.request("/login", posted, { incoming: request("") });
    const set = entered.headers.get("set-cookie") ?? "";
    assert.match(set, /; Secure/);
    const cookie = set.split(";")[0]!;
    assert.equal(login.entryOf(request(cookie)).state, "in");
    now = 13 * 3_600_000;
    assert.equal(login.entryOf(request(cookie)).state, "none");
    assert.equal(login.entryOf(request("pipeline_session=x")).state, "none");
  });
});
