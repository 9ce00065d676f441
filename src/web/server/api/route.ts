import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as z from "zod";
import { factsOf, PipelineError, statusOf } from "../../../run/errors.ts";
import { type App, type AppContext, readText } from "../request.ts";
import type { Sender } from "../sending.ts";
import { Problem } from "./problem.ts";

type RouteRequest = { params: Record<string, string>; query: unknown; body: unknown; signal: AbortSignal };

type Address = {
  /** Below `/api/v1`, such as `/runs/:id`. */
  path: string;
  summary: string;
  query: z.ZodType;
};

/** What one address answers: the schemas check what is asked, and make the OpenAPI document. */
export type JsonRoute = Address & {
  method: "get" | "post" | "delete";
  body: z.ZodType | null;
  answer: z.ZodType;
  handle(request: RouteRequest): unknown;
};

/** Writes an answer as it comes. */
type Writer = (response: ServerResponse) => void | Promise<void>;

/** An address whose answer is written as it comes. `stream` looks at what is asked, and throws what is wrong with it, before that. */
export type StreamRoute = Address & {
  method: "get";
  /** The type of the answer. */
  type: string;
  stream(request: Omit<RouteRequest, "body"> & { lastEventId: string | undefined }): Writer | Promise<Writer>;
};

export type Route = JsonRoute | StreamRoute;

/** Ties the types of a route's schemas to its handler. */
export function route<
  Q extends z.ZodType = z.ZodObject,
  B extends z.ZodType = z.ZodNull,
  A extends z.ZodType = z.ZodType,
>(
  given: Pick<JsonRoute, "method" | "path" | "summary"> & {
    query?: Q;
    body?: B;
    answer: A;
    handle(
      request: Omit<RouteRequest, "query" | "body"> & { query: z.output<Q>; body: z.output<B> },
    ): z.input<A> | Promise<z.input<A>>;
  },
): Route {
  return { query: z.strictObject({}), body: null, ...given } as unknown as Route;
}

/** Ties the type of a stream's schema to its handler. */
export function streamRoute<Q extends z.ZodType>(
  given: Pick<StreamRoute, "path" | "summary" | "type"> & {
    query: Q;
    stream(
      request: Omit<Parameters<StreamRoute["stream"]>[0], "query"> & { query: z.output<Q> },
    ): Writer | Promise<Writer>;
  },
): Route {
  return { method: "get", ...given } as unknown as Route;
}

/** A number in an address: digits alone, within bounds. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: "expected a whole number", abort: true })
    .transform(Number)
    .pipe(z.number().min(least).max(most));
}

const mostBodyBytes = 100_000;
/** Bytes of an answer that is handed over at once. */
const smallAnswer = 65_536;

/** The routes as a part of an application, which answers what they throw; `onError` hears of what goes wrong under way. */
export function routed(routes: readonly Route[], sender: Sender, onError: (error: unknown) => void): App {
  const app: App = new Hono();
  for (const one of routes) {
    app[one.method](one.path, async (context) => {
      const query = check(one.query, queryOf(context), "query");
      const { signal } = context.req.raw;
      const request = { params: context.req.param() as Record<string, string>, query, signal };
      if ("stream" in one) return answerStream(one, request, context, onError);
      const body = one.body === null ? null : check(one.body, await readBody(context), "body");
      const answer = await one.handle({ ...request, body });
      // It is reported and given as it is: a row that another version wrote is worth more to a reader than an error.
      const wrong = one.answer.safeParse(answer).error;
      if (wrong !== undefined)
        onError(new Error(`${one.path} answers what its schema does not say: ${z.prettifyError(wrong)}`));
      const text = JSON.stringify(answer);
      const headers = { "content-type": "application/json" };
      if (Buffer.byteLength(text) <= smallAnswer) return context.body(text, 200, headers);
      const { outgoing } = context.env;
      outgoing.writeHead(200, headers);
      await sender.send(outgoing as ServerResponse, [text]);
      return RESPONSE_ALREADY_SENT;
    });
  }
  refuseOtherMethods(app, routes);
  return app;
}

async function answerStream(
  { type, stream }: StreamRoute,
  request: Omit<RouteRequest, "body">,
  context: AppContext,
  onError: (error: unknown) => void,
): Promise<Response> {
  const write = await stream({ ...request, lastEventId: context.req.header("last-event-id") });
  if (context.req.method === "HEAD") return context.body(null, 200, { "content-type": type });
  const response = context.env.outgoing as ServerResponse;
  // What fails while an answer is under way ends that answer, and nothing else.
  Promise.resolve(write(response)).catch((error: unknown) => {
    if (!response.destroyed) onError(error);
    response.destroy();
  });
  return RESPONSE_ALREADY_SENT;
}

/** Of an address that is there with another method: 405, and which ones there are. */
export function refuseOtherMethods(app: App, routes: readonly Pick<Route, "method" | "path">[]): void {
  for (const [path, all] of Map.groupBy(routes, ({ path }) => path)) {
    const methods = all.flatMap(({ method }) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]));
    app.all(path, (context) => {
      context.header("allow", methods.join(", "));
      return failure(context, new Problem(405, `This address answers ${methods.join(", ")}.`));
    });
  }
}

/** An error as an answer. */
export function failure(
  context: Context,
  error: unknown,
  onError: (error: unknown) => void = () => undefined,
): Response {
  if (error instanceof Problem) {
    const { status, message, retryAfter } = error;
    if (retryAfter !== null) context.header("retry-after", String(retryAfter));
    return context.json({ error: { message } }, status);
  }
  if (error instanceof PipelineError) {
    return context.json({ error: factsOf(error) }, statusOf(error.code) as ContentfulStatusCode);
  }
  onError(error);
  return context.json({ error: { message: "An unexpected error; the server's log has it." } }, 500);
}

/** The parameters of an address; one that is there twice is a mistake. */
function queryOf(context: Context): Record<string, string> {
  const { searchParams } = new URL(context.req.url);
  const query: Record<string, string> = {};
  for (const [name, value] of searchParams) {
    if (Object.hasOwn(query, name)) throw new Problem(400, `${name}: it is given twice`);
    Object.defineProperty(query, name, { value, enumerable: true });
  }
  return query;
}

function check(schema: z.ZodType, value: unknown, where: string): unknown {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new Problem(400, `${issue?.path.join(".") || where}: ${issue?.message}`);
}

async function readBody(context: AppContext): Promise<unknown> {
  const text = await readText(context, mostBodyBytes);
  if (text === null) throw new Problem(413, "The body is too long.");
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    throw new Problem(400, "The body is not JSON.");
  }
}
