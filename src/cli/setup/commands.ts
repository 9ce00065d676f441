import type { Command } from "commander";
import { shared } from "../common-options.ts";
import type { GlobalOptions } from "../options.ts";

/** Setting up and looking after it; each command's code is loaded when it is called. */
export function addSetup(program: Command, exit: (code: number) => void): void {
  program
    .command("init")
    .description("write a commented pipeline.yaml, and its JSON Schema for editors")
    .option("--force", "write over files that are there")
    .action(async (_options: object, command: Command) => {
      const { initCommand } = await import("./init.ts");
      exit(await initCommand(command.optsWithGlobals()));
    });

  program
    .command("notify")
    .description("the channels through which people are told how the runs went")
    .command("test")
    .description("send a test to every configured channel; exit code 1 where one did not take it")
    .action(async (_options: object, command: Command) => {
      const { notifyTest } = await import("./notify-test.ts");
      exit(await notifyTest(command.optsWithGlobals<GlobalOptions>()));
    });

  program
    .command("doctor")
    .description(
      "look at everything that a nightly run needs, and say how to fix what is wrong; exit code 1 for a failure",
    )
    .option(...shared.database)
    .option(...shared.source)
    .option("--offline", "ask the source nothing")
    .action(async (_options: object, command: Command) => {
      const { doctorCommand } = await import("./doctor.ts");
      exit(await doctorCommand(command.optsWithGlobals<GlobalOptions>()));
    });

  program
    .command("demo")
    .description(
      "a week of nights on made-up complaints, in a minute: late rows, a failure and its repair; then in the web UI",
    )
    .option("--force", "in place of an earlier demo in the folder (pipeline-demo, or --home)")
    .option("--no-serve", "end without the web UI")
    .option("--port <port>", "port of the web UI", "4200")
    .action(async (_options: object, command: Command) => {
      const { demoCommand } = await import("./demo.ts");
      exit(await demoCommand(command.optsWithGlobals()));
    });

  const sample = program.command("sample").description("the embedded source of made-up complaints");
  sample
    .command("start")
    .description("serve made-up complaints like the CFPB search API does, until it is stopped")
    .option("--port <port>", "port on 127.0.0.1 (default: any that is free)")
    .option("--as-of <day>", "the day it lives in (default: the real time goes on)")
    .option("--scale <number>", "how many complaints: 1 makes about 350,000 (default: 1)")
    .option("--shape <name>", "form of the answers: today, july or noon (2026's three; default: today)")
    .option("--documents <file>", "serve these documents, a JSON object a line, in place of the made-up ones")
    .option(
      "--rates <limits>",
      "none, real (20 searches a minute), or a number: real ones in a minute so many times shorter",
    )
    .option("--latency <ms>", "milliseconds before each answer (default: 0)")
    .option("--control", "open the control endpoint, through which tests cause faults")
    .action(async (_options: object, command: Command) => {
      const { sampleStart } = await import("./sample.ts");
      exit(await sampleStart(command.optsWithGlobals()));
    });

  program
    .command("completion")
    .description("print what makes Tab complete commands, options, runs and schedules in a shell")
    .argument("<shell>", "bash, zsh or fish")
    .action(async (shell: string) => {
      const { completionScript } = await import("./completion.ts");
      exit(completionScript(shell));
    });
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: string[]) => {
      const { completeCommand } = await import("./complete.ts");
      exit(await completeCommand(program, words));
    });
}
