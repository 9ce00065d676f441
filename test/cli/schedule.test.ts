import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pipeline } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";

/** `pipeline schedule` in a home of its own. */
function schedules() {
  const env = { PIPELINE_HOME: join(temporaryFolder(), "home"), TZ: "America/Phoenix" };
  return (...argv: string[]) => pipeline(["schedule", ...argv], env);
}

describe("pipeline schedule", () => {
  it("adds, lists, pauses, resumes and removes", async () => {
    const schedule = schedules();
    const empty = await schedule("ls");
    assert.match(empty.stdout, /^There are no schedules yet\. Add one with: pipeline schedule add/);
    const added = await schedule("add", "nightly", "--cron", "0 2 * * *", "--timezone", "America/New_York");
    assert.deepEqual([added.code, added.stderr], [0, ""]);
    assert.match(
      added.stdout,
      /^Added nightly: 0 2 \* \* \* in America\/New_York\. Its next times:\n( {2}\w{3} \d{4}-\d\d-\d\d 02:00 -0[45]:00\n){5}/,
    );
    assert.match((await schedule("ls")).stdout, /^nightly {2}0 2 \* \* \* {2}America\/New_York {2}\w{3} [-\d]+ 02:00/m);
    assert.match((await schedule("pause", "nightly")).stdout, /Paused/);
    assert.match((await schedule("ls")).stdout, /America\/New_York {2}paused/);
    assert.match((await schedule("resume", "nightly")).stdout, /Resumed; next: \w{3} [-\d]+ 02:00/);
    const [listed] = JSON.parse((await schedule("ls", "--json")).stdout);
    assert.deepEqual([listed.name, listed.paused, listed.last], ["nightly", false, null]);
    assert.match((await schedule("rm", "nightly")).stdout, /Taken out/);
    assert.equal((await schedule("ls", "--json")).stdout, "[]\n");
  });

  it("takes this machine's zone, and options of the runs", async () => {
    const schedule = schedules();
    const added = await schedule("add", "a", "--cron", "@daily", "--json", "--", "--companies", 'a,"B, INC."');
    const document = JSON.parse(added.stdout);
    assert.deepEqual([document.timezone, document.runOptions], ["America/Phoenix", ["--companies", 'a,"B, INC."']]);
    assert.equal(document.next.length, 5);
    assert.match(document.nextDueAt, /T07:00:00/);
    const next = await schedule("next", "a", "--count", "2");
    assert.match(next.stdout, /^a \(@daily, America\/Phoenix\)\n {2}\w{3} [-\d]+ 00:00 -07:00\n {2}\w{3} .*\n$/);
  });

  it("says what is wrong", async () => {
    const schedule = schedules();
    await schedule("add", "nightly", "--cron", "@daily");
    const cases: [argv: string[], code: number, stderr: RegExp][] = [
      [["add", "nightly", "--cron", "@daily"], 2, /A schedule "nightly" is there already\..*schedule rm nightly/s],
      [["add", "a b", "--cron", "@daily"], 2, /"a b" cannot be a schedule's name/],
      [["add", "x"], 2, /Required option '--cron <fields>' not specified/],
      [["add", "x", "--cron", "0 25 * * *"], 2, /no cron expression: Invalid value for hour: 25\./],
      [["add", "x", "--cron", "@daily", "--timezone", "Berlin"], 2, /"Berlin" is no time zone/],
      [["add", "x", "--cron", "@daily", "--catch-up", "some"], 2, /--catch-up is "some": expected latest, none or all/],
      [["add", "x", "--cron", "@daily", "--overlap", "wait"], 2, /--overlap is "wait": expected skip or queue/],
      [
        ["add", "x", "--cron", "@daily", "--jitter", "-1"],
        2,
        /--jitter is "-1": expected a whole number from 0 to 86400/,
      ],
      [["add", "x", "--cron", "@daily", "--late-after", "0"], 2, /--late-after is "0": expected a whole number from 1/],
      [["add", "x", "--cron", "@daily", "--", "--reset"], 2, /`--reset` is no option of `pipeline run`/],
      [["add", "x", "--cron", "@daily", "--", "--dry-run"], 2, /take no --dry-run/],
      [["add", "x", "--cron", "@daily", "--", "--look-back", "99999"], 2, /`--look-back` is 99999/],
      [["pause", "nigthly"], 2, /No schedule is called "nigthly"\. Did you mean "nightly"\?/],
      [["next", "--count", "0"], 2, /--count is "0"/],
      [["systemd", "--at", "a\nb"], 2, /--at is/],
    ];
    for (const [argv, code, stderr] of cases) {
      const outcome = await schedule(...argv);
      assert.equal(outcome.code, code, argv.join(" "));
      assert.match(outcome.stderr, stderr);
      assert.equal(outcome.stdout, "");
    }
    assert.equal(JSON.parse((await schedule("ls", "--json")).stdout).length, 1);
  });

  it("prints a systemd service and its timer", async () => {
    const { stdout } = await schedules()("systemd", "--at", "Mon..Fri 03:30", "--home", "/data/100% ours", "--json");
    const { service, timer } = JSON.parse(stdout);
    assert.match(service, /^ExecStart=\/\S+ \/\S+main\.ts run --trigger schedule --home "\/data\/100%% ours"$/m);
    assert.match(service, /^WorkingDirectory=\//m);
    assert.match(timer, /^OnCalendar=Mon\.\.Fri 03:30\nPersistent=true$/m);
  });
});
