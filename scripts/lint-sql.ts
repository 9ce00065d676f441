import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** `npm run lint:sql`: sqlfluff on the dbt project, in a Python environment of its own that is made once. */
const requirements = "scripts/sqlfluff/requirements.txt";
const cache =
  process.env.PIPELINE_CACHE_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "cfpb-pipeline");
const key = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16);
const folder = join(cache, `sqlfluff-env-${key}`);
if (!existsSync(folder)) {
  const building = `${folder}.${process.pid}`;
  const run = (command: string, args: string[]) =>
    execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  try {
    run("python3", ["-m", "venv", building]);
    const install = [
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--require-hashes",
      "--no-deps",
      "-r",
      requirements,
    ];
    run(join(building, "bin", "python"), ["-m", "pip", ...install]);
    renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}
// The scripts of a moved environment name its old place; its interpreter works.
const lint = ["-m", "sqlfluff", "lint", "models", "tests", "--disable-progress-bar"];
process.exitCode = spawnSync(join(folder, "bin", "python"), lint, { cwd: "dbt", stdio: "inherit" }).status ?? 1;
