import * as z from "zod";
import type { Route } from "./route.ts";

/** The OpenAPI document of the routes, made from the schemas that check requests. */
export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `/api/v1${route.path.replaceAll(/:(\w+)/g, "{$1}")}`;
    paths[path] ??= {};
    paths[path][route.method] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "pipeline",
      version,
      description: "Runs, schedules and data of one home. An error is `{error: {message}}`.",
    },
    paths,
  };
}

function operation(route: Route): object {
  const { path, summary, query } = route;
  const body = "stream" in route ? null : route.body;
  const given = "stream" in route ? { [route.type]: {} } : content(jsonSchema(route.answer, "output"));
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true, schema: { type: "string" } },
  }));
  const input = jsonSchema(query, "input") as { properties?: Record<string, object>; required?: string[] };
  const inQuery = Object.entries(input.properties ?? {}).map(([name, schema]) => ({
    ...{ name, in: "query", required: input.required?.includes(name) ?? false, schema },
  }));
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body === null ? {} : { requestBody: { content: content(jsonSchema(body, "input")) } }),
    responses: {
      200: { description: summary, content: given },
      "4XX": { description: "What is wrong with the question", content: content(failure) },
      "5XX": { description: "What went wrong", content: content(failure) },
    },
  };
}

const failure = {
  type: "object",
  properties: { error: { type: "object", properties: { message: { type: "string" } }, required: ["message"] } },
  required: ["error"],
};

const content = (schema: object) => ({ "application/json": { schema } });

function jsonSchema(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as { $schema?: string };
  return rest;
}
