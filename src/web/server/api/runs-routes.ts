import * as z from "zod";
import { publicRun } from "../../../history/public-run.ts";
import { doneSince } from "../../../history/retries.ts";
import type { RunRow } from "../../../history/rows.ts";
import { isDay } from "../../../pipeline/window/days.ts";
import { levels } from "../../../run/log-level.ts";
import { isFinal, states } from "../../../run/states.ts";
import { logLine, runDetail, runRow, runState, startedRun } from "../../contract.ts";
import type { ServerBackend } from "../home.ts";
import { Problem } from "./problem.ts";
import { type Route, route, wholeNumber } from "./route.ts";

const day = z.string().refine(isDay, "expected a day such as 2026-11-20");

const listQuery = z.strictObject({
  state: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(states)))
    .optional(),
  trigger: z.string().max(32).optional(),
  name: z.string().max(64).optional(),
  since: z.iso.datetime({ offset: true }).transform(Date.parse).optional(),
  before: z.string().max(64).optional(),
  limit: wholeNumber(1, 1000).default(50),
});

export const logQuery = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("debug"),
  task: z.string().max(200).optional(),
  search: z.string().min(1).max(200).optional(),
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: wholeNumber(1, 1000).default(500),
});

/** The run that an id, its beginning or a name means. Throws 404, or 409 where it means several. */
export async function findRun(home: ServerBackend, id: string): Promise<RunRow> {
  const history = await home.history.get();
  await history?.findCrashed();
  const [run, other] = (await history?.find(id)) ?? [];
  if (run === undefined || id === "") throw new Problem(404, `No run is called "${id}".`);
  if (other !== undefined) throw new Problem(409, `"${id}" means several runs.`);
  return run;
}

/** The filter of {@link logQuery} as the history takes it. */
export function logFilter({ level, task, search, after, limit }: z.output<typeof logQuery>) {
  return {
    ...{ level: levels[level], after, limit },
    ...(task === undefined ? {} : { task }),
    ...(search === undefined ? {} : { search }),
  };
}

export function runsRoutes(home: ServerBackend): Route[] {
  const { history, actions } = home;
  const refuseBusy = async () => {
    const holder = await home.holder();
    if (holder !== undefined)
      throw new Problem(409, `Another run is under way: process ${holder.pid}, since ${holder.since}.`);
  };
  return [
    route({
      ...{ method: "get", path: "/runs", summary: "Runs, newest first" },
      query: listQuery,
      answer: z.array(runRow),
      async handle({ query: { state, trigger, name, since, before, limit } }) {
        const found = await history.get();
        if (found === null) return [];
        await found.findCrashed();
        if (name !== undefined) return (await found.find(name)).map((row) => publicRun(row));
        const last = before === undefined ? undefined : await findRun(home, before);
        const runs = await found.list({
          limit,
          ...(state === undefined ? {} : { states: state }),
          ...(trigger === undefined ? {} : { trigger }),
          ...(since === undefined ? {} : { since }),
          ...(last === undefined ? {} : { before: last.no }),
        });
        return runs.map((row) => publicRun(row));
      },
    }),
    route({
      ...{ method: "get", path: "/runs/:id", summary: "A run with its tasks, attempts, models, resources and report" },
      answer: runDetail,
      async handle({ params }) {
        const { no } = await findRun(home, params.id!);
        const found = (await history.get())!;
        const run = await found.inspect(no);
        const done = await doneSince(found, run);
        const doneBy = done && { id: done.id, name: done.name };
        const [lines, samples] = [await found.lineCount(no), await found.samples(no)];
        return { ...publicRun(run), doneBy, lines, samples };
      },
    }),
    route({
      ...{ method: "get", path: "/runs/:id/logs", summary: "Lines of a run's log, in their order" },
      query: logQuery,
      answer: z.array(logLine),
      async handle({ params, query }) {
        const run = await findRun(home, params.id!);
        return (await history.get())!.logs(run, logFilter(query));
      },
    }),
    route({
      ...{ method: "post", path: "/runs", summary: "Starts a run" },
      body: z.strictObject({ resetState: z.boolean().optional(), acceptWithdrawals: z.boolean().optional() }),
      answer: startedRun,
      async handle({ body: { resetState, acceptWithdrawals } }) {
        await refuseBusy();
        const options = {
          ...(resetState === undefined ? {} : { resetState }),
          ...(acceptWithdrawals === undefined ? {} : { acceptWithdrawals }),
        };
        return { runId: await actions.run(options) };
      },
    }),
    route({
      ...{ method: "post", path: "/backfills", summary: "Reads days again; no watermark moves" },
      body: z
        .strictObject({ from: day, to: day })
        .refine(({ from, to }) => from <= to, "expected `from` to be no later than `to`"),
      answer: startedRun,
      async handle({ body }) {
        await refuseBusy();
        return { runId: await actions.backfill(body) };
      },
    }),
    route({
      ...{ method: "post", path: "/runs/:id/retry", summary: "Does what a run left over" },
      body: z.strictObject({}),
      answer: startedRun,
      async handle({ params }) {
        const run = await findRun(home, params.id!);
        if (!isFinal(run.state)) throw new Problem(409, `The run ${run.name} is not over: ${run.state}.`);
        if (run.state === "Completed")
          throw new Problem(409, `The run ${run.name} is complete: nothing is left to do.`);
        const found = (await history.get())!;
        const done = await doneSince(found, await found.inspect(run.no));
        if (done !== null)
          throw new Problem(409, `The run ${run.name} was retried by ${done.name}; nothing is left to do.`);
        await refuseBusy();
        return { runId: await actions.retry(run.id) };
      },
    }),
    route({
      ...{ method: "post", path: "/runs/:id/cancel", summary: "Asks a run to stop" },
      body: z.strictObject({}),
      answer: runState,
      async handle({ params }) {
        const run = await findRun(home, params.id!);
        if (isFinal(run.state)) throw new Problem(409, `The run ${run.name} is over: ${run.state}.`);
        await actions.cancel(run.id);
        return { state: (await findRun(home, run.id)).state };
      },
    }),
  ];
}
