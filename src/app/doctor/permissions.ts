import { existsSync } from "node:fs";
import { join } from "node:path";
import { permissionsOfOthers } from "../../files/private-file.ts";
import { readableSecretFiles } from "../../notify/secret.ts";
import { shellQuote } from "../../pipeline/report/format.ts";
import { ScheduleStore } from "../../schedule/store.ts";
import type { HomePaths } from "../home/record.ts";
import { historyOf } from "../home/runs.ts";
import { tryRunningServer } from "../serve/server-file.ts";
import type { DoctorSettings } from "../wiring/doctor.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** Who besides its owner may change what a home keeps, or read a secret's file. */
export function checkPermissions({ home, database, notify }: HomePaths & Pick<DoctorSettings, "notify">): Finding[] {
  if (!existsSync(home)) return [];
  const history = historyOf(home).file;
  const kept = [
    home,
    database,
    ...(history === null ? [] : [history]),
    ScheduleStore.fileOf(home),
    join(home, "published"),
  ];
  const findings = kept.filter(existsSync).flatMap((path) => {
    const write = permissionsOfOthers(path)?.write ?? null;
    if (write === "all")
      return [failure("permissions", `everybody may write ${path}`, `chmod go-w ${shellQuote(path)}`)];
    if (write === "group")
      return [warning("permissions", `its group may write ${path}`, `chmod g-w ${shellQuote(path)}`)];
    return [];
  });
  const token = tryRunningServer(home)?.tokenFile ?? null;
  const secrets = [
    ...readableSecretFiles(notify),
    ...(token !== null && permissionsOfOthers(token)?.read ? [token] : []),
  ];
  for (const path of secrets) {
    findings.push(warning("permissions", `${path} is readable by other users`, `chmod 600 ${shellQuote(path)}`));
  }
  return findings.length > 0 ? findings : [ok("permissions", "only their owner may change the files of the home")];
}
