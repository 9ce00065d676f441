import { type Command, Option } from "commander";

/** `pipeline server` and what it can do; each command's code is loaded when it is called. */
export function addServer(program: Command, exit: (code: number) => void): void {
  const server = program.command("server").description("the web pages, the scheduler, and an API for other programs");
  const sampleToo = ["--source <url>", "`sample` for the embedded source's own home"] as const;
  server
    .command("start")
    .description("show runs and data on http://127.0.0.1:4200, start what the schedules say, watch for late runs")
    .option("--port <port>", "port to answer on; 0 for any that is free", "4200")
    .option("--host <address>", "address to answer on; another one than this machine's own needs a token", "127.0.0.1")
    .option("--token-file <file>", "a file with the token that everybody must log in with")
    .option("--public-url <url>", "the address under which a proxy shows the pages, such as https://pipeline.example")
    .option("--background", "leave it running, with its log in <home>/server.log")
    .addOption(new Option("--log <file>").hideHelp())
    .option(...sampleToo)
    .action(async (_options: object, command: Command) => {
      const { serverStart } = await import("./start.ts");
      exit(await serverStart(command.optsWithGlobals()));
    });
  server
    .command("status")
    .description("say whether this home's server is up; exit code 1 where it is not")
    .option(...sampleToo)
    .action(async (_options: object, command: Command) => {
      const { serverStatus } = await import("./control.ts");
      exit(await serverStatus(command.optsWithGlobals()));
    });
  server
    .command("stop")
    .description("stop this home's server; runs that it started go on")
    .option(...sampleToo)
    .action(async (_options: object, command: Command) => {
      const { serverStop } = await import("./control.ts");
      exit(await serverStop(command.optsWithGlobals()));
    });
}
