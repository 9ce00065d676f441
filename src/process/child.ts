import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/**
 * Runs "$@" with this shell as the leader of a process group. Descriptor 3 is a pipe from us: when it ends, we are gone
 * (even by SIGKILL), and the whole group goes too. SIGTERM is for the child; the shell stays to wait for it.
 */
const guard = `
exec 4<&0
trap : TERM INT
"$@" <&4 3<&- 4<&- &
child=$!
exec 4<&-
{ trap '' TERM INT; read -r _ <&3; kill -KILL 0; } </dev/null >/dev/null 2>&1 &
watch=$!
wait $child; status=$?
while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
{ kill -KILL $watch; wait $watch; } 2>/dev/null
exit $status
`;

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Child = {
  pid: number | undefined;
  /** Resolves when the process is gone and its output is read. Never rejects: what cannot be started exits with 126 or 127. */
  exited: Promise<Exit>;
  /** Writes a last line to stdin and ends it. */
  writeLine(line: string): void;
  /** SIGTERM to the process group, SIGKILL to what is left of it after the grace; resolves when it is gone. */
  stop(): Promise<void>;
};

export type ChildOptions = {
  /** The child's whole environment. */
  env: Record<string, string>;
  /** Aborting stops the child's group. */
  signal: AbortSignal;
  /** Receives each line of output; without it the child uses our terminal. */
  onLine?: (stream: "stdout" | "stderr", line: string) => void;
  cwd?: string;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs?: number;
};

/** Starts a command in a process group of its own that never outlives this process. */
export function startChild(command: readonly string[], options: ChildOptions): Child {
  const { env, signal, onLine, cwd, graceMs = 5000 } = options;
  const own = onLine === undefined ? "inherit" : "pipe";
  const child = spawn("/bin/sh", ["-c", guard, "sh", ...command], {
    env,
    detached: true,
    stdio: [own, own, own, "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  for (const stream of ["stdout", "stderr"] as const) {
    const output: Readable | null = child[stream];
    if (output !== null) createInterface({ input: output }).on("line", (line) => onLine?.(stream, line));
  }
  // A child that died before it was told anything says why by its exit; the broken pipe adds nothing to that.
  child.stdin?.on("error", () => undefined);
  let gone = false;
  const exited = new Promise<Exit>((resolve) => {
    const settle = (exit: Exit) => {
      gone = true;
      signal.removeEventListener("abort", onAbort);
      resolve(exit);
    };
    child.once("error", (error) => {
      onLine?.("stderr", error.message);
      settle({ code: 127, signal: null });
    });
    // A leader that was killed from outside leaves others behind, who would hold its output open.
    child.once("exit", () => killGroup(child, "SIGKILL"));
    child.once("close", (code, exitSignal) => settle({ code, signal: exitSignal }));
  });

  async function stop(): Promise<void> {
    if (gone) return;
    killGroup(child, "SIGTERM");
    const kill = setTimeout(() => killGroup(child, "SIGKILL"), graceMs);
    await exited;
    clearTimeout(kill);
  }
  function onAbort(): void {
    void stop();
  }
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { pid: child.pid, exited, stop, writeLine: (line) => child.stdin?.end(`${line}\n`) };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: it ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
