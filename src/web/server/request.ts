import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import { Problem } from "./api/problem.ts";

type Env = { Bindings: HttpBindings };
export type App = Hono<Env>;
export type AppContext = Context<Env>;

/** Whether a method changes nothing. */
export const isRead = (method: string | undefined): boolean => method === "GET" || method === "HEAD";

/** A request's body as text; null where it has more bytes than that. Throws `Problem` 400 where it ends early. */
export async function readText(context: AppContext, mostBytes: number): Promise<string | null> {
  let text = "";
  let bytes = 0;
  const decoder = new TextDecoder();
  try {
    for await (const chunk of context.req.raw.body ?? []) {
      bytes += chunk.length;
      if (bytes > mostBytes) return null;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    // Whoever asked has gone: nobody reads the answer, and it is nobody's fault here.
    if (!context.req.raw.signal.aborted && !context.env.incoming.destroyed) throw error;
    throw new Problem(400, "The body ended early.");
  }
  return text;
}
