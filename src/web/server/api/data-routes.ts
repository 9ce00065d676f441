import * as z from "zod";
import { isDay } from "../../../pipeline/window/days.ts";
import { table } from "../../contract.ts";
import type { QueryResult, ServerBackend } from "../home.ts";
import { chartNames, chartSql } from "./charts.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";

const day = z.string().refine(isDay, "expected a day such as 2026-11-20");
const mostKept = 200;

/** Charts and SQL on the published snapshot. A chart is computed once for each snapshot and filter. */
export function dataRoutes({ snapshot }: ServerBackend): Route[] {
  const kept = new Map<string, QueryResult>();
  const current = async () => {
    const name = await snapshot.current();
    if (name === null)
      throw new Problem(404, "Nothing is published yet. The first run that completes does it: pipeline run");
    return name;
  };
  return [
    route({
      ...{ method: "get", path: "/charts/:name", summary: "The table behind a chart, and its SQL" },
      query: z.strictObject({
        /** A JSON list: names hold commas. */
        company: z
          .string()
          .max(4000)
          .transform((text, context) => {
            const parsed = z.array(z.string()).safeParse(parse(text));
            if (!parsed.success) context.addIssue("expected a JSON list of names");
            return parsed.data ?? [];
          })
          .optional(),
        product: z.string().max(300).optional(),
        // Two letters as a rule; the longest is UNITED STATES MINOR OUTLYING ISLANDS.
        state: z.string().max(100).optional(),
        from: day.optional(),
        to: day.optional(),
      }),
      answer: table,
      async handle({ params, query, signal }) {
        const chart = chartNames.find((known) => known === params.name);
        if (chart === undefined) throw new Problem(404, `There is no chart "${params.name}".`);
        const name = await current();
        const sql = chartSql(chart, query);
        const key = `${name} ${sql}`;
        const found = kept.get(key) ?? (await snapshot.query(sql, "chart", signal));
        kept.set(key, found);
        if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
        return { snapshot: name, sql, ...found };
      },
    }),
    route({
      ...{ method: "post", path: "/sql", summary: "One SELECT on the published tables" },
      body: z.strictObject({ sql: z.string().min(1).max(50_000) }),
      answer: table,
      async handle({ body: { sql }, signal }) {
        const name = await current();
        return { snapshot: name, sql, ...(await snapshot.query(sql, "sql", signal)) };
      },
    }),
  ];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
