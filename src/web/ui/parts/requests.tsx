import { formatDuration } from "../../../pipeline/report/format.ts";
import type { RunEvent } from "../../../run/events.ts";
import type { LogLine, RunDetail } from "../../contract.ts";
import { useQuery } from "../api.ts";
import { clock } from "../format.ts";
import { QueryView } from "./shown.tsx";

type Request = {
  at: string;
  /** The scope, or the task of no scope. */
  label: string;
  url: string;
  status: number | null;
  ms: number | null;
  error: string | null;
};
/** What the source was asked, in its order, and what became of it. */
export function Requests({ run }: { run: RunDetail }) {
  const result = useQuery<LogLine[]>(`/runs/${run.id}/logs?search=source.&limit=1000`, run.endedAt === null);
  return (
    <QueryView result={result}>
      {(lines) => {
        const requests = requestsOf(lines.map(({ event }) => event));
        if (requests.length === 0) return <p class="empty">The source was not asked in this run.</p>;
        return (
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th>at</th>
                  <th>task</th>
                  <th>question</th>
                  <th class="number">answer</th>
                  <th class="number">first byte</th>
                </tr>
              </thead>
              <tbody>
                {requests.map((request, i) => (
                  <tr key={i}>
                    <td>{clock(request.at)}</td>
                    <td>{request.label}</td>
                    <td>
                      <code>{questionOf(request.url)}</code>
                    </td>
                    <td class={`number ${request.error === null ? "" : "bad"}`}>
                      {request.error ?? request.status ?? "waiting"}
                    </td>
                    <td class="number">{request.ms === null ? "" : formatDuration(request.ms)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      }}
    </QueryView>
  );
}

/** `company: JPMORGAN CHASE & CO., size: 10000`; a shortened address is read as far as it goes. */
function questionOf(url: string): string {
  const query = new URLSearchParams(url.replace(/^[^?]*\?/, ""));
  return [...query].map(([name, value]) => `${name}: ${value}`).join(", ");
}

/** A task sends one request at a time: what comes next of it is about the last one. */
function requestsOf(events: readonly RunEvent[]): Request[] {
  const requests: Request[] = [];
  const open = new Map<string, Request>();
  for (const event of events) {
    if (event.type === "source.request") {
      const { at, task, scope: label = task, url } = event;
      const request: Request = { at, label, url, status: null, ms: null, error: null };
      requests.push(request);
      open.set(task, request);
    } else if (event.type === "source.answered") {
      Object.assign(open.get(event.task) ?? {}, { status: event.status, ms: event.ms });
    } else if (event.type === "source.retry") Object.assign(open.get(event.task) ?? {}, { error: event.error.code });
  }
  return requests;
}
