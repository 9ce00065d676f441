import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pipeline } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { type TestHome, testHome } from "../harness/home.ts";
import { fakeDbt } from "../harness/in-process.ts";
import { startTestSource } from "../harness/sample.ts";
import { changeFile } from "../harness/warehouse.ts";

const asOf = "2026-11-30";
const run = ["run", "--start-date", "2026-11-01", "--as-of", asOf];
const acme = [...run, "--companies", "acme"];
const beta = (id: number) => doc(id, "2026-11-03", { company: "BETA BANK" });

describe("a home", () => {
  let source: DocumentSource;
  let other: DocumentSource;
  let home: TestHome;
  /** The same address with another path: another source. */
  const elsewhere = () =>
    other.url.replace("/data-research/consumer-complaints/search/api/v1/", "/complaints/search/api/v1/");
  beforeEach(async () => {
    source = await startDocuments([doc(1, "2026-11-02"), doc(2, "2026-11-03"), beta(3)], asOf);
    other = await startDocuments([doc(1, "2026-11-02", { state: "FL" })], asOf);
    home = testHome(source);
  });
  afterEach(async () => {
    await source.close();
    await other.close();
  });

  it("belongs to one source: another one is refused before anything is asked, unless it is meant", async () => {
    assert.equal((await home.run(acme)).code, 0);
    const refused = await home.run([...acme, "--source", elsewhere()]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /error\[source_differs\]: .*has complaints of the source http:\/\/127\.0\.0\.1\/data-research\//,
    );
    assert.match(refused.stderr, /next: .*--accept-source/);
    assert.equal(other.requests.length, 0);
    // The port says nothing: a source that is started anew has another one.
    assert.equal((await home.run([...acme, "--source", other.url])).code, 0);
    assert.deepEqual(JSON.parse(readFileSync(join(home.folder, "home.json"), "utf8")), {
      ...{ source: "http://127.0.0.1/data-research/consumer-complaints/search/api/v1/" },
      database: "cfpb_complaints.duckdb",
    });
    assert.deepEqual(await home.query("select distinct source from pipeline.loads"), [
      ["http://127.0.0.1/data-research/consumer-complaints/search/api/v1/"],
    ]);
  });

  it("of an earlier version belongs to the source of its last load, as the history has it", async () => {
    assert.equal((await home.run(acme)).code, 0);
    await changeFile(home.database, "update pipeline.loads set source = null");
    const refused = await home.run([...acme, "--source", elsewhere()]);
    assert.match(refused.stderr, /error\[source_differs\]/);
    rmSync(join(home.folder, "history.sqlite"));
    assert.notEqual((await home.run([...acme, "--source", elsewhere()])).code, 2, "nothing says whose they are");
  });

  it("takes no backup of another source", async () => {
    const sample = join(temporaryFolder(), "made-up");
    const made = [
      "run",
      "--source",
      "sample",
      "--companies",
      "equifax",
      "--start-date",
      "2026-11-20",
      "--as-of",
      "2026-11-25",
      "--home",
      sample,
    ];
    assert.equal((await pipeline(made, { PIPELINE_DBT: fakeDbt })).code, 0);
    const backup = join(temporaryFolder(), "backup");
    assert.equal((await pipeline(["backup", "--to", backup, "--home", sample, "--source", "sample"])).code, 0);
    const refused = await home.run(["restore", backup]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /error\[source_differs\]: .*made-up sample source/);
    assert.ok(!existsSync(home.database));
    const fresh = join(temporaryFolder(), "fresh");
    assert.equal((await pipeline(["restore", backup, "--home", fresh])).code, 0, "it belongs to nothing yet");
    const live = await pipeline(["plan", "--home", fresh, "--source", source.url]);
    assert.match(live.stderr, /error\[source_differs\]: .*made-up sample source/);
  });

  it("belongs to one warehouse: another one is refused, with the home that it needs", async () => {
    assert.equal((await home.run(acme)).code, 0);
    const two = join(home.folder, "two.duckdb");
    const asked = source.requests.length;
    const refused = await home.run([...run, "--companies", "beta", "--database", two]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /error\[database_differs\]: This home .* belongs to cfpb_complaints\.duckdb; give two\.duckdb a home of its own with --home\./,
    );
    assert.match(refused.stderr, new RegExp(`--home NEW --database ${two}`));
    assert.equal(source.requests.length, asked);
    assert.ok(!existsSync(two));
    // The home of an earlier version says it by what it has published.
    rmSync(join(home.folder, "home.json"));
    assert.match((await home.run([...run, "--companies", "beta", "--database", two])).stderr, /database_differs/);
    // A file that was renamed is the same warehouse.
    renameSync(home.database, two);
    const moved = await home.report([...acme, "--database", two]);
    assert.deepEqual([moved.code, moved.companies[0]?.unchanged], [0, 2]);
  });

  it("of the demo reads what the demo read, whoever starts a run in it", async () => {
    const folder = join(temporaryFolder(), "demo");
    assert.equal((await pipeline(["demo", "--home", folder, "-q"], { PIPELINE_DBT: fakeDbt })).code, 0);
    const plan = await pipeline(["plan", "--home", folder, "--json"], { PIPELINE_AS_OF: "2026-10-20" });
    assert.equal(plan.code, 0, plan.stderr);
    const { companies } = JSON.parse(plan.stdout) as { companies: { company: string; window: { from: string } }[] };
    assert.deepEqual(
      companies.map(({ company }) => company),
      ["JPMORGAN CHASE & CO.", "BANK OF AMERICA, NATIONAL ASSOCIATION"],
    );
    const next = await pipeline(["run", "--home", folder, "--json"], {
      PIPELINE_AS_OF: "2026-10-20",
      PIPELINE_DBT: fakeDbt,
    });
    assert.equal(next.code, 0, next.stderr);
    const night = JSON.parse(next.stdout) as { companies: { inserted: number; unchanged: number }[] };
    for (const { inserted, unchanged } of night.companies)
      assert.ok(inserted < unchanged / 10, `${inserted} of ${unchanged}`);
  });

  it("is configured by its own pipeline.yaml, which is said where another one is left out", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "home"));
    writeFileSync(join(folder, "home", "pipeline.yaml"), "companies: [acme]\n");
    writeFileSync(join(folder, "pipeline.yaml"), "companies: [beta]\n");
    const { startScript } = await import("../harness/cli.ts");
    const main = join(process.cwd(), "src/main.ts");
    const env = { PIPELINE_SOURCE: source.url };
    const planned = await startScript([main, "plan", "--home", "home", "--as-of", asOf, "--json"], env, folder).outcome;
    assert.match(planned.stdout, /"company":"acme"/);
    assert.match(planned.stderr, /home\/pipeline\.yaml is used, and the pipeline\.yaml in the current folder is not\./);
    const without = await startScript([main, "plan", "--as-of", asOf, "--json"], env, folder).outcome;
    assert.match(without.stdout, /"company":"beta"/);
  });
});

describe("an id of a run", () => {
  it("is its own: another start with it is refused before anything is read", async () => {
    const source = await startTestSource({ scale: 0.01 });
    try {
      const home = testHome(source);
      const own = ["--run-id", "11111111-1111-4111-8111-111111111111", "--as-of", source.asOf];
      assert.equal((await home.run(["run", "--start-date", "2026-10-01", ...own])).code, 0);
      const before = source.requests.length;
      const again = await home.run(["run", "--start-date", "2026-01-01", ...own]);
      assert.equal(again.code, 2, again.stderr);
      assert.match(again.stderr, /error\[usage\]: A run with the id 1{8}-.* is already in the history\./);
      assert.equal(source.requests.length, before);
      const state = await home.query("select distinct loaded_from::varchar from pipeline.state");
      assert.deepEqual(state, [["2026-10-01"]]);
      assert.equal(JSON.parse((await home.run(["runs", "ls", "--json"])).stdout).length, 1);
    } finally {
      await source.close();
    }
  });
});

describe("a retry", () => {
  let source: DocumentSource;
  let home: TestHome;
  const both = [...run, "--companies", "acme,beta"];
  const failBeta = (url: URL) =>
    url.searchParams.getAll("company").includes("BETA BANK") ? ({ kind: "html", status: 403 } as const) : undefined;
  beforeEach(async () => {
    source = await startDocuments([doc(1, "2026-11-02"), doc(2, "2026-11-03"), beta(3)], asOf);
    home = testHome(source);
  });
  afterEach(() => source.close());

  it("asks the source of its run, whatever is configured, and counts only what it asked for", async () => {
    source.intercept = failBeta;
    assert.equal((await home.run(both)).code, 3);
    source.intercept = undefined;
    const other = await startDocuments([], asOf);
    const retried = await home.run(["runs", "retry"], { PIPELINE_SOURCE: other.url });
    assert.equal(retried.code, 0, retried.stderr);
    assert.equal(other.requests.length, 0);
    assert.match(retried.stdout, /Verified: 1 row of these windows/);
    await other.close();
  });

  it("takes no other source, and finds one whose address had a secret", async () => {
    source.intercept = failBeta;
    const secret = `${source.url}?api_key=correct-horse-battery`;
    assert.equal((await home.run([...both, "--source", secret])).code, 3);
    source.intercept = undefined;
    const unknown = await home.run(["runs", "retry"], { PIPELINE_SOURCE: "http://127.0.0.1:1/x/" });
    assert.equal(unknown.code, 2);
    assert.match(
      unknown.stderr,
      /error\[source_differs\]: The run asked http:\/\/127\.0\.0\.1:\d+\/.*\*\*\* and configured is http:\/\/127\.0\.0\.1:1\/x\//,
    );
    const given = await home.run(["runs", "retry", "--source", source.url]);
    assert.match(given.stderr, /error\[source_differs\]/);
    const { code, stderr } = await home.run(["runs", "retry"], { PIPELINE_SOURCE: secret });
    assert.equal(code, 0, stderr);
  });

  it("of a retry does not read again what the first run had loaded", async () => {
    source.intercept = failBeta;
    assert.equal((await home.run(both)).code, 3);
    assert.equal((await home.run(["runs", "retry"])).code, 3);
    source.intercept = undefined;
    source.requests.length = 0;
    assert.equal((await home.run(["runs", "retry"])).code, 0);
    const asked = source.requests.flatMap((url) => url.searchParams.getAll("company"));
    assert.deepEqual(asked, ["BETA BANK"]);
  });

  it("of a run whose work was done since is refused, and says by which run", async () => {
    source.intercept = failBeta;
    const failed = await home.report(both);
    source.intercept = undefined;
    source.asOf = asOf;
    const done = await home.report(both);
    const refused = await home.run(["runs", "retry", failed.runId]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /was retried by [a-z]+-[a-z]+; nothing is left to do\./);
    assert.equal(done.code, 0);
  });

  it("of a run is not done by one that left dbt out", async () => {
    source.intercept = failBeta;
    const failed = await home.report(both);
    source.intercept = undefined;
    source.asOf = asOf;
    assert.equal((await home.run([...both, "--skip-dbt"])).code, 0);
    const retried = await home.report(["runs", "retry", failed.runId]);
    assert.deepEqual([retried.code, retried.dbt?.state], [0, "Completed"]);
  });

  it("never goes back behind what is loaded", async () => {
    source.intercept = failBeta;
    const early = run.map((word) => (word === asOf ? "2026-11-10" : word));
    const failed = await home.report([...early, "--companies", "acme,beta"]);
    assert.equal(failed.code, 3);
    assert.equal((await home.run(acme)).code, 0);
    source.intercept = undefined;
    const retried = await home.report(["runs", "retry", failed.runId]);
    assert.equal(retried.code, 0);
    assert.deepEqual(
      retried.companies.map(({ company, asked, window }) => [company, asked, window.to]),
      [
        ["acme", false, asOf],
        ["beta", true, asOf],
      ],
    );
  });
});
