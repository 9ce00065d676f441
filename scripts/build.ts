import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, rmSync } from "node:fs";
import { build } from "vite";

/** Compiles src to dist and puts beside the code what it reads at run time (SQL, Python, word lists). */
rmSync("dist", { recursive: true, force: true });
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
cpSync("src", "dist", { recursive: true, filter: (path) => !path.endsWith(".ts") && !path.startsWith("src/web/ui") });
// The pages, for the browser.
await build({ configFile: "vite.config.ts", logLevel: "warn" });
chmodSync("dist/main.js", 0o755);
