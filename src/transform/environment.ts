import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { hourMs } from "../pipeline/window/units.ts";
import { startChild } from "../process/child.ts";
import { PipelineError } from "../run/errors.ts";
import { checkFolder, makeDbtFolder } from "./folder.ts";
import { projectFolder } from "./project.ts";

export type EnvironmentOptions = {
  /** Environments are kept here, one for every pinned set of packages. */
  cacheDir: string;
  /** The environment variables to run in: PATH is where Python and uv are looked for. */
  env: Record<string, string>;
};

type Progress = (step: string) => void;

const requirements = join(projectFolder, "requirements.txt");
const interpreters = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python3.14", "python"];
const probe = `
import importlib.util, json, os, sys
print(json.dumps({"version": sys.version_info[:2], "path": os.path.realpath(sys.executable),
  "venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))}))
`;

/** Imports what a run needs, and looks whether the files are there that pip has recorded for each package. */
const wholeness = `
import csv, importlib.metadata, os, sys
import dbt.cli.main, dbt.adapters.duckdb
for package in importlib.metadata.distributions():
    for file, *_ in csv.reader((package.read_text("RECORD") or "").splitlines()):
        if not file.endswith(".pyc") and not os.path.exists(package.locate_file(file)):
            sys.exit(f"{file} of {package.metadata['Name']} is not there")
`;

/** dbt's own Python environment, which makes itself: pinned with hashes, and never used half-made. */
export class PythonEnvironment {
  readonly #options: EnvironmentOptions;
  readonly #folder: string;
  /** The interpreter of the environment. */
  readonly python: string;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    const key = createHash("sha256")
      .update(readFileSync(requirements))
      .update(`${process.platform} ${process.arch}`)
      .digest("hex")
      .slice(0, 16);
    this.#folder = join(options.cacheDir, `dbt-env-${key}`);
    this.python = join(this.#folder, "bin", "python");
  }

  /** Throws `python_missing` or `dbt_environment` where the environment is not there and cannot be made. */
  async check(signal: AbortSignal): Promise<void> {
    if (this.isMade()) return;
    checkFolder(this.#options.cacheDir);
    await this.#findTools(signal);
  }

  /** Makes it where it is missing. It gets its name by one rename when it is whole. */
  async ensure(progress: Progress, signal: AbortSignal): Promise<void> {
    if (!this.isMade()) await this.#build(progress, signal, () => this.isMade());
  }

  /** Makes it anew beside the one that is there, which stays where making fails. */
  async remake(progress: Progress, signal: AbortSignal): Promise<void> {
    await this.#build(progress, signal, () => false);
  }

  /** Why it is of no use, as a look at it says; null where dbt starts in it and every file of its packages is there. */
  async damage(signal: AbortSignal): Promise<string | null> {
    const { code, lines } = await this.#run([this.python, "-I", "-c", wholeness], signal);
    if (code === 0) return null;
    return (
      lines
        .filter((line) => line.trim() !== "")
        .at(-1)
        ?.trim() ?? `its Python ends with exit code ${code}`
    );
  }

  /** Where it is. */
  get folder(): string {
    return this.#folder;
  }

  /** Where what dbt has parsed of a version of a project is kept for all homes; the host adds Python's version and the ending. */
  parsedFile(projectDir: string, fingerprint: string): string {
    const key = createHash("sha256").update([this.#folder, projectDir, fingerprint].join("\0")).digest("hex");
    return join(this.#options.cacheDir, `dbt-parsed-${key.slice(0, 16)}`);
  }

  async #build(progress: Progress, signal: AbortSignal, isTaken: () => boolean): Promise<void> {
    const { cacheDir } = this.#options;
    makeDbtFolder(cacheDir);
    await removeAbandoned(cacheDir);
    const building = join(cacheDir, `building-${process.pid}-${randomUUID()}`);
    try {
      await this.#make(building, progress, signal);
      // The name may be taken by one that is of no use.
      if (!isTaken()) await rm(this.#folder, { recursive: true, force: true });
      await rename(building, this.#folder).catch((error: unknown) => {
        if (!this.isMade()) throw error; // else another process was first: its environment is as good
      });
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  }

  /** False as well where the interpreter it was made from is gone: the link leads nowhere. */
  isMade(): boolean {
    return existsSync(this.python);
  }

  async #make(folder: string, progress: Progress, signal: AbortSignal): Promise<void> {
    const { python, uv } = await this.#findTools(signal);
    progress(`making dbt's Python environment (once, with Python ${python.version} and ${uv ? "uv" : "pip"})`);
    const made = join(folder, "bin", "python");
    const steps = uv
      ? [
          ["uv", "venv", "--no-config", "--quiet", "--python", python.path, folder],
          [
            "uv",
            "pip",
            "install",
            "--compile-bytecode",
            "--require-hashes",
            "--no-deps",
            "--python",
            made,
            "-r",
            requirements,
          ],
        ]
      : [
          [python.path, "-I", "-m", "venv", folder],
          [
            made,
            "-I",
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar=off",
            "--require-hashes",
            "--no-deps",
            "-r",
            requirements,
          ],
        ];
    for (const step of steps) {
      const { code, lines } = await this.#run(step, signal, (line) => {
        const what = /^\s*(Collecting|Downloading|Installing collected|Prepared|Installed)\b[^(]{0,60}/.exec(line)?.[0];
        if (what !== undefined) progress(what.trim());
      });
      if (code !== 0) throw notMade(code, lines);
    }
    const { code, lines } = await this.#run([made, "-I", "-c", "import dbt.cli.main, dbt.adapters.duckdb"], signal);
    if (code !== 0) throw notMade(code, lines);
    progress("dbt's Python environment is ready");
  }

  async #findTools(signal: AbortSignal): Promise<{ python: { path: string; version: string }; uv: boolean }> {
    const uv = (await this.#run(["uv", "--version"], signal)).code === 0;
    const seen: string[] = [];
    for (const candidate of interpreters) {
      const { code, lines } = await this.#run([candidate, "-I", "-c", probe], signal);
      if (code !== 0) continue;
      const found = JSON.parse(lines.join("\n")) as { version: [number, number]; path: string; venv: boolean };
      const [major, minor] = found.version;
      const version = `${major}.${minor}`;
      if (major !== 3 || minor < 10 || minor > 14) seen.push(`${candidate} is ${version}`);
      else if (!uv && !found.venv) seen.push(`${candidate} (${version}) lacks the venv module`);
      else return { python: { path: found.path, version }, uv };
    }
    throw new PipelineError({
      code: "python_missing",
      message: `dbt needs Python 3.10 to 3.14 with its venv module: ${seen.join(", ") || "no python3 was found"}.`,
      data: "Nothing was read or changed.",
      next: "Install it (Debian: apt-get install python3-venv), name a dbt of your own (dbt in pipeline.yaml), or load without models (--skip-dbt).",
    });
  }

  async #run(
    command: readonly string[],
    signal: AbortSignal,
    onLine?: (line: string) => void,
  ): Promise<{ code: number | null; lines: string[] }> {
    const lines: string[] = [];
    const { PYTHONDONTWRITEBYTECODE: _, ...env } = this.#options.env;
    const child = startChild(command, {
      env,
      signal,
      onLine: (_stream, line) => {
        lines.push(line);
        onLine?.(line);
      },
    });
    const { code } = await child.exited;
    signal.throwIfAborted();
    return { code, lines };
  }
}

function notMade(code: number | null, lines: readonly string[]): PipelineError {
  const said = lines.filter((line) => line.trim() !== "").slice(-5);
  return new PipelineError({
    code: "dbt_environment",
    message: `dbt's Python environment could not be made (exit code ${code}): ${said.join(" | ").slice(0, 600)}`,
    data: "The loaded complaints are kept; the marts wait for dbt, and the watermark stays where it was.",
    next: "Fix the cause (network, proxy, disk) and run again, or name a dbt of your own (dbt in pipeline.yaml).",
  });
}

/** Milliseconds after which nobody makes an environment any more: it takes half a minute. */
const abandonedMs = hourMs;

/** Removes what was left half-made. Its age says so: a process id may be of another container that has this folder, too. */
async function removeAbandoned(cacheDir: string): Promise<void> {
  for (const entry of await readdir(cacheDir)) {
    if (!entry.startsWith("building-")) continue;
    const { mtimeMs } = await stat(join(cacheDir, entry));
    if (Date.now() - mtimeMs > abandonedMs) await rm(join(cacheDir, entry), { recursive: true, force: true });
  }
}
