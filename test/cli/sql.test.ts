import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { startPipeline } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testSnapshot } from "../harness/snapshot.ts";

describe("pipeline sql", () => {
  let home = "";
  const sql = (argv: readonly string[]) => startPipeline(["sql", "--home", home, ...argv]).outcome;
  before(async () => {
    ({ home } = await testSnapshot());
  });

  it("prints a table, with what it leaves out", async () => {
    const { stdout, code } = await sql(["select company, total_complaints from dim_companies"]);
    assert.equal(code, 0);
    assert.equal(stdout, 'company       total_complaints\nACME, "INC."              2500\n1 row.\n');
    assert.match(
      (await sql(["from fct_complaints"])).stdout,
      /\nThe first 1,000 rows; all of them with --csv or --json\.\n$/,
    );
  });

  it("prints one JSON document, and CSV as RFC 4180 has it", async () => {
    const rows = JSON.parse((await sql(["from fct_complaints order by complaint_id::int", "--json"])).stdout);
    assert.equal(rows.length, 5000);
    assert.deepEqual(rows[1], { complaint_id: "1", date_received: "2026-01-02", company: null });
    assert.deepEqual(JSON.parse((await sql(["from dim_companies where false", "--json"])).stdout), []);
    assert.equal(
      (await sql(["select company, null as a, '' as b from dim_companies", "--csv"])).stdout,
      'company,a,b\r\n"ACME, ""INC.""",,""\r\n',
    );
  });

  it("says what is wrong", async () => {
    const cases: [argv: string[], code: number, text: RegExp][] = [
      [["drop table x"], 2, /error\[sql_refused\]: .*only SELECT/],
      [["select nope"], 1, /error\[sql_failed\]: /],
      [["select 1", "--csv", "--json"], 2, /exclude each other/],
      [["select 1", "--timeout", "0"], 2, /--timeout is "0": expected seconds, from 1/],
      [["select count(*) from range(100000000000)", "--timeout", "1"], 1, /error\[sql_timeout\]: .* within 1 s/],
    ];
    for (const [argv, code, text] of cases) {
      const outcome = await sql(argv);
      assert.equal(outcome.code, code, argv.join(" "));
      assert.match(outcome.stderr, text);
    }
    const nothing = await startPipeline(["sql", "--home", temporaryFolder(), "select 1"]).outcome;
    assert.equal(nothing.code, 1);
    assert.match(
      nothing.stderr,
      /error\[nothing_published\]: Nothing is published .*\n.*\nnext: Publish one with: pipeline run/,
    );
  });

  it("exports", async () => {
    const to = join(temporaryFolder(), "out");
    const done = await startPipeline(["export", "--home", home, "--to", to, "--format", "csv"]).outcome;
    assert.equal(done.stdout, `3 files in ${to}\n`);
    const wrong = await startPipeline(["export", "--home", home, "--to", to, "--format", "parket"]).outcome;
    assert.match(wrong.stderr, /did you mean parquet\?/);
    assert.equal(wrong.code, 2);
  });

  it("refuses limits that are none", async () => {
    for (const [option, value, expected] of [
      ["--memory", "0", "megabytes, from 128 to"],
      ["--memory", "127", "megabytes, from 128 to"],
      ["--timeout", "", "seconds, from 1 to"],
      ["--timeout", "1e9", "seconds, from 1 to"],
    ] as const) {
      const { code, stderr } = await startPipeline(["sql", "--home", home, option, value, "select 1"]).outcome;
      assert.equal(code, 2);
      assert.ok(stderr.includes(`${option} is "${value}": expected ${expected}`), stderr);
    }
  });

  it("is a shell where no statement is given", { timeout: 60_000 }, async () => {
    // A terminal for the shell: Python has one.
    const terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    const sized = 'stty cols 80 rows 24; exec "$@"';
    const argv = ["-c", terminal, "sh", "-c", sized, "sh", process.execPath, "src/main.ts", "sql", "--home", home];
    const shell = spawn("python3", argv, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, TERM: "dumb" } });
    let said = "";
    let look: () => void = () => undefined;
    shell.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      look();
    });
    const waitFor = (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        look = () => {
          const found = pattern.exec(said);
          if (found === null) return;
          said = said.slice(found.index + found[0].length);
          resolve();
        };
        look();
      });
    const type = (text: string) => void shell.stdin.write(text);
    await waitFor(/sql> /);
    type(".tables\n");
    await waitFor(/dim_companies[\s\S]*2 rows\.[\s\S]*sql> /);
    type(".schema dim_companies\n");
    await waitFor(/total_complaints +BIGINT[\s\S]*sql> /);
    type("select 40 +\n");
    await waitFor(/\.\.\.> /);
    type("2 as answer;\n");
    await waitFor(/answer[\s\S]*42[\s\S]*1 row\.[\s\S]*sql> /);
    type("select nope;\n");
    await waitFor(/error\[sql_failed\][\s\S]*sql> /);
    type("select count(*) from range(100000000000);\n");
    await waitFor(/range\(100000000000\);/);
    type("\x03");
    await waitFor(/Stopped\.[\s\S]*sql> /);
    type("help\n");
    await waitFor(/\.mode MODE[\s\S]*sql> /);
    type(".mode line\n");
    await waitFor(/sql> /);
    type(`select '${"x".repeat(300)}' as wide, 1 as n;\n`);
    await waitFor(/wide = x{300}\r?\n {3}n = 1\r?\n1 row\.[\s\S]*sql> /);
    type(".mode nothing\n");
    await waitFor(/Expected one of table, line, csv, json\.[\s\S]*sql> /);
    type(".mode table\n");
    await waitFor(/sql> /);
    type("select repeat('y', 55) as a, repeat('y', 55) as b;\n");
    await waitFor(/y{55} {2}y{1,30}…\r?\n1 row|…\r?\nRows are cut; see all with \.mode line[\s\S]*sql> /);
    type("exit\n");
    const code = await new Promise((resolve) => shell.once("close", resolve));
    assert.equal(code, 0);
    assert.match(readFileSync(join(home, ".sql_history"), "utf8"), /^select 40 \+ 2 as answer;$/m);
  });
});
