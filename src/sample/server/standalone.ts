import { readFileSync } from "node:fs";
import { dayMs, dayNumber, dayText, endOfDay } from "../dataset/clock.ts";
import { generateRows } from "../dataset/generate.ts";
import type { ShapeName } from "../dataset/shapes.ts";
import { DocumentsIndex, parseDocuments } from "../index/documents.ts";
import { type LiveIndex, timedIndex } from "../index/live-index.ts";
import { Control } from "./control.ts";
import { type SampleServer, startSample } from "./server.ts";
import { type RequestKind, realRates } from "./throttle.ts";

export type StandaloneOptions = {
  /** The day the source lives in, `YYYY-MM-DD`; where there is none, the real time goes on. */
  asOf?: string;
  /** 1 makes about 350,000 rows. */
  scale?: number;
  /** 0: any free port. */
  port?: number;
  shape?: ShapeName;
  /** A file of documents to serve in place of the made-up complaints. */
  documents?: string;
  /** `real`, or how many times faster than real the minutes of the real limits go; no limits where there is none. */
  rates?: "real" | number;
  latencyMs?: number;
  /** Opens the control endpoint. */
  control?: boolean;
};

/** Starts the source with all that it needs. Throws where the documents cannot be read. */
export async function startStandalone(options: StandaloneOptions): Promise<SampleServer> {
  const { asOf, scale, port, shape = "today", documents, rates, latencyMs } = options;
  const today = asOf ?? dayText(Math.floor(Date.now() / dayMs));
  const index = documents === undefined ? generated(today, scale, shape) : served(documents, today);
  const control = options.control ? new Control(index, today) : undefined;
  const limits: Record<RequestKind, number> | undefined = rates === undefined ? undefined : realRates;
  const fixed = asOf === undefined ? Date.now : () => endOfDay(asOf);
  return startSample({
    index,
    now: control ? () => control.now() : fixed,
    shape,
    ...(port === undefined ? {} : { port }),
    ...(limits === undefined ? {} : { rates: limits }),
    ...(typeof rates === "number" ? { rateClock: rates } : {}),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(control === undefined ? {} : { control }),
  });
}

function generated(today: string, scale: number | undefined, shape: ShapeName): LiveIndex {
  const rows = generateRows({
    lastDay: dayNumber(today),
    noon: shape === "noon",
    ...(scale === undefined ? {} : { scale }),
  });
  return timedIndex(rows);
}

function served(file: string, today: string): LiveIndex {
  return new DocumentsIndex(parseDocuments(readFileSync(file, "utf8")), `${today}T14:30:00Z`);
}
