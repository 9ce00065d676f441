import { oneOf } from "../../pipeline/names/spelling.ts";
import { isDay } from "../../pipeline/window/days.ts";
import { type PipelineError, usageError } from "../../run/errors.ts";
import { type ShapeName, shapeNames } from "../../sample/dataset/shapes.ts";
import { NoDocument } from "../../sample/index/documents.ts";
import { type StandaloneOptions, startStandalone } from "../../sample/server/standalone.ts";
import type { GlobalOptions } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { wrong } from "../usage-error.ts";

export type SampleStartOptions = GlobalOptions & {
  port?: string;
  asOf?: string;
  scale?: string;
  shape?: string;
  documents?: string;
  rates?: string;
  latency?: string;
  control?: boolean;
};

/** `pipeline sample start`: serves until it is stopped. */
export async function sampleStart(options: SampleStartOptions): Promise<number> {
  const wanted = standaloneOptions(options);
  const cancellation = cancelOnSignals(readingCancelMessage("The sample source"));
  const server = await startStandalone(wanted).catch((error: NodeJS.ErrnoException) => {
    throw startFailure(error, options);
  });
  try {
    const { url, bulkUrl } = server;
    if (options.json) process.stdout.write(`${JSON.stringify({ url, bulkUrl })}\n`);
    else {
      process.stdout.write(`${url}\n`);
      if (!options.quiet) {
        process.stderr.write(`Made-up complaints; the bulk file: ${bulkUrl}\nStop it with Ctrl-C.\n`);
      }
    }
    await new Promise<void>((resolve) =>
      cancellation.signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    return 0;
  } finally {
    await server.close();
    cancellation.stop();
  }
}

function standaloneOptions(options: SampleStartOptions): StandaloneOptions {
  const { asOf, shape, documents, rates, control } = options;
  if (asOf !== undefined && !isDay(asOf)) throw wrongOption("--as-of", asOf, "a day such as 2026-11-20");
  if (shape !== undefined && !(shapeNames as readonly string[]).includes(shape)) {
    throw wrongOption("--shape", shape, oneOf(shape, shapeNames));
  }
  const limits =
    rates === undefined || rates === "none"
      ? undefined
      : rates === "real"
        ? "real"
        : number("--rates", rates, 0.001, 1e6);
  return {
    ...(options.port === undefined ? {} : { port: portOf(options.port) }),
    ...(options.scale === undefined ? {} : { scale: number("--scale", options.scale, 0.0001, 20) }),
    ...(options.latency === undefined ? {} : { latencyMs: number("--latency", options.latency, 0, 600_000) }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(shape === undefined ? {} : { shape: shape as ShapeName }),
    ...(documents === undefined ? {} : { documents }),
    ...(limits === undefined ? {} : { rates: limits }),
    ...(control === undefined ? {} : { control }),
  };
}

function portOf(text: string): number {
  const port = number("--port", text, 0, 65_535);
  if (!Number.isInteger(port)) throw wrongOption("--port", text, "a whole number from 0 to 65535");
  return port;
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most))
    throw wrongOption(name, text, `a number from ${least} to ${most}`);
  return value;
}

function wrongOption(name: string, value: string, expected: string): PipelineError {
  return wrong(`${name} is "${value}": expected ${expected}.`, undefined, "Nothing was started.");
}

function startFailure(error: NodeJS.ErrnoException, { port, documents }: SampleStartOptions): unknown {
  const fail = (message: string, next: string) => usageError(message, next, "Nothing was started.", error);
  if (error.code === "EADDRINUSE")
    return fail(`Port ${port} is in use by another program.`, "Name another one, or none: any free port is taken.");
  if (error.code === "EACCES" && error.syscall === "listen")
    return fail(`Port ${port} may not be used.`, "Name one from 1024 on.");
  const form =
    'It holds a JSON object a line: {"_id": "1", "_source": {"date_received": "2026-11-20T10:00:00Z", ...}}.';
  if (error instanceof NoDocument) {
    return fail(`Line ${error.line} of the documents file ${documents} is not a document: ${error.message}.`, form);
  }
  if (documents !== undefined && error.code !== undefined) {
    return fail(`The documents file ${documents} cannot be read (${error.code}).`, form);
  }
  return error;
}
