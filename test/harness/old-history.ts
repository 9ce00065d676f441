import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openSqlite } from "../../src/sqlite/sqlite.ts";

/**
 * Makes a home's history as a version with so many migrations wrote it: a run that is over, its tasks `resolve_window` and
 * `extract_and_load_complaints[a [b] c]`, and a line of `extract_and_load_complaints[a]`. Returns its path.
 */
export function oldHistory(home: string, version: number): string {
  const path = join(home, "history.sqlite");
  const migrations = join(home, "migrations");
  cpSync("src/history/sqlite/migrations", migrations, { recursive: true });
  for (const file of readdirSync(migrations).sort().slice(version)) rmSync(join(migrations, file));
  const old = openSqlite(path, pathToFileURL(`${migrations}/`), 250);
  const task = "extract_and_load_complaints[a]";
  old.exec(`
    insert into runs (id, name, flow, state, trigger, started_at, ended_at, as_of, source, database, settings, host, pid, process_started,
      boot, heartbeat_at)
    values ('01234567-89ab-cdef-0123-456789abcdef', 'old-run', 'f', 'Failed', 'cli', 1, 2, '2026-11-20', 's', 'd', '{}', 'h', 1, 'p', 'b', 1);
    insert into tasks (run_no, position, name, state, attempts) values (1, 1, 'resolve_window', 'Completed', 1),
      (1, 2, 'extract_and_load_complaints[a [b] c]', 'Completed', 1);
    insert into logs values (1, 1, 0, 20, '${task}', 'load.committed', '{"task":"${task}","loadId":"l"}')`);
  if (version > 5)
    old.exec(
      "update tasks set scope = 'a [b] c' where name like '%[%'; update tasks set step = substr(name || '[', 1, instr(name || '[', '[') - 1)",
    );
  if (version > 4) old.exec("update tasks set company = 'a [b] c' where name like '%[%'");
  old.close();
  rmSync(migrations, { recursive: true });
  return path;
}
