import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { readToken } from "../../../src/cli/server/token.ts";
import { Login } from "../../../src/web/server/access/login.ts";
import { application } from "../../../src/web/server/application.ts";
import { startServer, type WebServer } from "../../../src/web/server/server.ts";
import { temporaryFolder } from "../../harness/context.ts";
import { runInProcess } from "../../harness/in-process.ts";
import { serverOptions, testPages } from "../../harness/pages.ts";
import { startTestSource, type TestSource } from "../../harness/sample.ts";
import { testSnapshot } from "../../harness/snapshot.ts";

const token = "sesame-sesame-sesame";
type Answer = { status: number; headers: IncomingHttpHeaders; text: string };

/** Asks with the path and the headers as they are given: clients put both into order. */
async function ask(
  server: WebServer,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = "",
): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  const sent = body === "" ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) };
  const asked = request({ host: hostname, port, method, path, headers: sent, agent: false }).end(body);
  const [answer] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode!, headers: answer.headers, text };
}

const json = { "content-type": "application/json" };

describe("the doors of the server", () => {
  let source: TestSource;
  let server: WebServer;
  let home: string;
  let runId: string;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
    home = temporaryFolder();
    runId = (await runInProcess({ home, source })).runId;
    await testSnapshot(home);
    server = await startServer(serverOptions(home));
  });
  after(async () => {
    await server.close();
    await source.close();
  });

  it("read a path in one way: what is not in its normal form is 400, for every method", async () => {
    const paths = [
      ...["/%61pi/v1/sql", "/ap%69/v1/runs", "/./api/v1/runs", "/%2e/api/v1/runs", "/x/../api/v1/runs"],
      ...[
        "/../api/v1/runs",
        "/%2e%2e/api/v1/runs",
        "/x/%2e%2e/api/v1/runs",
        "/x/.%2E/api/v1/runs",
        "/;x/../api/v1/runs",
      ],
      ...["//x/api/v1/events", `//x/api/v1/runs/${runId}/log.ndjson`, `//x/api/v1/runs/${runId}/log-stream`],
      ...["//x/metrics", "//x/healthz", "//x/login", "/\\x/api/v1/runs", "/x\\..\\api/v1/runs"],
      ...[
        "//",
        "///",
        "//:0/",
        "/runs/%E0%A4%A",
        "/lineage/%",
        "/runs/a%2",
        "/runs/%7e",
        "/runs/%2D",
        "/runs/#x",
        "/.",
      ],
      `/api/v1/runs/%E0%A4%A/log-stream`,
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST", "DELETE"]) {
        const site = { "sec-fetch-site": "cross-site", "content-type": "text/plain" };
        const { status, text } = await ask(server, method, path, site, method === "POST" ? "{}" : "");
        assert.equal(status, 400, `${method} ${path}`);
        assert.match(text, /not in its normal form/);
      }
    }
    // What may be decoded is decoded once, and in one place.
    assert.match((await ask(server, "GET", "/api/v1/runs/a%2525b")).text, /"a%25b\\"/);
    // In their normal form, these are other addresses: of nothing.
    for (const path of ["/api%2fv1/runs", "/%2561pi/v1/sql", "/API/v1/runs", "/x//api/v1/runs"]) {
      assert.equal((await ask(server, "GET", path)).status, 404, path);
      assert.notEqual((await ask(server, "POST", path, json, "{}")).status, 200, path);
    }
  });

  it("let no other site open a stream, a download or an action", async () => {
    const paths = ["/api/v1/events", `/api/v1/runs/${runId}/log.ndjson`, `/api/v1/runs/${runId}/log-stream`];
    for (const site of ["cross-site", "same-site", "none, cross-site"]) {
      for (const path of [...paths, "/metrics", "/healthz", "/nowhere", "/assets/none.js"]) {
        assert.equal((await ask(server, "GET", path, { "sec-fetch-site": site })).status, 403, `${site} ${path}`);
      }
      assert.equal((await ask(server, "POST", "/api/v1/sql", { ...json, "sec-fetch-site": site }, "{}")).status, 403);
    }
    // A link on another site may lead to a page.
    const isBuilt = existsSync("dist/ui/index.html");
    assert.equal((await ask(server, "GET", "/runs", { "sec-fetch-site": "cross-site" })).status, isBuilt ? 200 : 404);
  });

  it("answer a mistake of whoever asks with 4xx, and tell the log nothing", async () => {
    const api = `/api/v1/runs/${runId}`;
    const cases: [method: string, path: string, body: object | null, status: number][] = [
      ["POST", "/api/v1/sql", { sql: "select nope" }, 400],
      ["POST", "/api/v1/sql", { sql: "from nope" }, 400],
      ["POST", "/api/v1/sql", { sql: "select cast('a' as int)" }, 400],
      ["POST", "/api/v1/sql", { sql: "select len(range(1000000000::bigint))" }, 422],
      ["POST", "/api/v1/sql", { sql: "drop table x" }, 400],
      ["GET", `${api}/log-stream?limit=99999`, null, 400],
      ["GET", `${api}/log-stream?level=foo`, null, 400],
      ["GET", `${api}/log-stream?after=-1`, null, 400],
      ["GET", `${api}/log-stream?nope=1`, null, 400],
      ["GET", `${api}/log.ndjson?nope=1`, null, 400],
      ["GET", "/api/v1/events?nope=1", null, 400],
      ["GET", "/api/v1/runs/%ff/log-stream", null, 404],
      ["GET", "/api/v1/runs/%ff/log.ndjson", null, 404],
      ["GET", "/api/v1/runs/%ff", null, 404],
      ["HEAD", "/api/v1/runs/nope/log-stream", null, 404],
      ["HEAD", "/api/v1/runs/nope/log.ndjson", null, 404],
      ["DELETE", "/api/v1/schedules/nope", {}, 404],
      ["POST", "/api/v1/schedules/nope/pause", {}, 404],
      ["POST", "/metrics", null, 405],
      ["POST", "/healthz", null, 405],
      ["DELETE", "/runs", null, 405],
      ["POST", "/nowhere", null, 405],
      ["DELETE", "/api/v1/runs", {}, 405],
      ["POST", `${api}/logs`, {}, 405],
      ["POST", "/api/v1/openapi.json", {}, 405],
      ["GET", "/api/v1/runs?limit=1e2", null, 400],
      ["GET", "/api/v1/runs?limit=0x10", null, 400],
      ["GET", "/api/v1/runs?limit=5&limit=6", null, 400],
      ["GET", "/api/v1/trends?days=1.5", null, 400],
      ["GET", "/health", null, 404],
      ["GET", "/healthz/", null, 404],
      ["GET", "/metrics/", null, 404],
      ["GET", "/nowhere/at/all", null, 404],
      ["GET", "/trends/x", null, 404],
      ["GET", "/runs/a/b", null, 404],
      ["GET", "/api", null, 404],
    ];
    for (const [method, path, body, status] of cases) {
      const sent = body === null ? "" : JSON.stringify(body);
      const answer = await ask(server, method, path, body === null ? {} : json, sent);
      assert.equal(answer.status, status, `${method} ${path} ${sent}: ${answer.text}`);
      if (method !== "HEAD") assert.ok(JSON.parse(answer.text).error.message.length > 0);
    }
    const memory = JSON.parse(
      (await ask(server, "POST", "/api/v1/sql", json, JSON.stringify({ sql: "select len(range(1000000000::bigint))" })))
        .text,
    );
    assert.doesNotMatch(memory.error.next, /--memory/);
    const allow = await ask(server, "DELETE", "/api/v1/runs", json, "{}");
    assert.equal(allow.headers.allow, "GET, HEAD, POST");
    // A person gets a page with a way on.
    const page = await ask(server, "GET", "/nowhere", { accept: "text/html,*/*" });
    assert.match(page.text, /There is nothing here\.[\s\S]*<a href="\/">/);
  });

  it("serve every page afresh, also where a name has a dot", {
    skip: !existsSync("dist/ui/index.html") && "the pages are not built",
  }, async () => {
    for (const path of [
      "/",
      "/runs",
      `/runs/${runId}`,
      "/runs/a.b",
      "/runs/%ff",
      "/trends",
      "/schedules",
      "/data",
      "/data/sql",
      "/lineage",
      "/lineage/raw.cfpb_complaints",
      "/data?x=%E0%A4%A",
    ]) {
      const { status, headers } = await ask(server, "GET", path);
      assert.deepEqual([status, headers["content-type"]], [200, "text/html; charset=utf-8"], path);
      assert.equal((await ask(server, "HEAD", path)).text, "");
    }
  });

  it("read no more of a body that is refused", async () => {
    for (const [path, headers] of [
      ["/nowhere", json],
      ["/api/v1/sql", { "content-type": "text/plain" }],
    ] as const) {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => undefined); // a reset ends it as well
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join("")}content-length: 1000000000\r\n\r\n`);
      await once(socket.resume(), "close");
    }
  });

  it("send whole what is not over its size in bytes, whatever letters it has", async () => {
    const asked = { sql: "select repeat('€', 3000) as t from range(1000)" };
    const { status, text } = await ask(server, "POST", "/api/v1/sql", json, JSON.stringify(asked));
    const { rows, isCut } = JSON.parse(text);
    assert.deepEqual([status, rows.length, isCut], [200, 1000, false]);
    const wide = { sql: "select repeat('€', 7000) as t from range(1000)" };
    const cut = JSON.parse((await ask(server, "POST", "/api/v1/sql", json, JSON.stringify(wide))).text);
    assert.ok(cut.isCut && cut.rows.length > 400, `${cut.rows.length} rows`);
  });

  it("tell the log nothing of who goes away in the middle of a body", async () => {
    const socket = connect(server.port, "127.0.0.1");
    const closed = once(socket, "close");
    socket.end(
      'POST /api/v1/sql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"sql',
    );
    socket.resume();
    await closed;
    assert.equal((await ask(server, "GET", "/healthz")).status, 200);
  });

  it("end a result at its size, and say so", async () => {
    const asked = { sql: "select repeat('x', 100000) as t from range(900)" };
    const { status, text } = await ask(server, "POST", "/api/v1/sql", json, JSON.stringify(asked));
    const { columns, rows, more, isCut } = JSON.parse(text);
    assert.deepEqual(columns, [{ name: "t", type: "VARCHAR" }]);
    assert.deepEqual([status, more, isCut], [200, true, true]);
    assert.ok(text.length < 10_500_000 && rows.length > 90, `${text.length} characters`);
  });

  it("have a place for charts beside what people type, and send away whom they cannot answer soon", async () => {
    const slow = JSON.stringify({ sql: "select count(*) from range(100000000000)" });
    const leave: (() => void)[] = [];
    for (let i = 0; i < 22; i++) {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(
        `POST /api/v1/sql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${slow.length}\r\n\r\n${slow}`,
      );
      leave.push(() => socket.destroy());
    }
    try {
      let away: Answer;
      // The 22 are there once the 23rd is sent away; until then one more of them waits, and goes.
      for (;;) {
        const controller = new AbortController();
        const asked = ask(server, "POST", "/api/v1/sql", json, JSON.stringify({ sql: "select 1" }));
        const answer = await Promise.race([asked, setTimeout(200, null, { signal: controller.signal })]);
        controller.abort();
        if (answer !== null) {
          away = answer;
          break;
        }
      }
      assert.deepEqual([away.status, away.headers["retry-after"]], [503, "5"]);
      const chart = await ask(server, "GET", "/api/v1/charts/totals");
      assert.notEqual(chart.status, 503, chart.text);
    } finally {
      for (const go of leave) go();
    }
  });
});

describe("the token", () => {
  it("is a line of a small file: nothing else is read, and no hint overwrites what is there", () => {
    const folder = temporaryFolder();
    const fileOf = (name: string, content: string) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    assert.equal(readToken(fileOf("good", `${token}\n`)), token);
    assert.equal(readToken(fileOf("phrase", "a few words are one, too")), "a few words are one, too");
    const there = [
      folder,
      "/dev/zero",
      fileOf("short", "x".repeat(15)),
      fileOf("large", "x".repeat(2000)),
      fileOf("other", `${token}é`),
    ];
    for (const file of there) {
      assert.throws(() => readToken(file), { code: "usage", next: /^Name another file .* > token\)$/ }, file);
    }
    assert.throws(() => readToken(join(folder, "none")), { next: /^Make one: .*none"\)$/ });
    assert.throws(() => readToken(join(fileOf("file", ""), "below")), { code: "usage" });
  });

  it("lets in whoever has it, whatever others of the same address send", async () => {
    const notices: string[] = [];
    const onNotice = (message: string) => void notices.push(message);
    const server = await startServer(serverOptions(temporaryFolder(), { token, onNotice }));
    const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
    const login = (value: string) =>
      ask(server, "POST", "/login", { "content-type": "application/x-www-form-urlencoded" }, `token=${value}`);
    try {
      const statuses = [];
      for (let i = 0; i < 7; i++)
        statuses.push((await ask(server, "GET", "/api/v1/runs", bearer(`wrong-${i}`))).status);
      assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
      assert.deepEqual(notices, ["5 wrong tokens from 127.0.0.1 within a minute"]);
      for (const path of ["/metrics", "/readyz", "/api/v1/runs", "/runs"]) {
        const { status, headers } = await ask(server, "GET", path, bearer("wrong"));
        assert.equal(status, 429, path);
        assert.match(headers["retry-after"]!, /^[1-6]?\d$/);
      }
      assert.equal((await ask(server, "GET", "/api/v1/runs", bearer(token))).status, 200);
      assert.equal((await ask(server, "GET", "/metrics", bearer(token))).status, 200);
      assert.equal((await login("wrong")).status, 429);
      // A proxy's own password is none of this server's business, and the session of a second server neither.
      const cookie = (await login(token)).headers["set-cookie"]![0]!.split(";")[0]!;
      for (const sent of [
        { cookie },
        { cookie: `pipeline_session_1=x;${cookie}` },
        { cookie: `${cookie.replace(/=.*/, "=old")}; ${cookie}` },
      ]) {
        const basic = { ...sent, authorization: "Basic dTpw" };
        assert.equal((await ask(server, "GET", "/api/v1/runs", basic)).status, 200, sent.cookie);
      }
      assert.equal((await ask(server, "GET", "/api/v1/runs", { authorization: "Basic dTpw" })).status, 401);
      assert.equal((await login(token)).status, 303);
      // A collector without a token is told so, and gets no page to log in with.
      for (const path of ["/metrics", "/readyz", "/nowhere"]) {
        const { status, headers } = await ask(server, "GET", path);
        assert.deepEqual([status, headers["www-authenticate"]], [401, "Bearer"], path);
      }
      assert.equal((await ask(server, "GET", "/runs")).headers.location, "/login");
      assert.equal((await ask(server, "GET", "/healthz")).status, 200);
    } finally {
      await server.close();
    }
  });

  it("stands before every route that there is, and so does the guard", async () => {
    const home = temporaryFolder();
    const server = await startServer(serverOptions(home, { token }));
    const rules = { names: null, publicOrigin: null };
    const login = new Login({ token, isSecure: false, onWrong: () => undefined });
    const parts = { home: testPages(home), changes: null as never, sender: null as never, onError: assert.fail };
    const { routes } = application({ ...parts, rules, login });
    const addresses = routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => [method, path] as const);
    assert.ok(addresses.length > 25, `${addresses.length} addresses`);
    const open = ["GET /login", "POST /login", "GET /healthz"];
    try {
      for (const [method, path] of addresses) {
        const at = path.replaceAll(/:\w+|\*/g, "x");
        const body = method === "GET" ? "" : "{}";
        const { headers } = await ask(server, method, at, json, body);
        const isOpen = open.includes(`${method} ${path}`);
        assert.equal(headers["www-authenticate"], isOpen ? undefined : "Bearer", `${method} ${at}`);
        const other = { ...json, authorization: `Bearer ${token}`, "sec-fetch-site": "cross-site" };
        const { status } = await ask(server, method, at, other, body);
        assert.equal(status, method === "GET" && path === "/login" ? 200 : 403, `${method} ${at}`);
      }
    } finally {
      await server.close();
    }
  });

  it("works behind a proxy with TLS, as nginx is by default and with the Host kept", async () => {
    const origin = "https://pipeline.example";
    for (const publicOrigin of [null, origin]) {
      const server = await startServer(serverOptions(temporaryFolder(), { token, publicOrigin }));
      for (const keepsHost of [false, true]) {
        const proxy = createServer((asked, answer) => {
          const { host } = new URL(server.url);
          const headers = { ...asked.headers, host: keepsHost ? asked.headers.host! : host };
          const passed = request(server.url + asked.url, { method: asked.method!, headers }, (got) => {
            answer.writeHead(got.statusCode!, got.headers);
            got.pipe(answer);
          });
          asked.pipe(passed);
        });
        await once(proxy.listen(0, "127.0.0.1"), "listening");
        const behind = { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` } as WebServer;
        const headers = { host: "pipeline.example", "sec-fetch-site": "same-origin" };
        const form = { ...headers, origin, "content-type": "application/x-www-form-urlencoded" };
        const login = await ask(behind, "POST", "/login", form, `token=${token}`);
        const isLet = publicOrigin !== null || keepsHost;
        assert.equal(login.status, isLet ? 303 : 403, `${publicOrigin} ${keepsHost}: ${login.text}`);
        if (isLet) {
          const cookie = login.headers["set-cookie"]![0]!;
          assert.equal(/; Secure/.test(cookie), publicOrigin !== null);
          const sent = { ...headers, origin, cookie: cookie.split(";")[0]! };
          assert.equal((await ask(behind, "GET", "/api/v1/runs", sent)).status, 200);
          assert.equal((await ask(behind, "POST", "/api/v1/sql", { ...sent, ...json }, '{"sql": ""}')).status, 400);
          const other = { ...sent, ...json, origin: "https://other.example" };
          assert.equal((await ask(behind, "POST", "/api/v1/sql", other, "{}")).status, 403);
          assert.equal(
            (await ask(behind, "POST", "/api/v1/sql", { ...sent, ...json, origin: `${origin}:8443` }, "{}")).status,
            403,
          );
        } else assert.match(login.text, /--public-url/);
        proxy.close();
        proxy.closeAllConnections();
      }
      await server.close();
    }
  });

  it("is not needed behind another port of this machine", async () => {
    const server = await startServer(serverOptions(temporaryFolder()));
    try {
      for (const host of ["127.0.0.1:8080", "localhost:3000", "[::1]:80"]) {
        const { status } = await ask(
          server,
          "POST",
          "/api/v1/schedules/x/pause",
          { ...json, host, origin: `http://${host}`, "sec-fetch-site": "same-origin" },
          "{}",
        );
        assert.equal(status, 404, host);
        assert.equal((await ask(server, "GET", "/api/v1/runs", { host })).status, 200);
      }
      const foreign = await ask(server, "GET", "/api/v1/runs", { host: "pipeline.example" });
      assert.match(foreign.text, /--public-url/);
    } finally {
      await server.close();
    }
  });
});
