#!/usr/bin/env node

// Running DuckDB queries occupy libuv's threads, four by default, and starve file reads. Must precede every import.
process.env.UV_THREADPOOL_SIZE ??= "16";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error[node_version]: pipeline needs Node 22.19 or newer, and this is Node ${process.versions.node}.\n` +
      "data: nothing was read or changed.\n" +
      "next: run it with `npx pipeline` in its folder (npm ci brings the right Node), or install a newer Node.\n",
  );
  process.exit(2);
}

// Output that cannot be written (a closed pipe, a full disk) ends the output, not the run (invariant 13).
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

// Compiled code is kept between starts: half of the time of a quick command.
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { main } = await import("./cli/program.ts");
process.exitCode = await main(process.argv.slice(2));
