import type { ServerResponse } from "node:http";
import type * as z from "zod";
import type { RunRow } from "../../../history/rows.ts";
import { PipelineError } from "../../../run/errors.ts";
import { isFinal } from "../../../run/states.ts";
import { type Changes, openStream } from "../changes.ts";
import type { ServerBackend } from "../home.ts";
import { logFilter, type logQuery } from "./runs-routes.ts";

/** Bytes that a client may be behind before no more is read for it. */
const mostWaiting = 256_000;

/**
 * A run's log as server-sent events, from behind `after` (or the browser's Last-Event-ID) until the run is over: `line` with the number
 * of the line as its id, `state` when the run's state changed, `end`. Nothing is kept here: a stream goes on after the server was restarted.
 */
export function streamLog(
  home: ServerBackend,
  changes: Changes,
  run: RunRow,
  request: z.output<typeof logQuery>,
  lastEventId: string | undefined,
  response: ServerResponse,
  onError: (error: unknown) => void,
): void {
  openStream(response);
  let after = Math.max(request.after, Number(lastEventId) || 0);
  let sent = "";
  /** 1 while it sends, 2 where more has come meanwhile. */
  let asked = 0;
  const more = async () => {
    asked = Math.min(asked + 1, 2);
    if (asked > 1) return;
    try {
      for (; asked > 0; asked--) await send();
    } catch (error) {
      // The history is away, or the run was pruned: the browser asks again and gets the answer.
      if (!response.destroyed && !(error instanceof PipelineError)) onError(error);
      stop();
      response.destroy();
    }
  };
  const send = async () => {
    for (;;) {
      if (response.writableEnded || response.writableLength > mostWaiting) return;
      const history = await home.history.get();
      if (history === null) return void finish();
      const state = await history.stateOf(run.no);
      const lines = await history.logs(run, { ...logFilter(request), after });
      for (const line of lines) response.write(`id: ${line.seq}\nevent: line\ndata: ${JSON.stringify(line)}\n\n`);
      after = lines.at(-1)?.seq ?? after;
      if (state !== sent) response.write(`event: state\ndata: ${JSON.stringify({ state })}\n\n`);
      sent = state;
      if (lines.length < request.limit) {
        if (isFinal(state)) finish();
        return;
      }
    }
  };
  const finish = () => {
    stop();
    response.end("event: end\ndata: {}\n\n");
  };
  const stop = changes.listen(more);
  response.once("close", stop);
  response.on("drain", more);
  more();
}
