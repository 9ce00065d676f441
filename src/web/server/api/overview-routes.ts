import * as z from "zod";
import { dayMs } from "../../../pipeline/window/units.ts";
import * as contract from "../../contract.ts";
import type { ServerBackend } from "../home.ts";
import { overview } from "./overview.ts";
import { type Route, route, wholeNumber } from "./route.ts";
import { trends } from "./trends.ts";

export function overviewRoutes(home: ServerBackend): Route[] {
  return [
    route({
      ...{ method: "get", path: "/overview", summary: "Is the data all right, what happened, what is next" },
      answer: contract.overview,
      handle: () => overview(home, Date.now()),
    }),
    route({
      ...{ method: "get", path: "/trends", summary: "Ended runs since some days ago, and the time of each task" },
      query: z.strictObject({ days: wholeNumber(1, 730).default(30) }),
      answer: contract.trends,
      handle: ({ query: { days } }) => trends(home, Date.now() - days * dayMs),
    }),
  ];
}
