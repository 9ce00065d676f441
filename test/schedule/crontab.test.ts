import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { crontabLine, withEntry } from "../../src/schedule/crontab.ts";
import { startScript } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

const entry = {
  cron: "0 2 * * *",
  directory: "/d",
  command: ["/node", "/main.js", "run", "-q"],
  log: "/h/cron.log",
  home: "/h",
};

describe("the crontab line", () => {
  it("quotes what the shell and cron would take for something else", () => {
    assert.equal(crontabLine(entry), "0 2 * * * cd /d && /node /main.js run -q >> /h/cron.log 2>&1 # pipeline /h");
    const odd = crontabLine({ ...entry, directory: "/it's 100% ours", command: ["/n o d e", "a;b", "ü"] });
    assert.equal(odd, "0 2 * * * cd '/it'\\''s 100\\% ours' && '/n o d e' 'a;b' 'ü' >> /h/cron.log 2>&1 # pipeline /h");
  });

  it("takes the place of an earlier one for its home, and of nothing else", () => {
    const line = crontabLine(entry);
    const others = "MAILTO=me\n5 4 * * * /usr/bin/true\n0 3 * * * x # pipeline /h2\n";
    const installed = withEntry(others, "/h", line);
    assert.equal(installed, `${others}${line}\n`);
    assert.equal(withEntry(installed, "/h", line), installed, "twice is once");
    assert.equal(
      withEntry(installed, "/h", crontabLine({ ...entry, cron: "@daily" })).split("# pipeline /h\n").length,
      2,
    );
    assert.equal(withEntry(installed, "/h", null), others);
    assert.equal(withEntry("", "/h", null), "");
  });
});

describe("pipeline schedule crontab", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  /** A machine whose crontab is a file. */
  function machine() {
    const folder = join(temporaryFolder(), "a folder of ours");
    const bin = join(folder, "bin");
    const tab = join(folder, "crontab.txt");
    mkdirSync(bin, { recursive: true });
    const script = `#!/bin/sh\ncase "$1" in -l) [ -f "${tab}" ] && cat "${tab}" || { echo "no crontab for you" >&2; exit 1; } ;; -) cat > "${tab}" ;; esac\n`;
    writeFileSync(join(bin, "crontab"), script);
    chmodSync(join(bin, "crontab"), 0o755);
    const env = { PATH: `${bin}:${process.env.PATH}`, PIPELINE_SOURCE: source.url };
    const crontab = (...argv: string[]) =>
      startScript([join(process.cwd(), "src/main.ts"), "schedule", "crontab", ...argv], env, folder).outcome;
    return { folder, tab, crontab };
  }

  it("installs a line that really runs, and takes it out", async () => {
    const { folder, tab, crontab } = machine();
    writeFileSync(tab, "5 4 * * * /usr/bin/true\n");
    const printed = await crontab("--home", "our home");
    assert.match(
      printed.stdout,
      /^0 2 \* \* \* cd '.*a folder of ours' && .* run -q --trigger schedule --home '.*our home' >> .*cron\.log' 2>&1 # pipeline .*our home\n$/,
    );
    assert.equal(readFileSync(tab, "utf8"), "5 4 * * * /usr/bin/true\n", "printing changes nothing");
    for (let i = 0; i < 2; i++)
      assert.equal((await crontab("--install", "--home", "our home", "--cron", "@daily")).code, 0);
    const lines = readFileSync(tab, "utf8").trim().split("\n");
    assert.deepEqual([lines.length, lines[0]], [2, "5 4 * * * /usr/bin/true"]);
    // As cron does it: a shell, a bare environment, % undone.
    const command = lines[1]!.replace("@daily ", "").replaceAll("\\%", "%");
    await promisify(execFile)("/bin/sh", ["-c", command], {
      cwd: "/",
      env: {
        PATH: "/usr/bin:/bin",
        HOME: folder,
        PIPELINE_SOURCE: source.url,
        PIPELINE_DBT: join(process.cwd(), "test/harness/fixtures/dbt"),
        PIPELINE_RATES_SEARCHES: "100000",
      },
    });
    assert.equal(readFileSync(join(folder, "our home", "cron.log"), "utf8"), "", "a run that completed is silent");
    assert.ok(existsSync(join(folder, "our home", "cfpb_complaints.duckdb")));
    assert.equal((await crontab("--remove", "--home", "our home")).stdout, "Removed.\n");
    assert.equal(readFileSync(tab, "utf8"), "5 4 * * * /usr/bin/true\n");
    assert.equal((await crontab("--remove", "--home", "our home")).stdout, "No entry was there.\n");
  });

  it("begins a crontab where there is none, and says what is wrong", async () => {
    const { tab, crontab } = machine();
    assert.equal((await crontab("--install")).code, 0);
    assert.match(readFileSync(tab, "utf8"), /^0 2 \* \* \* [^\n]*\n$/);
    const wrong = await crontab("--cron", "at night");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--cron is "at night": expected five fields/);
    const both = await crontab("--install", "--remove");
    assert.match(both.stderr, /exclude each other/);
  });
});
