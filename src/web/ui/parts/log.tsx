import { useEffect, useRef, useState } from "preact/hooks";
import { eventLine } from "../../../pipeline/report/event-line.ts";
import type { LogLine, RunDetail } from "../../contract.ts";
import { ask } from "../api.ts";
import { clock } from "../format.ts";
import { route, setQuery } from "../router.ts";
import { SearchField } from "./search-field.tsx";

const rowPx = 20;
const pageSize = 500;
const heightPx = 480;
/** The tallest element that a browser draws, less some: a longer log is scrolled in larger steps. */
const mostPx = 15_000_000;
const levels = ["debug", "info", "warn", "error"] as const;
const names: Record<number, string> = { 10: "debug", 20: "info", 30: "warn", 40: "error" };

/** The log of a run: what is in view is fetched by its numbers, whatever the length; a run that is under way is followed. */
export function Log({ run }: { run: RunDetail }) {
  const { query } = route.value;
  const level = query.get("level") ?? "info";
  const task = query.get("task") ?? "";
  const search = query.get("search") ?? "";
  // What was followed is read on to its end where it is.
  const wasOver = useRef(run.endedAt !== null).current;
  const isWhole = level === "debug" && task === "" && search === "";
  const filter = new URLSearchParams({ level, ...(task === "" ? {} : { task }), ...(search === "" ? {} : { search }) });
  return (
    <section aria-label="Log">
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Level{" "}
          <select value={level} onChange={(event) => setQuery({ level: event.currentTarget.value }, true)}>
            {levels.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Task{" "}
          <select value={task} onChange={(event) => setQuery({ task: event.currentTarget.value }, true)}>
            <option value="">all</option>
            {run.tasks.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <SearchField search={search} />
        <a href={`/api/v1/runs/${run.id}/log.ndjson`} download={`${run.name}.ndjson`}>
          Download
        </a>
      </form>
      {isWhole && wasOver ? <Whole run={run} /> : <Found key={String(filter)} run={run} filter={filter} />}
    </section>
  );
}

/** All lines of an ended run: its numbers have no gap, so every place in it is known before it is fetched. */
function Whole({ run }: { run: RunDetail }) {
  const pages = useRef(new Map<number, LogLine[]>());
  const [, redraw] = useState(0);
  const lineAt = (index: number): LogLine | undefined => {
    const page = Math.floor(index / pageSize);
    const known = pages.current.get(page);
    if (known === undefined) {
      pages.current.set(page, []);
      void ask<LogLine[]>(`/runs/${run.id}/logs?after=${page * pageSize}&limit=${pageSize}`).then((lines) => {
        pages.current.set(page, lines);
        redraw((n) => n + 1);
      });
    }
    return known?.[index - page * pageSize];
  };
  return <Lines count={run.lines} lineAt={lineAt} follow={false} />;
}

/** What a filter finds, or what happens: streamed, and gone on with behind the last line when the stream breaks. */
function Found({ run, filter }: { run: RunDetail; filter: URLSearchParams }) {
  const lines = useRef<LogLine[]>([]);
  const [, redraw] = useState(0);
  const [isOver, setOver] = useState(false);
  const wasLive = useRef(run.endedAt === null).current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another run or filter is another component
  useEffect(() => {
    let source: EventSource | null = null;
    let timer = 0;
    let isGone = false;
    const draw = () => {
      if (timer === 0) {
        timer = requestAnimationFrame(() => {
          timer = 0;
          redraw((n) => n + 1);
        });
      }
    };
    const open = () => {
      source = new EventSource(`/api/v1/runs/${run.id}/log-stream?${filter}&after=${lines.current.at(-1)?.seq ?? 0}`);
      source.addEventListener("line", ({ data }) => {
        const line = JSON.parse(data) as LogLine;
        if (line.seq > (lines.current.at(-1)?.seq ?? 0)) lines.current.push(line);
        draw();
      });
      source.addEventListener("end", () => {
        source?.close();
        setOver(true);
        draw();
      });
      source.onerror = () => {
        // The browser tries again by itself, unless the answer was an error.
        if (source?.readyState === EventSource.CLOSED && !isGone) setTimeout(open, 2000);
      };
    };
    open();
    return () => {
      isGone = true;
      source?.close();
    };
  }, []);
  if (isOver && lines.current.length === 0) return <p class="empty">No line is like that.</p>;
  return <Lines count={lines.current.length} lineAt={(index) => lines.current[index]} follow={wasLive} />;
}

function Lines({
  count,
  lineAt,
  follow,
}: {
  count: number;
  lineAt: (index: number) => LogLine | undefined;
  follow: boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const isAtEnd = useRef(true);
  const full = count * rowPx;
  const tall = Math.min(full, mostPx);
  // Beyond the tallest element a step of the scroll bar is several lines.
  const scale = tall <= heightPx ? 1 : (full - heightPx) / (tall - heightPx);
  const offset = Math.max(top * scale, 0);
  const from = Math.max(Math.floor(offset / rowPx) - 5, 0);
  const to = Math.min(Math.ceil((offset + heightPx) / rowPx) + 5, count);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is the reason
  useEffect(() => {
    if (follow && isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [count]);
  const onScroll = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    isAtEnd.current = currentTarget.scrollTop + currentTarget.clientHeight >= currentTarget.scrollHeight - 2 * rowPx;
    setTop(currentTarget.scrollTop);
  };
  return (
    <div
      class="log"
      ref={box}
      onScroll={onScroll}
      tabIndex={0}
      role="log"
      aria-label={`${count.toLocaleString("en-US")} lines`}
      style={{ height: `${heightPx}px` }}
    >
      <div style={{ height: `${tall}px` }}>
        <div style={{ transform: `translateY(${top - (offset - from * rowPx)}px)` }}>
          {Array.from({ length: Math.max(to - from, 0) }, (_, i) => {
            const line = lineAt(from + i);
            return (
              <div key={from + i} class={`line ${names[line?.level ?? 20]}`} style={{ height: `${rowPx}px` }}>
                {line !== undefined && (
                  <>
                    <span class="dim">{clock(line.event.at)}</span> <span class="level">{names[line.level]}</span>{" "}
                    {eventLine(line.event)}
                  </>
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
