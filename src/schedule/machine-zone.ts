import { readFileSync, realpathSync } from "node:fs";
import { PipelineError } from "../run/errors.ts";
import { isTimeZone } from "./cron.ts";

/** Where a system says which zone it is in. */
export type SystemFiles = {
  /** A file that holds the name. */
  timezone: string;
  /** A link into the zone database, where the name is the end of the path. */
  localtime: string;
};

const systemFiles: SystemFiles = { timezone: "/etc/timezone", localtime: "/etc/localtime" };

/**
 * The IANA name of this machine's time zone. `TZ` says it, or, where it is not set or holds a path, as on many servers, the system's files; an
 * empty `TZ` is UTC (POSIX). Throws `schedule_invalid` for every other form, such as `UTC-3` or `EST5EDT,M3.2.0,M11.1.0`: those are offsets
 * and rules without a name.
 */
export function machineTimeZone(tz: string | undefined, files: SystemFiles = systemFiles): string {
  if (tz === "") return "UTC";
  if (tz === undefined || /^:?\//.test(tz)) return nameIn(files, tz?.replace(/^:/, "")) ?? "UTC";
  const name = tz.replace(/^:/, "");
  if (isTimeZone(name)) return name;
  throw new PipelineError({
    code: "schedule_invalid",
    message: `The time zone of this machine is not known: TZ is "${tz}", which is no IANA name.`,
    data: "Nothing was changed.",
    next: "Give the zone with --timezone, such as Europe/Berlin, America/New_York or UTC.",
  });
}

/** The name that a path into the zone database ends with, or that a system's file holds. */
function nameIn({ timezone, localtime }: SystemFiles, path: string | undefined): string | undefined {
  const names = [
    path === undefined || path === localtime ? undefined : zoneOf(path),
    textOf(timezone),
    zoneOf(localtime),
  ];
  return names.find((name) => name !== undefined && isTimeZone(name));
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined; // this system has none
  }
}

function zoneOf(file: string): string | undefined {
  try {
    return /zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(realpathSync(file))?.[1];
  } catch {
    return undefined; // this system has none
  }
}
