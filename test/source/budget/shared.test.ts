import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/runtime/local/clock.ts";
import { type SharedOptions, sharedBudgets } from "../../../src/source/budget/shared.ts";
import { jumpingClock, temporaryFolder } from "../../harness/context.ts";

const signal = new AbortController().signal;
const quiet = () => undefined;
const perMinute = { search: 5, export: 1, document: 5 };

/** The machine: a clock since its boot that jumps to where a sleeper wants to be, and one on the wall that may be set. */
function machine(boot = "boot 1") {
  const clock = jumpingClock();
  let setBy = 0;
  return {
    set(ms: number) {
      setBy += ms;
    },
    clock,
    boot,
    sinceBoot: () => clock.monotonic(),
    wall: () => 1_700_000_000_000 + clock.monotonic() + setBy,
  };
}

/** The budgets of one more process on a machine. */
function processOn(
  { clock, boot, sinceBoot, wall }: ReturnType<typeof machine>,
  path: string,
  change: Partial<SharedOptions> = {},
) {
  const lost: string[] = [];
  const budgets = sharedBudgets({
    ...{ path, source: "https://h/", perMinute, boot, sinceBoot },
    clock: { ...clock, now: wall },
    onLost: (reason) => lost.push(reason),
    ...change,
  });
  return { ...budgets, lost };
}

const fileOf = () => join(temporaryFolder(), "requests.sqlite");

describe("the budget of a home", () => {
  it("is kept by several processes together within any 60 s", async () => {
    const here = machine();
    const path = fileOf();
    const times: number[] = [];
    const one = async () => {
      // The clock may jump for another one between a turn and whoever waits for it.
      let seen = 0;
      const sinceBoot = () => {
        seen = here.sinceBoot();
        return seen;
      };
      const { search, close, lost } = processOn(here, path, { sinceBoot });
      for (let i = 0; i < 8; i++) {
        await search.take(signal, quiet);
        times.push(seen);
      }
      close();
      assert.deepEqual(lost, []);
    };
    await Promise.all([one(), one(), one()]);
    assert.equal(times.length, 24);
    for (const time of times) {
      const within = times.filter((other) => other > time - 60_000 && other <= time);
      assert.ok(within.length <= 5, `${within.length} within the minute before ${time}`);
    }
    assert.ok(times.at(-1)! < 5 * 61_000, "no slower than needed");
  });

  it("counts each class and each source apart", async () => {
    const here = machine();
    const path = fileOf();
    const [first, second] = [processOn(here, path), processOn(here, path, { source: "https://other/" })];
    await first.export.take(signal, assert.fail);
    for (let i = 0; i < 5; i++) await first.search.take(signal, assert.fail);
    await second.export.take(signal, assert.fail);
    const waits: number[] = [];
    await first.export.take(signal, (ms) => waits.push(ms));
    assert.deepEqual(waits, [60_500]);
    first.close();
    second.close();
  });

  it("is paused for everybody when the source has said so, and for each class apart", async () => {
    const here = machine();
    const path = fileOf();
    const [first, second] = [processOn(here, path), processOn(here, path)];
    await first.search.pause(30_000);
    await first.search.pause(10_000);
    await second.export.take(signal, assert.fail);
    const waits: number[] = [];
    await second.search.take(signal, (ms) => waits.push(ms));
    assert.deepEqual(waits, [30_000]);
    first.close();
    second.close();
  });

  for (const [what, setBy] of [
    ["an hour back", -3_600_000],
    ["70 s ahead", 70_000],
    ["30 days back", -30 * 86_400_000],
  ] as const) {
    it(`takes no notice of a clock that is set ${what}`, async () => {
      const here = machine();
      const path = fileOf();
      const [first, second] = [processOn(here, path), processOn(here, path)];
      for (let i = 0; i < 5; i++) await first.search.take(signal, assert.fail);
      here.set(setBy);
      const waits: number[] = [];
      await second.search.take(signal, (ms) => waits.push(ms));
      assert.deepEqual(waits, [60_500]);
      first.close();
      second.close();
    });

    it(`counts what was asked before a boot for a minute at most, also where the clock was set ${what}`, async () => {
      const path = fileOf();
      const before = machine();
      const first = processOn(before, path);
      for (let i = 0; i < 5; i++) await first.search.take(signal, assert.fail);
      await first.export.pause(20_000);
      first.close();
      const after = machine("boot 2");
      after.set(setBy);
      const second = processOn(after, path);
      const waits: number[] = [];
      await second.search.take(signal, (ms) => waits.push(ms));
      await second.export.take(signal, (ms) => waits.push(ms));
      assert.ok(
        waits.every((ms) => ms > 0 && ms <= 60_500),
        String(waits),
      );
      assert.equal(waits.length, setBy > 0 ? 0 : 1, "the minute is over for both, by the time the first has waited");
      second.close();
    });
  }

  for (const [what, spoil] of [
    ["is a folder", (path: string) => mkdirSync(path)],
    [
      "is no database",
      (path: string) => writeFileSync(path, "not a database at all, but longer than a header\n".repeat(50)),
    ],
  ] as const) {
    it(`is the process' own where its file ${what}, which is said once`, async () => {
      const here = machine();
      const path = fileOf();
      spoil(path);
      const { search, export: exports, lost, close } = processOn(here, path);
      for (let i = 0; i < 5; i++) await search.take(signal, assert.fail);
      const waits: number[] = [];
      await search.take(signal, (ms) => waits.push(ms));
      await exports.take(signal, assert.fail);
      await search.pause(90_000);
      assert.deepEqual([waits, lost.length], [[60_500], 1]);
      close();
    });
  }

  it("waits a moment for another process that has the file, and goes on by itself where that takes too long", async () => {
    const here = machine();
    const path = fileOf();
    const first = processOn(here, path, { clock: systemClock });
    await first.search.take(signal, quiet);
    const holder = new DatabaseSync(path);
    holder.exec("begin immediate");
    const taken = first.search.take(signal, quiet);
    holder.exec("rollback");
    await taken;
    assert.deepEqual(first.lost, []);
    holder.exec("begin immediate");
    await first.search.take(signal, quiet);
    assert.equal(first.lost.length, 1);
    holder.close();
    first.close();
  });

  it("lets the others on when one who waits is canceled", async () => {
    const here = machine();
    const { search, close } = processOn(here, fileOf());
    await assert.rejects(search.take(AbortSignal.abort(new Error("canceled")), quiet), /canceled/);
    await search.take(signal, assert.fail);
    close();
  });
});
