import * as z from "zod";
import type { DbtCheck, DbtNode } from "../run/events.ts";

/** A check as it is written in the arguments of the test `checks`: its type with its arguments (dbt/macros/checks.sql). */
const check = z.record(
  z.string(),
  z.object({ name: z.string().optional(), column: z.string().optional(), columns: z.array(z.string()).optional() }),
);

const node = z.object({
  resource_type: z.string(),
  schema: z.string(),
  alias: z.string(),
  attached_node: z.string().nullish(),
  sources: z.array(z.array(z.string())).optional(),
  test_metadata: z.object({ name: z.string(), kwargs: z.record(z.string(), z.unknown()) }).nullish(),
});

/** What dbt's manifest says of a project, as far as it is read here. */
export const manifestSchema = z.object({ nodes: z.record(z.string(), node) });

/** A model by the schema and the name that it has in the warehouse. */
type Model = { schema: string; name: string };

export type DbtManifest = {
  models: Model[];
  /** By the id of the test that runs them. */
  checks: Map<string, { model: string; checks: Pick<DbtCheck, "name" | "column">[] }>;
};

export function readManifest({ nodes }: z.infer<typeof manifestSchema>): DbtManifest {
  const models: Model[] = [];
  const checks: DbtManifest["checks"] = new Map();
  for (const [id, one] of Object.entries(nodes)) {
    if (one.resource_type === "model") models.push({ schema: one.schema, name: one.alias });
    if (one.test_metadata?.name === "checks") {
      checks.set(id, { model: modelOf(one), checks: checksOf(one.test_metadata.kwargs) });
    }
  }
  return { models, checks };
}

/** The tables that readers get: those of the schema marts. */
export function martsOf({ models }: DbtManifest): string[] {
  return models.flatMap(({ schema, name }) => (schema === "marts" ? [name] : [])).sort();
}

/** Names as the macro check_name gives them. Arguments of another form are for dbt to refuse. */
function checksOf(kwargs: Record<string, unknown>): Pick<DbtCheck, "name" | "column">[] {
  const listed = z.array(check).safeParse(kwargs.checks).data ?? [];
  return listed.flatMap(Object.entries<z.infer<typeof check>[string]>).map(([type, { name, column, columns }]) => ({
    name: name ?? [type, ...(columns ?? (column === undefined ? [] : [column]))].join("_"),
    column: column ?? null,
  }));
}

function modelOf({ attached_node, sources }: z.infer<typeof node>): string {
  return attached_node?.split(".").at(-1) ?? sources?.[0]?.join(".") ?? "";
}

/** A check that failed, as its query says. */
export const failedCheck = z.object({
  name: z.string(),
  severity: z.enum(["error", "warn"]),
  failures: z.int(),
  example: z.string().nullable(),
  rows_sql: z.string(),
});

export type FailedCheck = z.infer<typeof failedCheck>;

/** A test that has ended, with its checks; `failed` is null where dbt did not say which failed. */
export function withChecks(ended: DbtNode, manifest: DbtManifest, failed: readonly FailedCheck[] | null): DbtNode {
  const list = manifest.checks.get(ended.id);
  if (list === undefined) return ended;
  const checks = list.checks.map((one): DbtCheck => {
    const { status } = ended;
    if (status !== "fail" && status !== "warn") {
      return { ...one, status: status === "success" ? "pass" : status, found: null };
    }
    if (failed === null) return { ...one, status: "unknown", found: null };
    const found = failed.find(({ name }) => name === one.name);
    if (found === undefined) return { ...one, status: "pass", found: null };
    const { severity, failures: rows, example, rows_sql: sql } = found;
    // A test that warns stops nothing, whatever its checks say.
    const isFailure = severity === "error" && status === "fail";
    return { ...one, status: isFailure ? "fail" : "warn", found: { rows, example, sql } };
  });
  return { ...ended, model: list.model, checks };
}
