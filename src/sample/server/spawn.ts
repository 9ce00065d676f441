import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StandaloneOptions } from "./standalone.ts";

export type SpawnOptions = StandaloneOptions;

export type SpawnedSample = { url: string; bulkUrl: string; pid: number; stop(): Promise<void> };

/** Starts the embedded source in a process of its own, so that it neither blocks this one nor counts as its memory. */
export async function spawnSample(options: SpawnOptions, signal: AbortSignal): Promise<SpawnedSample> {
  signal.throwIfAborted();
  const script = import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js";
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const stop = async () => {
    child.stdin.end();
    await closed;
  };
  // A child that is gone says so by its end; a broken pipe adds nothing to that.
  child.stdin.on("error", () => undefined);
  const started = once(createInterface({ input: child.stdout }), "line", { signal });
  const ended = closed.then(([code]) => {
    throw new Error(`The embedded sample source ended at its start (exit code ${String(code)}).`);
  });
  ended.catch(() => undefined); // it always ends some day
  try {
    const [line] = (await Promise.race([started, ended])) as [string];
    return { ...(JSON.parse(line) as Pick<SpawnedSample, "url" | "bulkUrl">), pid: child.pid!, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
