import type { Context } from "hono";
import { Hono } from "hono";
import * as z from "zod";
import { exitCodeOf, PipelineError } from "../../pipeline/errors.ts";
import { errorReport } from "../../pipeline/report.ts";

/** What one address answers: the schemas check what is asked, and make the OpenAPI document. */
export type Route = {
  method: "get" | "post" | "delete";
  /** Below `/api/v1`, such as `/runs/:id`. */
  path: string;
  summary: string;
  query: z.ZodType;
  body: z.ZodType | null;
  answer: z.ZodType;
  handle(asked: { params: Record<string, string>; query: unknown; body: unknown; signal: AbortSignal }): unknown;
};

/** Ties the types of a route's schemas to its handler. */
export function route<
  Q extends z.ZodType = z.ZodObject,
  B extends z.ZodType = z.ZodNull,
  A extends z.ZodType = z.ZodType,
>(
  given: Pick<Route, "method" | "path" | "summary"> & {
    query?: Q;
    body?: B;
    answer: A;
    handle(asked: {
      params: Record<string, string>;
      query: z.output<Q>;
      body: z.output<B>;
      signal: AbortSignal;
    }): z.input<A> | Promise<z.input<A>>;
  },
): Route {
  return { query: z.strictObject({}), body: null, ...given } as unknown as Route;
}

/** An answer that is not what was asked for. */
export class Problem extends Error {
  readonly status: 400 | 404 | 409 | 413 | 503;

  constructor(status: Problem["status"], message: string) {
    super(message);
    this.name = "Problem";
    this.status = status;
  }
}

const mostBodyBytes = 100_000;

/** The routes as an application; `onError` hears of what nobody expected. */
export function routed(routes: readonly Route[], onError: (error: unknown) => void): Hono {
  const app = new Hono();
  for (const { method, path, query, body, handle } of routes) {
    app[method](path, async (context) => {
      const asked = query.safeParse(context.req.query());
      if (!asked.success) return problem(context, 400, describe(asked.error, "query"));
      const sent = body === null ? null : await readBody(context, body);
      if (sent !== null && !sent.success) return problem(context, 400, describe(sent.error, "body"));
      const signal = context.req.raw.signal;
      const answer = await handle({ params: context.req.param(), query: asked.data, body: sent?.data ?? null, signal });
      return context.json(answer as object);
    });
  }
  app.notFound((context) => problem(context, 404, "There is nothing here."));
  app.onError((error, context) => {
    if (error instanceof Problem) return problem(context, error.status, error.message);
    if (error instanceof PipelineError) {
      const code = exitCodeOf(error.code);
      return context.json({ error: errorReport(error) }, code === 2 ? 400 : code === 75 ? 409 : 500);
    }
    onError(error);
    return context.json({ error: { message: "An unexpected error; the server's log has it." } }, 500);
  });
  return app;
}

async function readBody(context: Context, schema: z.ZodType) {
  let text = "";
  let bytes = 0;
  const decoder = new TextDecoder();
  for await (const chunk of context.req.raw.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBodyBytes) throw new Problem(413, "The body is too long.");
    text += decoder.decode(chunk, { stream: true });
  }
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new Problem(400, "The body is no JSON.");
  }
  return schema.safeParse(value);
}

function problem(context: Context, status: 400 | 404 | 409 | 413 | 503, message: string) {
  return context.json({ error: { message } }, status);
}

function describe(error: z.ZodError, where: string): string {
  const [issue] = error.issues;
  return `${issue?.path.join(".") || where}: ${issue?.message}`;
}
