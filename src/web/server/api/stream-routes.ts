import type { ServerResponse } from "node:http";
import * as z from "zod";
import type { RunRow } from "../../../history/rows.ts";
import type { Changes } from "../changes.ts";
import type { ServerBackend } from "../home.ts";
import type { Sender } from "../sending.ts";
import { streamLog } from "./log-stream.ts";
import { Problem } from "./problem.ts";
import { type Route, streamRoute } from "./route.ts";
import { findRun, logQuery } from "./runs-routes.ts";

const mostStreams = 500;

/** Answers that are written as they come: what changes at the server, and the logs of runs. `onError` hears of what goes wrong under way. */
export function streamRoutes(
  home: ServerBackend,
  changes: Changes,
  sender: Sender,
  onError: (error: unknown) => void,
): Route[] {
  let streams = 0;
  /** Counts a stream for as long as it is open. Throws a 503 where there are too many. */
  const open = (response: ServerResponse) => {
    if (streams >= mostStreams) throw new Problem(503, "Too many pages are open.", 5);
    if (response.destroyed) return;
    streams++;
    response.once("close", () => streams--);
  };
  return [
    streamRoute({
      ...{ path: "/events", summary: "Says that something changed at the server, as server-sent events" },
      type: "text/event-stream",
      query: z.strictObject({}),
      stream: () => (response) => {
        open(response);
        changes.serve(response);
      },
    }),
    streamRoute({
      ...{ path: "/runs/:id/log-stream", summary: "A run's log to its end, as server-sent events" },
      type: "text/event-stream",
      query: logQuery,
      async stream({ params, query, lastEventId }) {
        const run = await findRun(home, params.id!);
        return (response) => {
          open(response);
          streamLog(home, changes, run, query, lastEventId, response, onError);
        };
      },
    }),
    streamRoute({
      ...{ path: "/runs/:id/log.ndjson", summary: "A run's whole log, an event a line" },
      type: "application/x-ndjson",
      query: z.strictObject({}),
      async stream({ params }) {
        const run = await findRun(home, params.id!);
        return (response) => {
          response.writeHead(200, {
            "content-type": "application/x-ndjson",
            "content-disposition": `attachment; filename="${run.name}.ndjson"`,
          });
          return sender.send(response, linesOf(home, run));
        };
      },
    }),
  ];
}

async function* linesOf(home: ServerBackend, run: RunRow): AsyncGenerator<string> {
  for (let after = 0; ; ) {
    const history = await home.history.get();
    const lines = (await history?.logs(run, { after, limit: 1000 })) ?? [];
    if (lines.length === 0) return;
    after = lines.at(-1)!.seq;
    yield lines.map(({ event }) => `${JSON.stringify(event)}\n`).join("");
  }
}
