import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { openHistory } from "../../src/history/sqlite/database.ts";
import { noBrowser, openPage, startBrowser } from "../harness/browser.ts";
import { temporaryFolder } from "../harness/context.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const places = [
  "/",
  "/runs",
  "/trends",
  "/schedules",
  "/data",
  "/data/geography",
  "/data/companies",
  "/data/sql",
  "/lineage",
  "/lineage/fct_complaints",
];

describe("the web UI in a browser", { skip: noBrowser }, () => {
  let source: TestSource;
  let home: TestHome;
  let browser: Browser;
  let url: string;
  let env: Record<string, string>;

  const startServer = async (port = "0") => {
    const { stdout, stderr } = await home.run(["server", "start", "--background", "--port", port, "--json"], env);
    assert.equal(stderr, "");
    url = JSON.parse(stdout).url;
  };
  before(async () => {
    source = await startTestSource({ asOf: "2026-11-20" });
    home = testHome(source, join(temporaryFolder(), "home"));
    env = { PIPELINE_AS_OF: source.asOf };
    // The one real build: the data pages are about what it publishes.
    const built = await home.start(["run", "-q"], { ...env, PIPELINE_DBT: "" }).outcome;
    assert.equal(built.code, 0, built.stderr);
    await startServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await home?.run(["server", "stop"]);
    await source?.close();
  });

  /** Requests of the source wait until they may go on. */
  const gate = () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    source.intercept = async () => {
      await opened;
      return undefined;
    };
    return () => {
      source.intercept = undefined;
      open();
    };
  };

  it("links to nothing that is not there when it is loaded afresh", async () => {
    const page = await openPage(browser, url);
    const seen = new Set<string>();
    const look = [...places];
    for (let place = look.shift(); place !== undefined; place = look.shift()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const answer = await page.goto(`${url}${place}`);
      assert.equal(answer?.status(), 200, place);
      await page.locator("main :is(h1, h2, table, .card, p)").first().waitFor();
      const links = await page.locator("a[href^='/']").evaluateAll((all) => all.map((a) => a.getAttribute("href")!));
      for (const link of links) {
        const path = link.replace(/[?#].*$/s, "");
        if (!path.startsWith("/api/") && path !== "/metrics" && !seen.has(path)) look.push(path);
      }
    }
    assert.ok(seen.has("/lineage/raw.cfpb_complaints"), [...seen].join(" "));
    await page.close();
  });

  it("says whether the data is all right, and starts a run that is watched to its end", async () => {
    const page = await openPage(browser, url);
    await page.getByText("Every day through 20 Nov 2026 was read").waitFor();
    await page.getByText("Nothing needs you.").waitFor();
    await page.locator(".spark").nth(1).waitFor();
    const open = gate();
    await page.getByRole("button", { name: "Run now" }).click();
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    await page.locator(".title .state.Running").waitFor();
    assert.match(await page.title(), /^Running: /);
    open();
    await page.locator(".title .state.Completed").waitFor();
    await page
      .getByText(/complete$/)
      .first()
      .waitFor();
    assert.match(await page.title(), /^Completed: /);
    assert.match((await page.locator(".log").textContent()) ?? "", /jpmorgan: [\d,]+ of [\d,]+: complete/);
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it("cancels a run; every other page sees it within a second; retries what is left", async () => {
    const watching = await openPage(browser, `${url}/runs`);
    const open = gate();
    const run = home.start(["run"], env);
    await watching.locator("tbody tr").first().locator(".state.Running").waitFor();
    const page = await openPage(browser, `${url}/runs`);
    await page.locator("tbody a").first().click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page
      .getByRole("group", { name: /Stop this run/ })
      .getByRole("button", { name: "Cancel" })
      .click();
    await page.locator(".title .state.Cancelled").waitFor();
    const seen = Date.now();
    await watching.locator("tbody tr").first().locator(".state.Cancelled").waitFor();
    assert.ok(Date.now() - seen < 1000);
    assert.equal((await run.outcome).code, 130);
    open();
    await page.getByRole("button", { name: "Retry what is left" }).click();
    await page.getByText("by retry").waitFor();
    await page.locator(".title .state.Completed").waitFor();
    assert.deepEqual([...page.problems, ...watching.problems], []);
    await page.close();
    await watching.close();
  });

  it("filters runs, keeps the filter in the address, and goes back", async () => {
    const page = await openPage(browser, `${url}/runs`);
    await page.locator("tbody tr").first().waitFor();
    const all = await page.locator("tbody tr").count();
    await page.getByLabel("State").selectOption("Cancelled");
    await page.waitForURL(/state=Cancelled/);
    await page.locator("tbody .state.Completed").first().waitFor({ state: "detached" });
    await page.locator("tbody tr").first().waitFor();
    const some = await page.locator("tbody tr").count();
    assert.ok(some >= 1 && some < all);
    await page.goBack();
    await page.locator("tbody .state.Completed").first().waitFor();
    await page.getByLabel("Started by").selectOption("retry");
    await page.locator("tbody td", { hasText: "web" }).first().waitFor({ state: "detached" });
    await page.locator("tbody tr").first().waitFor();
    assert.equal(await page.locator("tbody tr").count(), 1);
    await page.close();
  });

  it("goes on with a log where it was when the server is started again", async () => {
    const open = gate();
    const run = home.start(["run", "-q"], env);
    const page = await openPage(browser, `${url}/runs`);
    await page.locator("tbody tr").first().locator(".state.Running").waitFor();
    await page.locator("tbody a").first().click();
    await page.getByLabel("Level").selectOption("debug");
    await page.locator(".log .line").first().waitFor();
    const before = await page.locator(".log .line").count();
    const port = new URL(url).port;
    await home.run(["server", "stop"]);
    await page.locator(".dot.lost").waitFor();
    await startServer(port);
    await page.locator(".dot.live").waitFor();
    open();
    await page.locator(".title .state.Completed").waitFor();
    await page.locator(".log .line", { hasText: "Completed after" }).waitFor();
    assert.ok((await page.locator(".log .line").count()) >= before);
    const [{ id }] = (await (await fetch(`${url}/api/v1/runs?limit=1`)).json()) as [{ id: string }];
    const { lines } = (await (await fetch(`${url}/api/v1/runs/${id}`)).json()) as { lines: number };
    // Every line, and none of them twice.
    assert.equal(await page.locator(".log").getAttribute("aria-label"), `${lines} lines`);
    assert.equal((await run.outcome).code, 0);
    await page.close();
  });

  it("finds in a log, and shows a script in it as text", async () => {
    const database = openHistory(join(home.folder, "history.sqlite"));
    const [run] = database
      .prepare(
        "select no, id, (select max(seq) from logs where run_no = no) as last from runs order by no desc limit 1",
      )
      .all() as { no: number; id: string; last: number }[];
    const event = JSON.stringify({
      level: "warn",
      text: "<script>window.hacked = 1</script><img src=x onerror='window.hacked=1'>",
    });
    database
      .prepare("insert into logs values (?, ?, ?, 30, null, 'dbt.output', ?)")
      .run(run!.no, run!.last + 1, Date.now(), event);
    database.close();
    const page = await openPage(browser, `${url}/runs/${run!.id}`);
    await page.getByLabel("Search").fill("hacked");
    await page.locator(".log .line", { hasText: "<script>window.hacked" }).waitFor();
    await page.locator(".log .line").nth(1).waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => (globalThis as unknown as { hacked?: number }).hacked), undefined);
    await page.getByLabel("Search").fill("nothing like this");
    await page.getByText("No line is like that.").waitFor();
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it("shows which checks failed first, with the command that shows their rows, and names those that passed", async () => {
    const database = openHistory(join(home.folder, "history.sqlite"));
    const [run] = database.prepare("select no, id from runs order by no desc limit 1").all() as {
      no: number;
      id: string;
    }[];
    const found = { rows: 3, example: "17", sql: "select * from marts.dim_states where state is null" };
    const checks = [
      { name: "not_null_state", column: "state", status: "fail", found },
      { name: "unique_state", column: "state", status: "pass", found: null },
    ];
    database
      .prepare(
        "insert or replace into dbt_nodes values (?, 'test.cfpb.x', 'checks_dim_states', 'test', 'fail', 5, 1, 'Got 1 result', 'dim_states', ?)",
      )
      .run(run!.no, JSON.stringify(checks));
    database.close();
    const page = await openPage(browser, `${url}/runs/${run!.id}?tab=dbt`);
    const first = page.locator("table", { hasText: "message" }).last().locator("tbody tr").first();
    await first.getByText("not_null_state: fail, 3 rows, such as 17").waitFor();
    await first
      .getByText("pipeline dbt -- show --limit 100 --inline 'select * from marts.dim_states where state is null'")
      .waitFor();
    await first.getByText("1 check: pass").click();
    await first.getByText("unique_state").waitFor();
    await first.getByRole("link", { name: "dim_states" }).click();
    await page.locator("h2", { hasText: "model dim_states" }).waitFor();
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it("scrolls through a log of a million lines", async () => {
    const database = openHistory(join(home.folder, "history.sqlite"));
    database.exec(`insert into runs (id, name, flow, state, trigger, started_at, ended_at, as_of, source, database, settings, host, pid, heartbeat_at)
      values ('00000000-0000-4000-8000-00000000000f', 'long-log', 'f', 'Completed', 'cli', 1, 2, '2026-11-20', 's', 'd', '{}', 'h', 1, 0)`);
    database.exec(`with recursive line(seq) as (select 1 union all select seq + 1 from line where seq < 1000000)
      insert into logs select (select no from runs where name = 'long-log'), seq, seq, 10, null, 'dbt.output', '{"level":"info","text":"line number ' || seq || '"}' from line`);
    database.close();
    const page = await openPage(browser, `${url}/runs/long-log?level=debug`);
    await page.locator(".log .line", { hasText: "line number 1" }).first().waitFor();
    assert.ok((await page.locator(".log .line").count()) < 60, "what is not in view is not drawn");
    await page
      .locator(".log")
      .evaluate(
        (box) =>
          ((box as unknown as { scrollTop: number; scrollHeight: number }).scrollTop = (
            box as unknown as { scrollHeight: number }
          ).scrollHeight),
      );
    await page.locator(".log .line", { hasText: "line number 1000000" }).waitFor();
    await page
      .locator(".log")
      .evaluate(
        (box) =>
          ((box as unknown as { scrollTop: number; scrollHeight: number }).scrollTop =
            (box as unknown as { scrollHeight: number }).scrollHeight / 2),
      );
    await page
      .locator(".log .line", { hasText: /line number 50\d{4}|line number 49\d{4}/ })
      .first()
      .waitFor();
    await page.close();
    const undo = openHistory(join(home.folder, "history.sqlite"));
    undo.exec("delete from runs where name = 'long-log'");
    undo.close();
  });

  it("adds, pauses and removes a schedule, and says what is wrong with one", async () => {
    const page = await openPage(browser, `${url}/schedules`);
    const form = page.getByRole("form", { name: "Add a schedule" });
    await form.getByLabel("Name").fill("nightly");
    await form.getByLabel("Cron").fill("61 2 * * *");
    await form.getByRole("button", { name: "Add" }).click();
    await page.getByText(/is no cron expression/).waitFor();
    await form.getByLabel("Cron").fill("0 2 * * *");
    await form.getByRole("button", { name: "Add" }).click();
    const card = page.getByRole("region", { name: "nightly" });
    await card
      .getByText(/\d\d:00/)
      .first()
      .waitFor();
    await home.run(["schedule", "pause", "nightly"]);
    await card.getByText("Paused: nothing is started.").waitFor();
    await card.getByRole("button", { name: "Resume" }).click();
    await card.getByText(/02:00/).first().waitFor();
    await card.getByRole("button", { name: "Remove" }).click();
    await card.getByRole("group").getByRole("button", { name: "Remove" }).click();
    await page.getByText("There are no schedules yet.").waitFor();
    assert.equal((await home.run(["schedule", "ls", "--json"])).stdout, "[]\n");
    await page.close();
  });

  it("shows the very numbers that SQL gives, under filters that stand in the address", async () => {
    const sql = async (text: string) =>
      JSON.parse((await home.run(["sql", text, "--json"])).stdout) as Record<string, unknown>[];
    const [total] = await sql("select count(*) as n from fct_complaints");
    const page = await openPage(browser, `${url}/data`);
    const shown = page.locator(".totals dd").first();
    await shown.filter({ hasText: Number(total?.n).toLocaleString("en-US") }).waitFor();
    await page.getByRole("button", { name: "JPMORGAN CHASE & CO." }).click();
    await page.waitForURL(/company=/);
    const [one] = await sql("select count(*) as n from fct_complaints where company = 'JPMORGAN CHASE & CO.'");
    await shown.filter({ hasText: Number(one?.n).toLocaleString("en-US") }).waitFor();
    const products = await sql(
      "select current_product as p, count(*) as n from fct_complaints where company = 'JPMORGAN CHASE & CO.' group by 1 order by 2 desc, 1 limit 1",
    );
    const first = page.getByRole("region", { name: "Products" }).locator(".bars li").first();
    assert.match(
      (await first.textContent()) ?? "",
      new RegExp(`^${products[0]?.p}.*${Number(products[0]?.n).toLocaleString("en-US")}`),
    );
    const card = page.getByRole("region", { name: "Products" });
    await card.getByRole("button", { name: "sql" }).click();
    const text = (await card.locator("pre").textContent())!;
    const again = await sql(text);
    assert.equal(again[0]?.complaints, products[0]?.n);
    await card.getByRole("button", { name: "table" }).click();
    assert.equal(await card.locator("tbody tr").count(), again.length);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      card.getByRole("button", { name: "CSV" }).click(),
    ]);
    const csv = readFileSync(await download.path(), "utf8");
    assert.equal(csv.split("\r\n").length, again.length + 2);
    await card.getByRole("button", { name: "chart" }).click();
    for (const name of ["Products", "Complaints by month"]) {
      const [png] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("region", { name }).getByRole("button", { name: "PNG" }).click(),
      ]);
      assert.equal(
        readFileSync(await png.path())
          .subarray(1, 4)
          .toString(),
        "PNG",
      );
    }
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it("says of a state under the pointer what SQL says", async () => {
    const rows = JSON.parse(
      (await home.run(["sql", "select count(*) as n from fct_complaints where state = 'CA'", "--json"])).stdout,
    );
    const page = await openPage(browser, `${url}/data/geography`);
    await page.locator('path[data-state="CA"]').hover();
    await page
      .locator(".map figcaption", { hasText: `California: ${rows[0].n.toLocaleString("en-US")} complaints` })
      .waitFor();
    await page.locator('path[data-state="TX"]').click();
    await page.waitForURL(/state=TX/);
    await page.close();
  });

  it("runs SQL that is typed, and refuses what is no SELECT", async () => {
    const page = await openPage(browser, `${url}/data/sql`);
    await page.getByLabel("SQL", { exact: true }).fill("select 6 * 7 as answer");
    await page.keyboard.press("Control+Enter");
    await page.locator("tbody td", { hasText: "42" }).waitFor();
    await page.getByLabel("SQL", { exact: true }).fill("copy fct_complaints to '/tmp/stolen.csv'");
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator(".toast.bad", { hasText: "The SQL was not run" }).waitFor();
    await page.close();
  });

  it("does everything by keyboard", async () => {
    const page = await openPage(browser, url);
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.waitForURL(/\/runs$/);
    await page.locator("tbody tr").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}/);
    await page.locator("#tab-tasks").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/tab=tasks/);
    await page.getByRole("tab", { name: "requests" }).click();
    await page.locator("tbody td.number", { hasText: "200" }).first().waitFor();
    await page.getByRole("tab", { name: "graph" }).click();
    await page.locator(".flow li").nth(5).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.waitForURL(/\/data$/);
    await page.close();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`is without serious findings of axe, ${colorScheme}`, async () => {
      const page = await openPage(browser, url, { colorScheme });
      const [run] = (await (await fetch(`${url}/api/v1/runs?limit=1`)).json()) as { id: string }[];
      for (const path of [...places, `/runs/${run!.id}`]) {
        await page.goto(url + path);
        await page.locator(".dot.live").waitFor();
        await page.locator("main h1").waitFor({ state: "attached" });
        while ((await page.locator(".skeleton").count()) > 0) await page.waitForTimeout(20);
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const { violations } = await (
            globalThis as unknown as {
              axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
            }
          ).axe.run();
          return violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        });
        assert.deepEqual(found, [], path);
      }
      await page.close();
    });
  }

  it("fits a phone: nothing but tables and charts scrolls sideways", async () => {
    const page = await openPage(browser, url, { viewport: { width: 390, height: 844 } });
    for (const path of places) {
      await page.goto(url + path);
      await page.locator(".dot.live").waitFor();
      await page.locator("main h1").waitFor({ state: "attached" });
      while ((await page.locator(".skeleton").count()) > 0) await page.waitForTimeout(20);
      const wide = await page.evaluate("document.documentElement.scrollWidth");
      assert.ok(Number(wide) <= 390, `${path} is ${wide} px wide`);
    }
    await page.close();
  });

  it("keeps theme and zone, and says when nothing was run", async () => {
    const page = await openPage(browser, url);
    await page.getByLabel("Theme").selectOption("dark");
    await page.reload();
    await page.locator("main h2").first().waitFor();
    assert.equal(await page.getByLabel("Theme").inputValue(), "dark");
    assert.equal(await page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(20, 23, 28)");
    await page.close();
    const empty = testHome(source, join(temporaryFolder(), "empty"));
    const started = await empty.run(["server", "start", "--background", "--port", "0", "--json"]);
    const other = await openPage(browser, JSON.parse(started.stdout).url);
    await other.getByText(/Nothing was run yet in .*empty/).waitFor();
    await other.locator(".command code", { hasText: "pipeline run" }).waitFor();
    await empty.run(["server", "stop"]);
    await other.close();
  });
});
