import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";

/** Models, seeds and sources of the dbt project with their columns, tests and SQL, as dbt's own manifest has them. */
export const lineageSchema = z.array(
  z.object({
    name: z.string(),
    kind: z.enum(["model", "seed", "source"]),
    description: z.string(),
    columns: z.array(z.object({ name: z.string(), type: z.string(), description: z.string() })),
    /** Names of what it is made of. */
    from: z.array(z.string()),
    tests: z.array(z.string()),
    sql: z.string(),
  }),
);

const file = new URL("./lineage.json", import.meta.url);

export function lineageRoutes(): Route[] {
  return [
    route({
      ...{ method: "get", path: "/lineage", summary: "What the published tables are made of" },
      answer: lineageSchema,
      handle() {
        if (!existsSync(file)) throw new Problem(404, "This build has no lineage.");
        return lineageSchema.parse(JSON.parse(readFileSync(file, "utf8")));
      },
    }),
  ];
}
