import { Hono } from "hono";
import * as z from "zod";
import { publicRun } from "../../history/public-run.ts";
import { states } from "../../pipeline/run-state.ts";
import type { HistoryHandle } from "./history-handle.ts";

const listQuery = z.strictObject({
  state: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(states)))
    .optional(),
  trigger: z.string().max(32).optional(),
  since: z.iso.datetime({ offset: true }).transform(Date.parse).optional(),
  before: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});

/** The runs of a home as JSON, under `/api/v1`. */
export function runsApi(handle: HistoryHandle): Hono {
  const api = new Hono();

  api.get("/runs", (context) => {
    const query = listQuery.safeParse(context.req.query());
    if (!query.success) return context.json({ error: { message: describe(query.error) } }, 400);
    const { state, trigger, since, before, limit } = query.data;
    const history = handle.get();
    if (history === null) return context.json([]);
    history.findCrashed();
    const [last] = before === undefined ? [] : history.find(before);
    if (before !== undefined && last === undefined) {
      return context.json({ error: { message: `No run is called "${before}".` } }, 404);
    }
    const runs = history.list({
      limit,
      ...(state === undefined ? {} : { states: state }),
      ...(trigger === undefined ? {} : { trigger }),
      ...(since === undefined ? {} : { since }),
      ...(last === undefined ? {} : { before: last.no }),
    });
    return context.json(runs.map(publicRun));
  });

  api.get("/runs/:id", (context) => {
    const id = context.req.param("id");
    const history = handle.get();
    history?.findCrashed();
    const [run, other] = history?.find(id) ?? [];
    if (history === null || run === undefined) {
      return context.json({ error: { message: `No run is called "${id}".` } }, 404);
    }
    if (other !== undefined && run.id !== id && run.name !== id) {
      return context.json({ error: { message: `"${id}" means several runs.` } }, 409);
    }
    return context.json(publicRun(history.inspect(run.no)));
  });

  return api;
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join(".") || "query"}: ${issue?.message}`;
}
