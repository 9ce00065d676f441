import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { channelsOf } from "../../notify/channels.ts";
import { resolveSecret, shortSecrets } from "../../notify/secret.ts";
import { shortestSecret } from "../../run/redact.ts";
import { cronTimes, formatInZone } from "../../schedule/cron.ts";
import { entryOf, readCrontab } from "../../schedule/crontab.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import type { HomePaths } from "../home/record.ts";
import { serverHolder } from "../home/runs.ts";
import { knownServer } from "../serve/server-file.ts";
import type { DoctorSettings } from "../wiring/doctor.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** What starts the runs: schedules and the server that they need, or a line in the crontab. */
export function checkSchedule({ home, database }: HomePaths): Finding[] {
  const store = ScheduleStore.openExisting(ScheduleStore.fileOf(home));
  const schedules = store?.list() ?? [];
  store?.close();
  const known = knownServer(home, serverHolder(home));
  const server = known?.facts ?? null;
  const findings: Finding[] = schedules.map(({ name, cron, timezone, paused, runOptions, nextDueAt }) => {
    if (paused) return warning("schedule", `${name} is paused`, `Go on with it: pipeline schedule resume ${name}`);
    const other = otherDatabase(runOptions, database);
    if (other !== null) {
      const what = `${name} gives --database ${other}, and this home belongs to ${database}`;
      return failure("schedule", what, `pipeline schedule rm ${name}, and add it in a home of its own: --home NEW`);
    }
    const next = cronTimes(cron, timezone).next(Date.now());
    if (next !== null && nextDueAt !== null && nextDueAt > next && server === null) {
      const what = `${name}: its next time is stored as ${formatInZone(nextDueAt, timezone)}, and should be ${formatInZone(next, timezone)}: the clock was ahead`;
      return warning("schedule", what, "pipeline server start --background");
    }
    return ok("schedule", `${name}: next ${next === null ? "never" : formatInZone(next, timezone)}`);
  });
  if (server !== null) findings.push(ok("server", `${server.url}, process ${server.lease.pid}`));
  else if (known !== null) findings.push(ok("server", `process ${known.pid}, which starts just now`));
  else if (schedules.some(({ paused }) => !paused)) {
    findings.push(
      failure("server", "no server is up: nothing starts the schedules", "pipeline server start --background"),
    );
  }
  const crontab = checkCrontab(home);
  const isStarted = schedules.length > 0 || crontab.some(({ check }) => check === "crontab");
  if (!isStarted) {
    const fix = "pipeline schedule crontab --install\npipeline schedule add nightly --cron '0 2 * * *'";
    findings.push(warning("schedule", "neither a schedule nor a line in the crontab starts a run of this home", fix));
  }
  return [...findings, ...crontab];
}

/** The warehouse that a schedule names, where it is another one. */
function otherDatabase(runOptions: readonly string[], database: string): string | null {
  const at = runOptions.findIndex((option) => /^--database(=|$)/.test(option));
  const given = at < 0 ? undefined : (/^--database=(.*)$/s.exec(runOptions[at]!)?.[1] ?? runOptions[at + 1]);
  return given === undefined || resolve(given) === database ? null : given;
}

function checkCrontab(home: string): Finding[] {
  let text: string;
  try {
    text = readCrontab();
  } catch {
    return []; // no cron here: nothing of it can point anywhere
  }
  const entry = entryOf(text, home);
  if (entry === null) return [];
  const missing = entry.paths.find((path) => !existsSync(path));
  return missing === undefined
    ? [ok("crontab", entry.line.replace(/ cd .*/, " runs this home"))]
    : [
        failure(
          "crontab",
          `its line points to ${missing || "nothing"}, which is not there`,
          "pipeline schedule crontab --install",
        ),
      ];
}

/** Whether people are told, and the secrets for it are there. Nothing is sent. */
export function checkNotifications({ notify, env }: Pick<DoctorSettings, "notify" | "env">): Finding[] {
  const channels = channelsOf(notify, env).map(({ name }) => name);
  if (notify.deadMan !== undefined) channels.push("deadMan");
  if (channels.length === 0) {
    return [
      warning("notifications", "nobody is told when a run fails", "Add a channel under notify: in pipeline.yaml"),
    ];
  }
  const references = textsOf(notify).filter((text) => /^(env|file):/.test(text));
  const findings = references.flatMap((reference) => {
    try {
      resolveSecret(reference, env);
      return [];
    } catch (error) {
      return [
        failure(
          "notifications",
          (error as Error).message,
          "Set it where runs start: cron and systemd have an environment of their own.",
        ),
      ];
    }
  });
  for (const place of shortSecrets(notify, env, shortestSecret)) {
    const what = `the secret in ${place} has fewer than ${shortestSecret} characters: it is too short to be kept out of logs`;
    findings.push(warning("notifications", what, "Use a longer one."));
  }
  return findings.length > 0
    ? findings
    : [ok("notifications", `${channels.join(", ")}; try them with: pipeline notify test`)];
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
