import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { startPipeline, startScript } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";
import { testHome } from "../harness/home.ts";
import { oldHistory } from "../harness/old-history.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

/** Root may write everything: the command is run by somebody else. */
const asNobody = (argv: readonly string[], cwd: string, env: Record<string, string> = {}) => {
  const script = `
    process.setuid(65534);
    process.argv = [process.argv[0], ${JSON.stringify(resolve("src/main.ts"))}, ...${JSON.stringify(argv)}];
    await import(process.argv[1]);`;
  return startScript(["--input-type=module", "-e", script], { HOME: "/nonexistent", ...env }, cwd).outcome;
};

describe("a home that cannot be written", { skip: process.getuid?.() !== 0 && "only root may become another" }, () => {
  let source: TestSource;
  let home: string;
  let place: string;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
    place = temporaryFolder();
    home = join(place, "home");
    assert.equal((await testHome(source, home).run(["run", "-q", "--as-of", source.asOf])).code, 0);
    for (const folder of [place, home]) chmodSync(folder, 0o755);
  });
  after(() => source.close());

  for (const version of [4, 5, 6]) {
    it(`shows the runs of an earlier version, with ${version} migrations of the history`, async () => {
      const old = join(temporaryFolder(), "old");
      mkdirSync(old);
      chmodSync(oldHistory(old, version), 0o644);
      for (const folder of [dirname(old), old]) chmodSync(folder, 0o755);
      const inspected = await asNobody(["runs", "inspect", "--json", "--home", old], place);
      assert.equal(inspected.code, 0, inspected.stderr);
      const { tasks } = JSON.parse(inspected.stdout) as { tasks: { step: string; company: string | null }[] };
      assert.deepEqual(
        tasks.map(({ step, company }) => [step, company]),
        [
          ["resolve_window", null],
          ["extract_and_load_complaints", "a [b] c"],
        ],
      );
      for (const argv of [
        ["runs", "ls"],
        ["runs", "inspect"],
        ["runs", "stats"],
        ["runs", "logs"],
      ]) {
        const { code, stderr } = await asNobody([...argv, "--home", old], place);
        assert.equal(code, 0, stderr);
      }
    });
  }

  it("is refused with one message by whatever would write there, and stays as it is", async () => {
    const before = readdirSync(home).sort();
    const made = join(place, "new");
    const commands = [
      ["run", "--skip-dbt"],
      ["backfill", "--from", "2026-11-01", "--to", "2026-11-02"],
      ["state", "reset"],
      ["schedule", "add", "n", "--cron", "0 2 * * *"],
      ["server", "start", "--port", "0"],
      ["server", "start", "--background"],
    ];
    for (const [folder, word] of [
      [home, "written"],
      [made, "made"],
    ] as const) {
      for (const argv of word === "made" ? commands.filter(([first]) => first !== "state") : commands) {
        const { code, stderr } = await asNobody([...argv, "--home", folder, "--source", source.url], place);
        assert.equal(code, 2, `${argv.join(" ")}: ${stderr}`);
        assert.doesNotMatch(stderr, /goes on without/);
        assert.match(
          stderr,
          new RegExp(
            `(^|\n)error\\[home_unwritable\\]: The home ${folder} cannot be ${word}: .* is not writable\\.\\n`,
          ),
          argv.join(" "),
        );
      }
    }
    // What only reads does so.
    const shown = await asNobody(["state", "show", "--home", home], place);
    assert.deepEqual([shown.code, /jpmorgan/.test(shown.stdout)], [0, true], shown.stderr);
    const planned = await asNobody(["plan", "--home", home, "--source", source.url, "--as-of", source.asOf], place);
    assert.equal(planned.code, 0, planned.stderr);
    const demo = await asNobody(["demo", "--home", made], place);
    assert.match(demo.stderr, /^error\[home_unwritable\]/);
    assert.deepEqual(readdirSync(home).sort(), before);
    assert.ok(!existsSync(made));
  });

  it("of another user is named as such, and no advice loses its history", async () => {
    for (const argv of [
      ["runs", "ls"],
      ["runs", "cancel"],
      ["runs", "prune"],
      ["schedule", "ls"],
      ["server", "status"],
    ]) {
      const { code, stderr } = await asNobody([...argv, "--home", home], place);
      if (argv[0] === "runs") {
        assert.equal(code, 1, stderr);
        assert.match(stderr, /error\[history_unusable\]: .* may not be read by this user/);
      }
      assert.doesNotMatch(stderr, /internal|move the file away/, argv.join(" "));
    }
  });

  it("and a folder that cannot: init, export and backup say so in their own words", async () => {
    const folder = join(place, "closed");
    mkdirSync(folder);
    chmodSync(folder, 0o555);
    const init = await asNobody(["init"], folder);
    assert.deepEqual(
      [init.code, /error\[usage\]: pipeline\.yaml cannot be written: .* is not writable\./.test(init.stderr)],
      [2, true],
      init.stderr,
    );
    const proc = await startPipeline(["init", "--config", "/proc/x.yaml"]).outcome;
    assert.match(proc.stderr, /error\[usage\]: \/proc\/x\.yaml cannot be written: \/proc is not writable\./);
    const { folder: own } = testHome(source, home);
    const exported = await startPipeline(["export", "--home", own, "--to", "/proc/out"]).outcome;
    assert.match(
      exported.stderr,
      /could not be written to \/proc\/out: no folder can be made there\.|nothing_published/,
    );
    const backup = await testHome(source, home).run(["backup", "--to", "/proc/out"]);
    assert.match(backup.stderr, /could not be written to \/proc\/out: no folder can be made there\./);
  });

  it("is not made under /proc", async () => {
    const { code, stderr } = await startPipeline(["run", "--home", "/proc/x/y", "--source", source.url]).outcome;
    assert.equal(code, 2);
    assert.match(stderr, /\nerror\[home_unwritable\]: The home \/proc\/x\/y cannot be made: \/proc is not writable\./);
  });
});

describe("words of the command line's own", () => {
  it("for cron that is not installed, and an as-of day before the start date", async () => {
    const home = join(temporaryFolder(), "home");
    const none = await startPipeline(["schedule", "crontab", "--install", "--home", home], { PATH: temporaryFolder() })
      .outcome;
    assert.match(
      none.stderr,
      /error\[schedule_failed\]: .*: cron is not installed here\.\n[\s\S]*pipeline schedule systemd/,
    );
    const early = await startPipeline(["run", "--as-of", "1999-01-01", "--home", home]).outcome;
    assert.equal(early.code, 2);
    assert.match(
      early.stderr,
      /^error\[config_invalid\]: The as-of day 1999-01-01 is before the start date 2024-01-01/,
    );
    const negative = await startPipeline(["run", "--look-back", "-1", "--home", home]).outcome;
    assert.match(negative.stderr, /`--look-back` is -1: expected at least 0/);
    const unknown = await startPipeline(["flow-run", "ls", "--bogus"]).outcome;
    assert.match(unknown.stderr, /next: See what there is with: pipeline runs ls --help/);
    assert.ok(!existsSync(home));
  });

  it("for what is not YAML", async () => {
    const { writeFileSync } = await import("node:fs");
    const file = join(temporaryFolder(), "pipeline.yaml");
    const cases: [string, RegExp][] = [
      ["a: b: c", /line 1, column 4: two keys stand on one line/],
      ["a:\n\t- b", /line 2, column 1: the line is indented with a tab/],
      ["a: [1, 2", /line 1, column 9: the indentation is wrong, or a bracket is not closed/],
      ['a: "x', /line 1, column 6: a quote, a bracket or a colon is missing/],
      ["startDate: 1\nstartDate: 2", /line 2, column 1: this key is there twice/],
      ["@a: 1", /line 1, column 1: a value that begins with this character stands in quotes/],
      ["---\na: 1\n---\nb: 2", /line 3, column 1: the file holds more than one document/],
      ["a: *y", /an alias \(\*\) in it names nothing/],
      ["? [a]\n: 1", /Unknown key/],
      ["retries: 1e400", /`retries` is Infinity/],
    ];
    for (const [text, message] of cases) {
      writeFileSync(file, text);
      const { code, stderr } = await startPipeline(["state", "show", "--config", file]).outcome;
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^error\[config_invalid\]: /);
      assert.match(stderr, message);
    }
  });
});
