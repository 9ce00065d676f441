import { dayMs, dayNumber, endOfDay } from "./clock.ts";
import { generateRows } from "./generate.ts";
import { startSample } from "./server.ts";
import type { SpawnOptions } from "./spawn.ts";

/** The embedded source as a process of its own: options as JSON in the first argument, its address as JSON on stdout. */
const options = JSON.parse(process.argv[2] ?? "{}") as SpawnOptions;
const nowMs = options.asOf === undefined ? Date.now() : endOfDay(options.asOf);
const server = await startSample({
  rows: generateRows({
    lastDay: options.asOf === undefined ? Math.floor(nowMs / dayMs) : dayNumber(options.asOf),
    ...(options.scale === undefined ? {} : { scale: options.scale }),
  }),
  now: () => nowMs,
});
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);

// Whoever started it holds the other end of stdin: when that is gone, so is this, even after a kill -9.
process.stdin.on("end", () => process.exit()).resume();
// Ctrl-C reaches the whole terminal group; the run above decides when its source may go.
process.on("SIGINT", () => undefined);
