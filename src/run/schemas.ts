import * as z from "zod";
import { type ErrorFacts, errorCodes } from "./errors.ts";
import type { DbtNode } from "./events.ts";

// Apart from the types they check: zod takes 50 ms to load, which `runs ls` has no use for.

export const errorFacts = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  data: z.string(),
  next: z.string(),
}) satisfies z.ZodType<ErrorFacts>;

const dbtCheck = z.object({
  name: z.string(),
  column: z.string().nullable(),
  status: z.enum(["pass", "warn", "fail", "error", "skipped", "unknown"]),
  found: z.object({ rows: z.number(), example: z.string().nullable(), sql: z.string() }).nullable(),
});

export const dbtNode = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["model", "test", "unit_test", "seed", "other"]),
  status: z.enum(["success", "pass", "warn", "fail", "error", "skipped"]),
  durationMs: z.number(),
  failures: z.number().nullable(),
  message: z.string().nullable(),
  model: z.string().nullable(),
  checks: z.array(dbtCheck),
}) satisfies z.ZodType<DbtNode>;
