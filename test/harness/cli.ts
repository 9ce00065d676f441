import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export type Outcome = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

export type Started = {
  child: ChildProcess;
  /** Resolves when stderr has said something that matches; rejects when the process ends first. */
  said(pattern: RegExp): Promise<void>;
  outcome: Promise<Outcome>;
};

const usualMs = 60_000;

/** Starts the command line in a process of its own, without the settings of whoever runs the tests. */
export function startPipeline(argv: readonly string[], env: Record<string, string> = {}, timeoutMs = usualMs): Started {
  return startScript(["src/main.ts", ...argv], env, undefined, timeoutMs);
}

/** The same for a script of the tests. */
export function startScript(
  argv: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
  timeoutMs = usualMs,
): Started {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PIPELINE_|DBT_|NODE_TEST_|npm_|NO_COLOR|CI$)/.test(name) || name === "PIPELINE_CACHE_DIR",
  );
  const child = spawn(process.execPath, argv, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(kept), ...env },
    ...(cwd === undefined ? {} : { cwd }),
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    child.emit("said");
  });
  const outcome = once(child, "close").then(([code, signal]) => ({ code, signal, stdout, stderr }) as Outcome);
  return {
    child,
    outcome,
    async said(pattern) {
      const ended = outcome.then(() => "ended" as const);
      while (!pattern.test(stderr)) {
        const what = await Promise.race([once(child, "said"), ended]);
        if (what === "ended" && !pattern.test(stderr))
          throw new Error(`it ended without saying ${pattern}:\n${stderr}`);
      }
    },
  };
}

/** Runs the command line to its end. */
export async function pipeline(
  argv: readonly string[],
  env: Record<string, string> = {},
  timeoutMs = usualMs,
): Promise<Outcome> {
  return startPipeline(argv, env, timeoutMs).outcome;
}
