import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { machineTimeZone } from "../../src/schedule/machine-zone.ts";
import { pipeline } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";

/** A system's files; null: it has none. */
function system(timezone: string | null, zone: string | null) {
  const folder = temporaryFolder();
  const files = { timezone: join(folder, "timezone"), localtime: join(folder, "localtime") };
  if (timezone !== null) writeFileSync(files.timezone, `${timezone}\n`);
  if (zone !== null) {
    const target = join(folder, "zoneinfo", zone);
    mkdirSync(join(target, ".."), { recursive: true });
    writeFileSync(target, "");
    symlinkSync(target, files.localtime);
  }
  return files;
}

describe("the time zone of a machine", () => {
  const cases: [what: string, tz: string | undefined, files: ReturnType<typeof system>, zone: string][] = [
    ["by its name", "Europe/Berlin", system(null, null), "Europe/Berlin"],
    ["by its name with a colon", ":Asia/Tokyo", system(null, null), "Asia/Tokyo"],
    ["empty, which is UTC", "", system("Europe/Berlin", null), "UTC"],
    ["not set: the file", undefined, system("Europe/Berlin", null), "Europe/Berlin"],
    ["not set: the link", undefined, system(null, "America/New_York"), "America/New_York"],
    ["a path, as servers have it", ":/etc/localtime", system(null, "America/New_York"), "America/New_York"],
    ["a path into the zone database", "/usr/share/zoneinfo/UTC", system("Europe/Berlin", null), "UTC"],
    ["of a system that says nothing", undefined, system(null, null), "UTC"],
    ["of a system whose file says rubbish", undefined, system("Foo/Bar", "Asia/Tokyo"), "Asia/Tokyo"],
  ];
  for (const [what, tz, files, zone] of cases) {
    it(`is read where TZ is ${what}`, () => {
      if (tz === "/usr/share/zoneinfo/UTC") {
        const link = system(null, "Etc/UTC");
        assert.equal(machineTimeZone(link.localtime, { ...files, localtime: "/nowhere" }), "Etc/UTC");
      } else assert.equal(machineTimeZone(tz === ":/etc/localtime" ? `:${files.localtime}` : tz, files), zone);
    });
  }

  for (const tz of ["UTC-3", "Foo/Bar", "EST5EDT,M3.2.0,M11.1.0"]) {
    it(`has to be said where TZ is ${tz}`, async () => {
      const argv = ["schedule", "add", "n", "--cron", "0 2 * * *", "--home", join(temporaryFolder(), "home")];
      const { code, stderr } = await pipeline(argv, { TZ: tz });
      assert.equal(code, 2);
      assert.match(
        stderr,
        /error\[schedule_invalid\]: .*TZ is ".*", which is no IANA name\.\n.*\nnext: Give the zone with --timezone/,
      );
      assert.equal((await pipeline([...argv, "--timezone", "UTC"], { TZ: tz })).code, 0);
    });
  }
});
