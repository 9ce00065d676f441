import type { Command } from "commander";
import { shared } from "../common-options.ts";

/** `pipeline schedule` and what it can do; each command's code is loaded when it is called. */
export function addSchedule(program: Command, exit: (code: number) => void): void {
  const schedule = program.command("schedule").description("runs that start by themselves");
  const sampleToo = ["--source <url>", "`sample` for the schedules of the embedded source"] as const;
  schedule
    .command("add")
    .description("add a schedule, which `pipeline server start` runs")
    .argument("<name>", "what to call it: letters, digits, - and _")
    .argument("[options...]", "options of `pipeline run` for its runs, after --")
    .requiredOption("--cron <fields>", "when: minute, hour, day of month, month, day of week; or @daily")
    .option("--timezone <zone>", "IANA name of the zone that the fields are read in (default: this machine's)")
    .option("--catch-up <which>", "of the times missed while no server ran, do: latest, none or all", "latest")
    .option("--overlap <what>", "while another run is under way: skip, or queue behind it", "skip")
    .option("--jitter <seconds>", "start each run later by a fixed part of this", "0")
    .option("--late-after <minutes>", "tell when a run has not ended by then", "60")
    .option(...sampleToo)
    .action(async (name: string, runOptions: string[], _options: object, command: Command) => {
      const { scheduleAdd } = await import("./add.ts");
      const run = program.commands.find((found) => found.name() === "run")!;
      exit(await scheduleAdd(name, runOptions, run, command.optsWithGlobals()));
    });
  schedule
    .command("ls")
    .description("list the schedules: next time, and how the last run ended")
    .option(...sampleToo)
    .action(async (_options: object, command: Command) => {
      const { scheduleList } = await import("./list.ts");
      exit(await scheduleList(command.optsWithGlobals()));
    });
  schedule
    .command("next")
    .description("print the next times, with their offset from UTC")
    .argument("[name]", "a schedule (default: all of them)")
    .option("--count <number>", "how many", "5")
    .option(...sampleToo)
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const { scheduleNext } = await import("./list.ts");
      exit(await scheduleNext(name, command.optsWithGlobals()));
    });
  const changes = {
    rm: "take a schedule out, and what is remembered of its times; its runs stay in the history",
    pause: "start nothing of a schedule until it is resumed",
    resume: "go on with the next time; what passed meanwhile is not made up for",
  } as const;
  for (const change of ["rm", "pause", "resume"] as const) {
    schedule
      .command(change)
      .description(changes[change])
      .argument("<name>", "a schedule")
      .option(...sampleToo)
      .action(async (name: string, _options: object, command: Command) => {
        const { scheduleChange } = await import("./list.ts");
        exit(await scheduleChange(change, name, command.optsWithGlobals()));
      });
  }
  schedule
    .command("crontab")
    .description("print the crontab line of a nightly run; put it into this user's crontab, or take it out")
    .option("--install", "put the line in, in place of an earlier one for this home")
    .option("--remove", "take the line out")
    .option("--cron <fields>", "when, in this machine's time", "0 2 * * *")
    .option(...shared.source)
    .option(...shared.database)
    .action(async (_options: object, command: Command) => {
      const { scheduleCrontab } = await import("./crontab.ts");
      exit(await scheduleCrontab(command.optsWithGlobals()));
    });
  schedule
    .command("systemd")
    .description("print a systemd service and timer of a nightly run")
    .option("--at <when>", "when, as systemd's OnCalendar has it", "*-*-* 02:00:00")
    .option(...shared.source)
    .option(...shared.database)
    .action(async (_options: object, command: Command) => {
      const { scheduleSystemd } = await import("./systemd.ts");
      exit(await scheduleSystemd(command.optsWithGlobals()));
    });
}
