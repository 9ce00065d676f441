import * as z from "zod";
import { done, schedule } from "../../contract.ts";
import type { ServerBackend } from "../home.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";

export function scheduleRoutes({ schedules }: ServerBackend): Route[] {
  const isThere = async (name: string) => (await schedules.list()).some((one) => one.name === name);
  const refuseUnknown = async (name: string) => {
    if (!(await isThere(name))) throw new Problem(404, `No schedule is called "${name}".`);
  };
  const change = (what: "pause" | "resume", summary: string) =>
    route({
      ...{ method: "post", path: `/schedules/:name/${what}`, summary },
      body: z.strictObject({}),
      answer: done,
      async handle({ params }) {
        await refuseUnknown(params.name!);
        schedules.change(params.name!, what);
        return { done: true } as const;
      },
    });
  return [
    route({
      ...{ method: "get", path: "/schedules", summary: "Schedules with their next times and what became of the last" },
      answer: z.array(schedule),
      handle: () => schedules.list(),
    }),
    route({
      ...{ method: "post", path: "/schedules", summary: "Adds a schedule" },
      body: z.strictObject({
        ...{ name: z.string(), cron: z.string(), timezone: z.string().optional() },
        ...{ overlap: z.string().optional(), catchUp: z.string().optional() },
      }),
      answer: schedule,
      async handle({ body: { name, cron, timezone, overlap, catchUp } }) {
        if (await isThere(name)) throw new Problem(409, `A schedule is called "${name}" already.`);
        return schedules.add({
          ...{ name, cron },
          ...(timezone === undefined ? {} : { timezone }),
          ...(overlap === undefined ? {} : { overlap }),
          ...(catchUp === undefined ? {} : { catchUp }),
        });
      },
    }),
    route({
      ...{ method: "delete", path: "/schedules/:name", summary: "Takes a schedule out" },
      answer: done,
      async handle({ params }) {
        await refuseUnknown(params.name!);
        schedules.change(params.name!, "rm");
        return { done: true } as const;
      },
    }),
    change("pause", "Starts nothing of a schedule until it is resumed"),
    change("resume", "Goes on with a schedule's next time"),
  ];
}
