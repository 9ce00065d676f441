import { type StandaloneOptions, startStandalone } from "./standalone.ts";

/** The embedded source as a process of its own: options as JSON in the first argument, its address as JSON on stdout. */
const server = await startStandalone(JSON.parse(process.argv[2] ?? "{}") as StandaloneOptions);
process.stdout.write(`${JSON.stringify({ url: server.url, bulkUrl: server.bulkUrl })}\n`);

// Whoever started it holds the other end of stdin: when that is gone, so is this, even after a kill -9.
process.stdin.on("end", () => process.exit()).resume();
// Ctrl-C reaches the whole terminal group; the run above decides when its source may go.
process.on("SIGINT", () => undefined);
