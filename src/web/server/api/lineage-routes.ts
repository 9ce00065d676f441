import { existsSync, readFileSync } from "node:fs";
import { lineage } from "../../contract.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";

const file = new URL("./lineage.json", import.meta.url);

/** Models, seeds and sources of the dbt project with their columns, tests and SQL, as dbt's own manifest has them. */
export function lineageRoutes(): Route[] {
  return [
    route({
      ...{ method: "get", path: "/lineage", summary: "What the published tables are made of" },
      answer: lineage,
      handle() {
        if (!existsSync(file)) throw new Problem(404, "This build has no lineage.");
        return lineage.parse(JSON.parse(readFileSync(file, "utf8")));
      },
    }),
  ];
}
