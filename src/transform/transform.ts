import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DbtResult } from "../pipeline/flow/values.ts";
import type { TaskContext, Transform } from "../pipeline/steps/ports.ts";
import { type Child, type Exit, startChild } from "../process/child.ts";
import { PipelineError } from "../run/errors.ts";
import type { DbtNode, Report } from "../run/events.ts";
import { PythonEnvironment } from "./environment.ts";
import { parseDbtLine } from "./events.ts";
import { makeDbtFolder } from "./folder.ts";
import { type DbtManifest, manifestSchema, martsOf, readManifest, withChecks } from "./manifest.ts";
import { projectFingerprint } from "./project.ts";
import { hasResults, resultOf } from "./results.ts";
import { type DbtSettings, dbtVariables } from "./variables.ts";

export type TransformOptions = DbtSettings & {
  /** A dbt of the user's own, a name on PATH or a path; null: the managed environment. */
  dbt: string | null;
  cacheDir: string;
  /** The run's signal: a warm dbt outlives the task that started it. */
  signal: AbortSignal;
};

/** Unit tests are about the models, not about the rows: they are for whoever changes a model. For exposures nothing is done. */
const buildCommand = ["build", "--exclude-resource-type", "unit_test", "exposure"];

/** dbt for one run: warmed up while rows are extracted, used once, gone at the end. */
export class DbtTransform implements Transform {
  readonly #options: TransformOptions;
  readonly #environment: PythonEnvironment;
  #warm: Promise<DbtChild> | undefined;
  /** Aborted when the build is over before its end, by a time limit. */
  readonly #ending = new AbortController();
  #fingerprint: string | undefined;

  constructor(options: TransformOptions) {
    this.#options = options;
    this.#environment = new PythonEnvironment(options);
  }

  /** Throws `python_missing` where dbt cannot be had. Needs no network and leaves nothing behind. */
  async check(): Promise<void> {
    const { dbt, env, signal } = this.#options;
    if (dbt === null) return this.#environment.check(signal);
    const child = startChild(["sh", "-c", 'command -v "$1"', "sh", dbt], { env, signal, onLine: () => undefined });
    if ((await child.exited).code === 0) return;
    throw new PipelineError({
      code: "python_missing",
      message: `The configured dbt (${dbt}) is not there, or cannot be run.`,
      data: "Nothing was read or changed.",
      next: "Change `dbt` in pipeline.yaml, or remove it to use the managed dbt.",
    });
  }

  project(): string {
    this.#fingerprint ??= projectFingerprint(this.#options.projectDir);
    return this.#fingerprint;
  }

  warmUp(report: Report): void {
    if (this.#warm !== undefined) return;
    this.#warm = this.#start(report);
    // Whoever builds is told; a promise that fails before somebody waits for it would end the process.
    this.#warm.catch(() => undefined);
  }

  async build(context: TaskContext): Promise<DbtResult> {
    const { report, signal } = context;
    // A time limit also ends what began before the task did: making the environment.
    const stop = () => {
      this.#ending.abort(signal.reason);
      void this.stop();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      this.warmUp(report);
      let dbt = await this.#warm!;
      report({ type: "dbt.started" });
      let exit = await dbt.build(report);
      signal.throwIfAborted();
      if (await this.#isBroken(dbt, exit)) {
        // Something has removed or damaged packages since: made anew once.
        await this.#environment.remake((step) => report({ type: "dbt.environment", step }), this.#signal());
        this.#warm = this.#start(report);
        dbt = await this.#warm;
        exit = await dbt.build(report);
        signal.throwIfAborted();
      }
      return resultOf([...dbt.nodes.values()], exit, dbt.said, martsOf(dbt.manifest()), this.#environmentFolder());
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      await this.stop();
    }
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#options.signal, this.#ending.signal]);
  }

  /** Whether the managed environment is at fault: dbt ended without results, and a look at the environment says why. */
  async #isBroken(dbt: DbtChild, exit: Exit): Promise<boolean> {
    if (this.#options.dbt !== null || hasResults([...dbt.nodes.values()], exit)) return false;
    return (await this.#environment.damage(this.#signal())) !== null;
  }

  #environmentFolder(): string | null {
    return this.#options.dbt === null ? this.#environment.folder : null;
  }

  /** Ends dbt wherever it is. */
  async stop(): Promise<void> {
    const warm = this.#warm;
    this.#warm = undefined;
    const dbt = await warm?.catch(() => undefined);
    await dbt?.stop();
  }

  async #start(report: Report): Promise<DbtChild> {
    const { dbt, targetDir } = this.#options;
    const signal = this.#signal();
    makeDbtFolder(targetDir);
    const env = dbtVariables(this.#options);
    if (dbt !== null) {
      // It cannot be warmed up: it has the database open from the start, so it starts when it is time to build.
      const command = [dbt, ...buildCommand, "--no-use-colors", "--log-format", "json", "--log-level", "debug"];
      return new DbtChild(() => startDbt(command, env, signal), false, targetDir);
    }
    await this.#environment.ensure((step) => report({ type: "dbt.environment", step }), signal);
    const host = fileURLToPath(new URL("./dbt_host.py", import.meta.url));
    const parsed = { PIPELINE_DBT_PARSED: this.#environment.parsedFile(this.#options.projectDir, this.project()) };
    const command = [this.#environment.python, "-I", host];
    return new DbtChild(() => startDbt(command, { ...env, ...parsed }, signal), true, targetDir);
  }
}

type Line = ["stdout" | "stderr", string];
type Started = { child: Child; listen(onLine: (...line: Line) => void): void };

/** Starts the child; lines that come before somebody listens are kept. */
function startDbt(command: readonly string[], env: Record<string, string>, signal: AbortSignal): Started {
  const early: Line[] = [];
  let heard: (...line: Line) => void = (...line) => void early.push(line);
  const child = startChild(command, { env, signal, onLine: (...line) => heard(...line) });
  return {
    child,
    listen(onLine) {
      heard = onLine;
      for (const line of early.splice(0)) onLine(...line);
    },
  };
}

/** One dbt process, from its start to its results. */
class DbtChild {
  readonly nodes = new Map<string, DbtNode>();
  /** What it said of errors and warnings. */
  readonly said: string[] = [];
  readonly #targetDir: string;
  /** How many nodes it says that there are; null before it does. */
  #total: number | null = null;
  #manifest: DbtManifest | undefined;
  /** Tests that failed, until it is known which of their checks did. */
  readonly #undecided = new Map<string, DbtNode>();
  readonly #start: () => Started;
  #started: Started | undefined;

  constructor(start: () => Started, warm: boolean, targetDir: string) {
    this.#start = start;
    this.#targetDir = targetDir;
    if (warm) this.#started = start();
  }

  async build(report: Report): Promise<Exit> {
    this.#started ??= this.#start();
    const { child, listen } = this.#started;
    let broken: { error: unknown } | undefined;
    listen((stream, line) => {
      try {
        this.#hear(stream, line, report);
      } catch (error) {
        broken ??= { error }; // a manifest that cannot be read: thrown from here, it would end the process
      }
    });
    child.writeLine(buildCommand.join(" "));
    const exit = await child.exited;
    if (broken !== undefined) throw broken.error;
    for (const node of this.#undecided.values()) this.#tell(withChecks(node, this.manifest(), null), report);
    return exit;
  }

  async stop(): Promise<void> {
    await this.#started?.child.stop();
  }

  /** What is built and checked; a dbt of the user's own leaves it in a file before it builds. */
  manifest(): DbtManifest {
    const file = join(this.#targetDir, "manifest.json");
    this.#manifest ??= readManifest(
      existsSync(file) ? manifestSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : { nodes: {} },
    );
    return this.#manifest;
  }

  #hear(stream: "stdout" | "stderr", line: string, report: Report): void {
    const event = stream === "stdout" ? parseDbtLine(line) : ({ type: "log", level: "debug", text: line } as const);
    if (event === null) return;
    if (event.type === "node") {
      const { id, kind, status } = event.node;
      if (kind !== "test") this.#tell(event.node, report);
      else if (/^(fail|warn)$/.test(status) && this.manifest().checks.has(id)) this.#undecided.set(id, event.node);
      else this.#tell(withChecks(event.node, this.manifest(), null), report);
      return;
    }
    if (event.type === "checks") {
      const node = this.#undecided.get(event.node);
      this.#undecided.delete(event.node);
      if (node !== undefined) this.#tell(withChecks(node, this.manifest(), event.failed), report);
      return;
    }
    if (event.type === "total") {
      if (this.#total !== event.total) report({ type: "dbt.total", total: event.total });
      this.#total = event.total;
      return;
    }
    if (event.type === "manifest") {
      this.#manifest = event.manifest;
      return;
    }
    if (event.type === "usage") {
      report({ type: "dbt.usage", cpuMs: event.cpuMs, peakRssBytes: event.peakRssBytes });
      return;
    }
    if (stream === "stderr" || event.level !== "debug") this.said.push(event.text);
    report({ type: "dbt.output", level: event.level, text: event.text });
  }

  #tell(node: DbtNode, report: Report): void {
    this.nodes.set(node.id, node);
    report({ type: "dbt.node", node });
  }
}
