import * as z from "zod";
import type { DbtNode } from "../run/events.ts";
import { type DbtManifest, type FailedCheck, failedCheck, manifestSchema, readManifest } from "./manifest.ts";

const statuses: Record<string, DbtNode["status"]> = {
  success: "success",
  pass: "pass",
  warn: "warn",
  fail: "fail",
  error: "error",
  "runtime error": "error",
  "partial success": "error",
  skipped: "skipped",
  "no-op": "skipped",
};

const kinds = ["model", "test", "unit_test", "seed"] as const;

const runResult = z
  .object({ status: z.string(), execution_time: z.number(), num_failures: z.number(), message: z.string() })
  .partial();

const eventLine = z.object({
  info: z.object({ name: z.string(), level: z.string(), msg: z.string() }),
  data: z.object({
    node_info: z.object({ unique_id: z.string() }).partial().optional(),
    run_result: runResult.optional(),
    cpu_ms: z.number().optional(),
    peak_rss: z.number().optional(),
    manifest: manifestSchema.optional(),
    failed: z.array(failedCheck).optional(),
    total: z.int().optional(),
  }),
});

export type DbtEvent =
  /** What the whole process used, at its end; only our own host says so. */
  | { type: "usage"; cpuMs: number; peakRssBytes: number }
  /** The models of the project, where they are built, and their checks; only our own host says so. */
  | { type: "manifest"; manifest: DbtManifest }
  /** Which checks of a node failed; only our own host says so. */
  | { type: "checks"; node: string; failed: FailedCheck[] }
  /** How many nodes are to be built and tested. */
  | { type: "total"; total: number }
  | { type: "node"; node: DbtNode }
  | { type: "log"; level: "debug" | "info" | "warn" | "error"; text: string };

/** Reads a line of dbt's structured log; null for its debug chatter. A line that is no event is a message of its own. */
export function parseDbtLine(line: string): DbtEvent | null {
  const event = eventLine.safeParse(parseJson(line));
  if (!event.success) return line.trim() === "" ? null : { type: "log", level: "debug", text: line };
  const { info, data } = event.data;
  if (info.name === "NodeFinished" && data.node_info?.unique_id !== undefined && data.run_result !== undefined) {
    // Nothing is done for an exposure.
    if (data.node_info.unique_id.startsWith("exposure.")) return null;
    return { type: "node", node: nodeOf(data.node_info.unique_id, data.run_result) };
  }
  if (info.name === "Usage" && data.cpu_ms !== undefined && data.peak_rss !== undefined) {
    return { type: "usage", cpuMs: data.cpu_ms, peakRssBytes: data.peak_rss };
  }
  if (info.name === "Manifest" && data.manifest !== undefined) {
    return { type: "manifest", manifest: readManifest(data.manifest) };
  }
  if (info.name === "FailedChecks" && data.node_info?.unique_id !== undefined && data.failed !== undefined) {
    return { type: "checks", node: data.node_info.unique_id, failed: data.failed };
  }
  if (info.name === "LogStartLine" && data.total !== undefined) return { type: "total", total: data.total };
  // Lines about single nodes (LogStartLine, LogTestResult, ...) say again what the nodes say.
  if (info.level === "debug" || info.name.startsWith("Log") || info.msg.trim() === "") return null;
  // Lines about results say again what the nodes say, in words about dbt's own settings.
  const isNews = (info.level === "error" || info.level === "warn") && !info.name.startsWith("RunResult");
  const level = isNews ? (info.level as "error" | "warn") : "debug";
  return { type: "log", level, text: info.msg.trim() };
}

/** A unique id is kind.package.name, a test's has a hash behind, a unit test's is unit_test.package.model.name. */
function nodeOf(id: string, result: z.infer<typeof runResult>): DbtNode {
  const [prefix, , third, fourth] = id.split(".");
  const kind = kinds.find((name) => name === prefix) ?? "other";
  const isTest = kind === "test" || kind === "unit_test";
  return {
    id,
    kind,
    name: (kind === "unit_test" ? fourth : third) ?? id,
    status: statuses[result.status ?? ""] ?? "error",
    durationMs: Math.round((result.execution_time ?? 0) * 1000),
    failures: isTest ? (result.num_failures ?? 0) : null,
    message: result.message?.trim() || null,
    model: null,
    checks: [],
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // not JSON: the schema says no
  }
}
