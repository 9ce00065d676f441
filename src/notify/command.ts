import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Message } from "./notice.ts";

/** Milliseconds that what a program has said may take to arrive after its end. */
const lastWordsMs = 200;

/**
 * Runs a program, with the message as JSON on its standard input and its words in `NOTICE_*` variables. It is over when it exits:
 * what it left running is its own. Only the signal ends its whole group.
 */
export async function sendCommand(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const { kind, title, what, data, next } = message;
  const words = { KIND: kind, TITLE: title, WHAT: what, DATA: data, NEXT: next, RUN_ID: message.run?.id ?? "" };
  const named = Object.fromEntries(Object.entries(words).map(([name, value]) => [`NOTICE_${name}`, value]));
  const child = spawn(program, args, {
    stdio: ["pipe", "ignore", "pipe"],
    env: { ...env, ...named },
    // A group of its own, which is killed whole.
    detached: true,
  });
  const kill = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // ESRCH: it ended by itself in the meantime. EPERM: what is left runs as another user, and is that one's.
      if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  // A program that does not read its input may be over before all of it is written.
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify(message));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-500);
  });
  try {
    const [code, by] = (await once(child, "exit")) as [number | null, string | null];
    signal.throwIfAborted();
    // Whoever was left running holds the other end of the pipe for as long as it likes.
    if (!child.stderr.readableEnded) await Promise.race([once(child, "close"), setTimeout(lastWordsMs)]);
    if (code !== 0) throw new Error(`${program} ended with ${code ?? by}${said === "" ? "" : `: ${said.trim()}`}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Error(`there is no program ${program}`);
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
    child.stderr.destroy();
  }
}
