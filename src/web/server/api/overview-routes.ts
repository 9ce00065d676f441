import * as z from "zod";
import { dayMs } from "../../../pipeline/window/units.ts";
import type { ServerBackend } from "../home.ts";
import { overview } from "./overview.ts";
import { type Route, route, wholeNumber } from "./route.ts";
import { runSchema } from "./runs-routes.ts";
import { trends } from "./trends.ts";

export function overviewRoutes(home: ServerBackend): Route[] {
  return [
    route({
      ...{ method: "get", path: "/overview", summary: "Is the data all right, what happened, what is next" },
      answer: z.looseObject({
        completeThrough: z.string().nullable(),
        last: runSchema.extend({ words: z.string() }).nullable(),
        attention: z.array(
          z.object({ level: z.string(), what: z.string(), next: z.string(), runId: z.string().nullable() }),
        ),
      }),
      handle: async () => (await overview(home, Date.now())) as never,
    }),
    route({
      ...{ method: "get", path: "/trends", summary: "Ended runs since some days ago, and the time of each task" },
      query: z.strictObject({ days: wholeNumber(1, 730).default(30) }),
      answer: z.looseObject({ runs: z.array(z.looseObject({ state: z.string() })) }),
      handle: async ({ query: { days } }) => (await trends(home, Date.now() - days * dayMs)) as never,
    }),
  ];
}
