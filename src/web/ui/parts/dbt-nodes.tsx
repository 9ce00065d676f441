import { rowsCommand } from "../../../pipeline/report/checks.ts";
import { formatDuration, plural } from "../../../pipeline/report/format.ts";
import type { DbtCheck, DbtNode } from "../../../run/events.ts";

const worst: Record<string, number> = { error: 0, fail: 1, warn: 2 };
const isBad = (status: string) => /error|fail/.test(status);

/** What dbt built and checked, what failed first, then what took longest. */
export function DbtNodes({ nodes }: { nodes: readonly DbtNode[] }) {
  if (nodes.length === 0) return <p class="empty">dbt built nothing in this run.</p>;
  const sorted = nodes.toSorted(
    (a, b) => (worst[a.status] ?? 3) - (worst[b.status] ?? 3) || b.durationMs - a.durationMs,
  );
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>node</th>
            <th>kind</th>
            <th>status</th>
            <th class="number">time</th>
            <th>message</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((node) => (
            <tr key={node.id}>
              <td>
                {node.kind === "model" || node.model !== null ? (
                  <a href={`/lineage/${node.model ?? node.name}`}>{node.model ?? node.name}</a>
                ) : (
                  node.name
                )}
              </td>
              <td>{node.checks.length > 0 ? "checks" : node.kind}</td>
              <td class={isBad(node.status) ? "bad" : ""}>{node.status}</td>
              <td class="number">{formatDuration(node.durationMs)}</td>
              <td>{node.checks.length > 0 ? <Checks checks={node.checks} /> : (node.message ?? "")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The checks that failed, with what they found; the names of the others. */
function Checks({ checks }: { checks: readonly DbtCheck[] }) {
  const others = Map.groupBy(
    checks.filter(({ found }) => found === null),
    ({ status }) => status,
  );
  return (
    <>
      {checks.flatMap(({ name, status, found }) =>
        found === null
          ? []
          : [
              <div key={name}>
                <strong class={isBad(status) ? "bad" : ""}>{name}</strong>: {status}, {plural(found.rows, "row")}
                {found.example === null ? "" : `, such as ${found.example}`}
                <pre class="code" tabIndex={0}>
                  {rowsCommand(found.sql)}
                </pre>
              </div>,
            ],
      )}
      {[...others].map(([status, some]) => (
        <details key={status}>
          <summary>
            {plural(some.length, "check")}: {status}
          </summary>
          {some.map(({ name }) => name).join(", ")}
        </details>
      ))}
    </>
  );
}
