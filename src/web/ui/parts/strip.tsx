import { formatDuration } from "../../../pipeline/report/format.ts";
import type { Overview } from "../../contract.ts";
import { time } from "../format.ts";

/** Recent runs, oldest first: the height is the duration, color and pattern the state. */
export function RunStrip({ runs }: { runs: Overview["runs"] }) {
  const longest = Math.max(...runs.map(({ durationMs }) => durationMs), 1);
  return (
    <ol class="strip">
      {runs.toReversed().map(({ id, name, state, startedAt, durationMs, changed }) => {
        const text = `${name}: ${state}, ${time(startedAt, false)}, ${formatDuration(durationMs)}${changed === null ? "" : `, ${changed.toLocaleString("en-US")} changed`}`;
        return (
          <li key={id}>
            <a href={`/runs/${id}`} title={text} aria-label={text} data-row>
              <span class={`bar ${state}`} style={{ height: `${Math.max((100 * durationMs) / longest, 8)}%` }} />
            </a>
          </li>
        );
      })}
    </ol>
  );
}
