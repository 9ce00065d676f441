import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cronTimes, formatInZone, nextTimes } from "../../src/schedule/cron.ts";

function times(cron: string, timezone: string, after: string, count = 3): string[] {
  const found = nextTimes(cronTimes(cron, timezone), Date.parse(after), count);
  return found.map((at) => formatInZone(at, timezone).replace(/^\w+ /, ""));
}

describe("cron expressions in a time zone", () => {
  it("keeps the hour on the clock when the offset changes", () => {
    assert.deepEqual(times("0 4 * * *", "Europe/Berlin", "2026-03-27T12:00Z"), [
      "2026-03-28 04:00 +01:00",
      "2026-03-29 04:00 +02:00",
      "2026-03-30 04:00 +02:00",
    ]);
  });

  it("runs after the gap what stands in the hour that spring leaves out", () => {
    assert.deepEqual(times("30 2 * * *", "America/New_York", "2026-03-07T12:00Z", 2), [
      "2026-03-08 03:00 -04:00",
      "2026-03-09 02:30 -04:00",
    ]);
    assert.deepEqual(times("0 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", 2), [
      "2026-03-29 03:00 +02:00",
      "2026-03-30 02:00 +02:00",
    ]);
  });

  it("runs once what stands in the hour that autumn has twice", () => {
    assert.deepEqual(times("30 1 * * *", "America/New_York", "2026-10-31T12:00Z", 2), [
      "2026-11-01 01:30 -04:00",
      "2026-11-02 01:30 -05:00",
    ]);
    assert.deepEqual(times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", 2), [
      "2026-10-25 02:30 +02:00",
      "2026-10-26 02:30 +01:00",
    ]);
  });

  it("runs every hour that passes where the fields name every hour", () => {
    assert.deepEqual(times("30 * * * *", "Europe/Berlin", "2026-10-24T23:00Z", 4), [
      "2026-10-25 01:30 +02:00",
      "2026-10-25 02:30 +02:00",
      "2026-10-25 02:30 +01:00",
      "2026-10-25 03:30 +01:00",
    ]);
    assert.deepEqual(times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:10Z", 3), [
      "2026-03-29 01:30 +01:00",
      "2026-03-29 03:00 +02:00",
      "2026-03-29 03:30 +02:00",
    ]);
  });

  it("reads zones off the hour, names of days, and words", () => {
    assert.deepEqual(times("0 2 * * MON-FRI", "Asia/Kathmandu", "2026-11-20T12:00Z", 2), [
      "2026-11-23 02:00 +05:45",
      "2026-11-24 02:00 +05:45",
    ]);
    assert.deepEqual(times("@daily", "UTC", "2026-11-20T12:00Z", 1), ["2026-11-21 00:00 +00:00"]);
    assert.equal(formatInZone(Date.parse("2026-11-24T01:05Z"), "UTC"), "Tue 2026-11-24 01:05 +00:00");
  });

  it("either of day of month and day of week is enough, as cron has it", () => {
    assert.deepEqual(
      times("0 2 1 * 1", "UTC", "2026-10-26T12:00Z", 3).map((at) => at.slice(0, 10)),
      ["2026-11-01", "2026-11-02", "2026-11-09"],
    );
  });

  for (const [cron, timezone, what] of [
    ["61 2 * * *", "UTC", '"61 2 * * *" is no cron expression: Invalid value for minute: 61.'],
    ["0 2 * *", "UTC", /is no cron expression/],
    ["0 0 2 * * *", "UTC", /is no cron expression/],
    ["2027-01-01T00:00:00", "UTC", /is no cron expression/],
    ["0 0 31 2 *", "UTC", '"0 0 31 2 *" names no time that ever comes.'],
    ["0 2 * * *", "Mars/Base", '"Mars/Base" is no time zone.'],
    ["0 2 * * *", "+01:00", '"+01:00" is no time zone.'],
  ] as const) {
    it(`refuses ${cron} in ${timezone}`, () => {
      assert.throws(() => cronTimes(cron, timezone), { code: "schedule_invalid", message: what });
    });
  }
});
