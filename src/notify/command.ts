import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Message } from "./notice.ts";

/** Runs a program, with the message as JSON on its standard input and its words in `NOTICE_*` variables. */
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
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  signal.addEventListener("abort", kill, { once: true });
  // A program that does not read its input may be over before all of it is written.
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify(message));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-500);
  });
  try {
    const [code, by] = (await once(child, "close")) as [number | null, string | null];
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`${program} ended with ${code ?? by}${said === "" ? "" : `: ${said.trim()}`}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Error(`there is no program ${program}`);
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}
