import type { EventFacts } from "../../src/run/events.ts";

/** The window of a company `a`, as a run tells it. */
export const windowResolved = {
  type: "window.resolved",
  company: "a",
  names: ["A"],
  from: "2026-01-01",
  to: "2026-11-20",
  why: "first run",
} satisfies EventFacts;
