import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { version } from "../../../src/config/version.ts";
import { startServer, type WebServer } from "../../../src/web/server/server.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { runInProcess } from "../../harness/in-process.ts";
import { serverOptions } from "../../harness/pages.ts";
import { startTestSource, type TestSource } from "../../harness/sample.ts";

/** A request as bytes: the usual clients do not send odd ones. Gives the status. */
async function raw(server: WebServer, ...lines: string[]): Promise<number> {
  const socket = connect(server.port, "127.0.0.1");
  socket.end(`${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`);
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
}

describe("the server", () => {
  let source: TestSource;
  let server: WebServer;
  const home = join(temporaryFolder(), "home");
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
    server = await startServer(serverOptions(home));
  });
  after(async () => {
    await server.close();
    await source.close();
  });
  const get = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${server.url}${path}`, init);
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as never };
  };

  it("is healthy before anything was run, and lists nothing", async () => {
    const health = await get("/healthz");
    assert.deepEqual([health.status, health.body], [200, { status: "ok", pid: process.pid, version: version() }]);
    assert.match(health.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.equal(health.headers.get("cache-control"), "no-store");
    assert.deepEqual((await get("/api/v1/runs")).body, []);
    assert.equal((await get("/api/v1/runs/abc")).status, 404);
    assert.equal((await get("/nowhere.txt")).status, 404);
  });

  it("reports a line of a log that cannot be read, whichever way it is asked for", async () => {
    const broken = join(temporaryFolder(), "home");
    await runInProcess({ home: broken, source });
    const history = new DatabaseSync(join(broken, "history.sqlite"));
    history.exec("update logs set event = '{' where seq = 3");
    history.close();
    const errors: unknown[] = [];
    const own = await startServer(serverOptions(broken, { onError: (error) => void errors.push(error) }));
    try {
      const [run] = (await (await fetch(`${own.url}/api/v1/runs`)).json()) as { id: string }[];
      assert.equal((await fetch(`${own.url}/api/v1/runs/${run!.id}/logs`)).status, 500);
      await assert.rejects(async () => (await fetch(`${own.url}/api/v1/runs/${run!.id}/log-stream`)).text());
      assert.equal(errors.length, 2);
      assert.match(String(errors[1]), /JSON/);
    } finally {
      await own.close();
    }
  });

  it("shows runs that happen while it is up, page by page", async () => {
    const first = await runInProcess({ home, source, trigger: "schedule" });
    const fail = { kind: "html", status: 403 } as const;
    source.intercept = (url) => (url.searchParams.has("company") ? fail : undefined);
    const second = await runInProcess({ home, source });
    source.intercept = undefined;
    const runs = (await get("/api/v1/runs")).body as { id: string; state: string; trigger: string; no?: number }[];
    assert.deepEqual(
      runs.map(({ id, state, trigger, no }) => [id, state, trigger, no]),
      [
        [second.runId, "Failed", "cli", undefined],
        [first.runId, "Completed", "schedule", undefined],
      ],
    );
    const ids = async (query: string) =>
      ((await get(`/api/v1/runs?${query}`)).body as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(await ids("limit=1"), [second.runId]);
    assert.deepEqual(await ids(`limit=1&before=${second.runId}`), [first.runId]);
    assert.deepEqual(await ids("state=Failed,Crashed"), [second.runId]);
    assert.deepEqual(await ids("trigger=schedule"), [first.runId]);
    assert.deepEqual(await ids("since=2099-01-01T00:00:00Z"), []);
    const one = (await get(`/api/v1/runs/${first.runId.slice(0, 8)}`)).body as { tasks: { name: string }[] };
    assert.ok(one.tasks.some(({ name }) => name === "resolve_companies"));
  });

  it("says what is wrong with a question", async () => {
    for (const [query, status, message] of [
      ["state=Done", 400, /state/],
      ["limit=0", 400, /limit/],
      ["limit=1001", 400, /limit/],
      ["since=yesterday", 400, /since/],
      ["colour=red", 400, /colour/],
      ["before=nothing", 404, /No run is called "nothing"/],
    ] as const) {
      const { status: found, body } = await get(`/api/v1/runs?${query}`);
      assert.equal(found, status, query);
      assert.match((body as { error: { message: string } }).error.message, message);
    }
  });

  it("answers only who asks it by its own name, and no other site's page", async () => {
    const host = `host: 127.0.0.1:${server.port}`;
    const api = "GET /api/v1/runs HTTP/1.1";
    const post = "POST /api/v1/nothing HTTP/1.1";
    const json = "content-type: application/json";
    const cases: [lines: string[], status: number][] = [
      [[api, host], 200],
      [[api, `host: localhost:${server.port}`], 200],
      [[api, host, "sec-fetch-site: none"], 200],
      [[api, `host: evil.example:${server.port}`], 403],
      [[api, "host: 127.0.0.1"], 200],
      [[api, "host: LOCALHOST:9"], 200],
      [[api, "host: [::1]:8080"], 200],
      [[api, "host: 127.0.0.1.evil.example"], 403],
      [[api, "host: 127.0.0.1@evil.example"], 400],
      [[api, "host: evil.example/127.0.0.1"], 400],
      [[api], 400],
      [[api, host, "host: evil.example"], 403],
      [[api, host, "sec-fetch-site: same-site"], 403],
      [[api, host, "sec-fetch-site: cross-site"], 403],
      [[`GET http://evil.example/api/v1/runs HTTP/1.1`, host], 400],
      [[post, host, json, "origin: http://evil.example"], 403],
      [[post, host, json, "sec-fetch-site: none"], 403],
      [[post, host, "content-type: text/plain"], 400],
      [[post, host, json, "origin: http://127.0.0.1"], 403],
      [[post, host, json, `origin: http://localhost:${server.port}`], 403],
      [[post, host, json, "origin: null"], 403],
      [[post, host, json, `origin: http://127.0.0.1:${server.port}`, "origin: http://evil.example"], 403],
      [[api, host, "origin: http://evil.example"], 403],
      [[post, host, json, "sec-fetch-site: same-site"], 403],
      [[post, host, json, `origin: http://127.0.0.1:${server.port}`], 404],
      [["GET /healthz HTTP/1.1", host], 200],
      [["GET /healthz HTTP/1.1", "host: evil.example"], 403],
    ];
    for (const [lines, status] of cases) assert.equal(await raw(server, ...lines), status, lines.join(" | "));
  });

  it("names who has the port, and a free one", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await assert.rejects(startServer(serverOptions(home, { port })), {
      code: "port_in_use",
      message:
        process.platform === "linux" ? new RegExp(`^Port ${port} is in use by process ${process.pid} \\(`) : /in use/,
      next: /^Take another one: --port \d+$/,
    });
    taken.close();
  });

  it("is not for other machines", async () => {
    await assert.rejects(startServer(serverOptions(home, { host: "0.0.0.0" })), {
      code: "usage",
    });
  });
});
