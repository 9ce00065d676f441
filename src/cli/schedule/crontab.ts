import { join } from "node:path";
import { checkWritable } from "../../app/home/record.ts";
import { makeFolder } from "../../files/folder.ts";
import { makePrivate } from "../../files/private-file.ts";
import { crontabLine, readCrontab, withEntry, writeCrontab } from "../../schedule/crontab.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { ownCommand } from "../own-command.ts";
import { wrong } from "../usage-error.ts";

export type CrontabOptions = GlobalOptions & { install?: boolean; remove?: boolean; cron: string };

/** `pipeline schedule crontab`: prints the line, puts it into the user's crontab, or takes it out. */
export async function scheduleCrontab(options: CrontabOptions): Promise<number> {
  if (options.install && options.remove) throw wrong("--install and --remove exclude each other.");
  if (!/^(@(yearly|monthly|weekly|daily|hourly)|\S+( +\S+){4})$/.test(options.cron.trim())) {
    throw wrong(`--cron is "${options.cron}": expected five fields such as "0 2 * * *", or @daily.`);
  }
  // What is wrong with the settings is said now, not at night.
  const { config } = await configOf(options);
  const { home } = config;
  const log = join(home, "cron.log");
  const command = ownCommand(["run", "-q", "--trigger", "schedule"], options);
  const line = crontabLine({ cron: options.cron.trim(), directory: process.cwd(), command, log, home });
  if (options.install || options.remove) {
    const before = readCrontab();
    const after = withEntry(before, home, options.remove ? null : line);
    // The shell opens the log before the program can make its folder.
    if (options.install) {
      checkWritable(home);
      makeFolder(home);
      makePrivate(log);
    }
    if (after !== before) writeCrontab(after);
    const said = options.remove ? (after === before ? "No entry was there." : "Removed.") : `Installed:\n${line}`;
    if (!options.quiet)
      process.stdout.write(options.json ? `${JSON.stringify({ line, changed: after !== before })}\n` : `${said}\n`);
    return 0;
  }
  process.stdout.write(options.json ? `${JSON.stringify({ line })}\n` : `${line}\n`);
  return 0;
}
