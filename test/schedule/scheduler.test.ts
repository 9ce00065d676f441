import assert from "node:assert/strict";
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { cronTimes } from "../../src/schedule/cron.ts";
import type { Schedule } from "../../src/schedule/due.ts";
import { type RunLauncher, Scheduler } from "../../src/schedule/scheduler.ts";
import { ScheduleStore, type Starter } from "../../src/schedule/store.ts";
import { temporaryFolder } from "../harness/context.ts";

const at = (text: string) => Date.parse(`2026-11-${text}Z`);
const minute = 60_000;
const me: Starter = { pid: 1, processStarted: "1", boot: "b", host: "h" };

/** A home's schedules, with runs that a test starts and ends by hand. */
function home(change: Partial<Schedule> = {}) {
  const path = join(temporaryFolder(), "schedule.sqlite");
  const schedule: Schedule = {
    ...{ name: "nightly", cron: "0 2 * * *", timezone: "UTC", catchUp: "latest", overlap: "skip", jitterSeconds: 0 },
    ...{ lateAfterMinutes: 60, runOptions: [], paused: false, createdAt: at("20T12:00"), nextDueAt: at("21T02:00") },
    ...change,
  };
  const started: { at: number; runId: string; end(code: number | null): void }[] = [];
  const late: string[] = [];
  const world = { busy: false, now: 0, states: new Map<string, "open" | "over">(), dead: new Set<number>() };
  const runs = (starter: Starter): RunLauncher => ({
    starter,
    isBusy: async () => world.busy,
    start: (_schedule, runId) =>
      new Promise((resolve) => {
        world.states.set(runId, "open");
        started.push({
          ...{ at: world.now, runId },
          end(code) {
            world.states.set(runId, "over");
            resolve(code);
          },
        });
      }),
    stateOf: async (runId) => world.states.get(runId) ?? "unknown",
    isAlive: ({ pid }) => !world.dead.has(pid),
    late: (_schedule, slot) => late.push(new Date(slot.dueAt).toISOString().slice(8, 16)),
  });
  const store = ScheduleStore.open(path);
  store.add(schedule);
  const another = (pid: number) => {
    const opened = ScheduleStore.open(path);
    return { store: opened, scheduler: new Scheduler(opened, runs({ ...me, pid })) };
  };
  const mine = runs(me);
  const scheduler = new Scheduler(store, mine);
  return {
    ...{ path, store, scheduler, runs: mine, another, started, late, world, schedule },
    async tick(now: number, by = scheduler) {
      world.now = now;
      await by.tick(now);
    },
    /** State and due time of the schedule's slots, oldest first. */
    slots: () =>
      store
        .slotsOf("nightly", 100)
        .map(({ state, dueAt }) => `${state} ${new Date(dueAt).toISOString().slice(8, 16)}`)
        .reverse(),
  };
}

describe("the scheduler", () => {
  for (const method of ["makeSlots", "started", "startable", "take", "end", "list", "takeLate"] as const) {
    it(`goes on after the store's ${method} has failed once`, async () => {
      const { tick, started, slots, store, scheduler } = home();
      const real = store[method].bind(store) as (...args: never[]) => never;
      let fails = 1;
      store[method] = ((...args: never[]) => {
        if (fails-- > 0) throw new Error("database is locked");
        return real(...args);
      }) as never;
      for (let second = 0; second < 4; second++) {
        try {
          await tick(at("21T02:00") + second * 1000);
        } catch (error) {
          assert.equal((error as Error).message, "database is locked");
        }
      }
      assert.equal(started.length, 1);
      started[0]?.end(0);
      await scheduler.idle();
      await tick(at("21T02:00") + 9000);
      assert.deepEqual(slots(), ["ended 21T02:00"]);
    });
  }

  it("ends a time whose run cannot be started, and starts the next one", async () => {
    for (const how of ["throws", "rejects"]) {
      const { tick, started, slots, scheduler, runs } = home({ cron: "0 * * * *" });
      const real = runs.start;
      runs.start = () => {
        if (how === "throws") throw new Error("EISDIR");
        return Promise.reject(new Error("EISDIR"));
      };
      await tick(at("21T02:00"));
      await scheduler.idle();
      await tick(at("21T02:01"));
      assert.deepEqual(slots(), ["ended 21T02:00"], how);
      runs.start = real;
      await tick(at("21T03:00"));
      await Promise.resolve();
      assert.equal(started.length, 1);
    }
  });

  it("goes on with the file that is at its path now", async () => {
    const { tick, path, started, store, schedule } = home();
    const from = join(temporaryFolder(), "schedule.sqlite");
    const other = ScheduleStore.open(from);
    // A restore takes the write-ahead log along: it is of no use to another file.
    for (const end of ["", "-wal", "-shm"]) renameSync(`${path}${end}`, `${path}.aside${end}`);
    await tick(at("21T02:00"));
    assert.equal(started.length, 0, "there are no schedules, and none is made by looking");
    assert.ok(!existsSync(path));
    other.add({ ...schedule, name: "restored" });
    other.close();
    renameSync(from, path);
    assert.deepEqual(
      store.list().map(({ name }) => name),
      ["restored"],
    );
  });

  it("closes a store whose file was replaced by one that is none", async () => {
    const { path, store } = home();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`);
    writeFileSync(path, "rubbish ".repeat(1000));
    for (let i = 0; i < 2; i++) assert.throws(() => store.list());
    store.close();
    store.close();
  });

  it("is not silenced by a clock that was ahead, and looks at a year of passed minutes in a moment", {
    timeout: 10_000,
  }, async () => {
    const { tick, started, slots, store, scheduler } = home({ cron: "*/2 * * * *", nextDueAt: at("21T02:00") });
    await tick(at("21T02:00") + 300 * 86_400_000);
    assert.equal(started.length, 1);
    started[0]?.end(0);
    await scheduler.idle();
    await tick(at("21T02:01"));
    assert.equal(store.list()[0]?.nextDueAt, at("21T02:02"));
    // The time that comes next is started, and so is one that the wrong clock had taken for passed.
    for (const time of ["21T02:02", "22T02:00"]) {
      await tick(at(time));
      assert.equal(started.at(-1)?.at, at(time));
      assert.ok(slots().includes(`started ${time}`));
      started.at(-1)?.end(0);
      await scheduler.idle();
    }
  });

  it("starts no time twice when the clock is set back a little", async () => {
    const { tick, slots } = home();
    await tick(at("21T02:00"));
    await tick(at("21T01:59"));
    await tick(at("21T02:00"));
    assert.deepEqual(slots(), ["started 21T02:00"]);
  });

  it("starts what is due, once, and knows how it ended", async () => {
    const { tick, started, slots, store, scheduler } = home();
    await tick(at("21T01:59"));
    assert.equal(started.length, 0);
    await tick(at("21T02:00"));
    await tick(at("21T02:00") + 1000);
    assert.equal(started.length, 1);
    started[0]!.end(0);
    await scheduler.idle();
    assert.deepEqual(slots(), ["ended 21T02:00"]);
    assert.equal(store.slotsOf("nightly", 1)[0]?.exitCode, 0);
    assert.equal(store.list()[0]?.nextDueAt, at("22T02:00"));
  });

  it("two schedulers start a due run once", async () => {
    const { tick, started, another } = home();
    const second = another(2);
    await tick(at("21T02:00"));
    await tick(at("21T02:00"), second.scheduler);
    assert.equal(started.length, 1);
    second.store.close();
  });

  it("a slot is taken by one of two that saw it waiting", async () => {
    const { store, another } = home();
    const second = another(2);
    store.makeSlots(at("21T02:00"));
    const [slot] = store.startable(at("21T02:00"));
    assert.deepEqual(second.store.startable(at("21T02:00")), [slot]);
    assert.equal(store.take(slot!, "a", me, at("21T02:00")), true);
    assert.equal(second.store.take(slot!, "b", me, at("21T02:00")), false);
    second.store.close();
  });

  it("makes up for the latest, none or all of what passed while none was running", async () => {
    for (const [catchUp, expected] of [
      ["latest", ["missed 21T02:00", "missed 22T02:00", "ended 23T02:00"]],
      ["none", ["missed 21T02:00", "missed 22T02:00", "missed 23T02:00"]],
      ["all", ["ended 21T02:00", "ended 22T02:00", "ended 23T02:00"]],
    ] as const) {
      const { tick, started, slots } = home({ catchUp });
      for (let second = 0; second < 5; second++) {
        await tick(at("23T08:00") + second * 1000);
        for (const run of started) run.end(0);
        await new Promise(setImmediate);
      }
      assert.deepEqual(slots(), expected, catchUp);
    }
  });

  it("a minute's delay is no miss", async () => {
    const { tick, slots } = home({ catchUp: "none" });
    await tick(at("21T02:00") + 50_000);
    assert.deepEqual(slots(), ["started 21T02:00"]);
  });

  it("skips or queues what is due while another run is under way", async () => {
    for (const [overlap, during, after] of [
      ["skip", "skipped 21T02:00", "skipped 21T02:00"],
      ["queue", "due 21T02:00", "started 21T02:00"],
    ] as const) {
      const { tick, slots, world } = home({ overlap });
      world.busy = true;
      await tick(at("21T02:00"));
      assert.deepEqual(slots(), [during]);
      world.busy = false;
      await tick(at("21T02:30"));
      assert.deepEqual(slots(), [after]);
    }
  });

  it("jitter makes a start later by the same part of it everywhere, and less than all of it", async () => {
    const { store, tick, started } = home({ jitterSeconds: 600 });
    await tick(at("21T02:00"));
    const [slot] = store.slotsOf("nightly", 1);
    const delay = slot!.startAt - slot!.dueAt;
    assert.ok(delay > 0 && delay < 600_000, String(delay));
    assert.equal(started.length, 0);
    await tick(slot!.startAt);
    assert.equal(started.length, 1);
    const other = home({ jitterSeconds: 600 });
    await other.tick(at("21T02:00"));
    assert.equal(other.store.slotsOf("nightly", 1)[0]?.startAt, slot!.startAt);
  });

  it("goes on with the next time after a pause", async () => {
    const { tick, store, slots } = home();
    store.pause("nightly");
    await tick(at("23T08:00"));
    assert.deepEqual(slots(), []);
    store.resume("nightly", at("23T09:00"));
    await tick(at("23T09:00"));
    assert.deepEqual(slots(), []);
    await tick(at("24T02:00"));
    assert.deepEqual(slots(), ["started 24T02:00"]);
  });

  it("tells once that a run is late: not started, not over, or missed", async () => {
    const running = home();
    await running.tick(at("21T02:00"));
    await running.tick(at("21T02:59"));
    assert.deepEqual(running.late, []);
    await running.tick(at("21T03:00"));
    await running.tick(at("21T03:10"));
    assert.deepEqual(running.late, ["21T02:00"]);
    const missed = home({ catchUp: "none" });
    await missed.tick(at("23T08:00"));
    assert.deepEqual(missed.late, ["23T02:00"]);
  });

  it("starts again what a killed scheduler took and never started, and leaves alone what runs", async () => {
    const { another, tick, slots, started, world, store } = home();
    const killed = another(2);
    killed.store.makeSlots(at("21T02:00"));
    const [slot] = killed.store.startable(at("21T02:00"));
    killed.store.take(slot!, "never-was", { ...me, pid: 2 }, at("21T02:00"));
    killed.store.close();
    world.dead.add(2);
    await tick(at("21T02:00") + 30_000);
    assert.deepEqual([slots(), started.length], [["started 21T02:00"], 0]);
    await tick(at("21T02:02"));
    await tick(at("21T02:02"));
    assert.deepEqual([slots(), started.length], [["started 21T02:00"], 1]);

    // The run of a scheduler that dies goes on by itself; what became of it stands in the history.
    const taken = store.started()[0]!;
    world.dead.add(1);
    await tick(at("21T02:10"));
    assert.equal(store.started().length, 1);
    world.states.set(taken.runId!, "over");
    await tick(at("21T02:11"));
    assert.deepEqual(slots(), ["ended 21T02:00"]);
  });

  it("remembers no more than the last thousand of what a busy schedule missed", async () => {
    const { tick, store } = home({ cron: "* * * * *", nextDueAt: at("01T00:00"), catchUp: "latest" });
    await tick(at("21T00:00"));
    const slots = store.slotsOf("nightly", 5000);
    assert.ok(slots.length <= 1001, String(slots.length));
    assert.equal(slots[0]?.dueAt, at("21T00:00"));
    assert.equal(store.list()[0]?.nextDueAt, at("21T00:00") + minute);
  });

  it("refuses a file of a newer version, and one that is damaged", async () => {
    const { path, store } = home();
    store.close();
    const database = new DatabaseSync(path);
    database.exec("pragma user_version = 99");
    database.close();
    assert.throws(() => ScheduleStore.open(path), { code: "schedule_failed", message: /newer version/ });
  });

  it("keeps a schedule's name for one", async () => {
    const { store, schedule } = home();
    assert.equal(store.add(schedule), false);
    assert.equal(store.remove("nightly"), true);
    assert.equal(store.remove("nightly"), false);
    assert.equal(cronTimes("0 2 * * *", "UTC").next(at("20T12:00")), at("21T02:00"));
  });
});
