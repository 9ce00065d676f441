import { formatDuration } from "../../../pipeline/report/format.ts";
import { useQuery } from "../api.ts";
import { clock } from "../format.ts";
import type { LogLine, RunDetail } from "../types.ts";
import { QueryView } from "./shown.tsx";

type Request = {
  at: string;
  task: string;
  url: string;
  status: number | null;
  ms: number | null;
  error: string | null;
};
type SourceEvent = {
  type: string;
  at: string;
  task: string;
  url?: string;
  status?: number;
  ms?: number;
  error?: { code: string };
};

/** What the source was asked, in its order, and what became of it. */
export function Requests({ run }: { run: RunDetail }) {
  const result = useQuery<LogLine[]>(`/runs/${run.id}/logs?search=source.&limit=1000`, run.endedAt === null);
  return (
    <QueryView result={result}>
      {(lines) => {
        const requests = requestsOf(lines.map(({ event }) => event as unknown as SourceEvent));
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
                    <td>{/\[(.*)\]$/.exec(request.task)?.[1] ?? request.task}</td>
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

/** A task asks one question at a time: what comes next of it is about the last one. */
function requestsOf(events: readonly SourceEvent[]): Request[] {
  const requests: Request[] = [];
  const open = new Map<string, Request>();
  for (const { type, at, task, url = "", status = null, ms = null, error } of events) {
    if (type === "source.request") {
      const request: Request = { at, task, url, status: null, ms: null, error: null };
      requests.push(request);
      open.set(task, request);
    } else if (type === "source.answered") Object.assign(open.get(task) ?? {}, { status, ms });
    else if (type === "source.retry") Object.assign(open.get(task) ?? {}, { error: error?.code ?? "failed" });
  }
  return requests;
}
