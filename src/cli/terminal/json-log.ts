import pino from "pino";
import { eventLine } from "../../pipeline/report/event-line.ts";
import type { Emit } from "../../run/events.ts";
import { levelOf } from "../../run/log-level.ts";

/** Writes every event as a line of JSON on stderr, in pino's form: facts, level, time, and the text that people read. */
export function jsonLog(verbose: boolean): Emit {
  // Written at once: what a killed process has said is there.
  const log = pino(
    { level: verbose ? "debug" : "info", base: null, timestamp: false },
    pino.destination({ dest: 2, sync: true }),
  );
  return (event) => {
    const { at, ...facts } = event;
    log[levelOf(event)]({ time: Date.parse(at), ...facts }, eventLine(event));
  };
}
