import { useEffect } from "preact/hooks";
import type { LineageNode, RunDetail, RunRow } from "../../contract.ts";
import { useQuery } from "../api.ts";
import { SearchField } from "../parts/search-field.tsx";
import { QueryView } from "../parts/shown.tsx";
import { route } from "../router.ts";

/** What the published tables are made of: columns, tests with their last results, SQL. */
export function Lineage({ name }: { name: string }) {
  const result = useQuery<LineageNode[]>("/lineage");
  useEffect(() => {
    document.title = `${name === "" ? "Lineage" : name}: pipeline`;
  }, [name]);
  return (
    <>
      <h1>Lineage</h1>
      <QueryView result={result}>
        {(nodes) => (name === "" ? <Graph nodes={nodes} /> : <One nodes={nodes} name={name} />)}
      </QueryView>
    </>
  );
}

const box = { width: 172, height: 26, gapX: 28, gapY: 8 };

/** Columns of boxes: what something is made of stands left of it. */
function Graph({ nodes }: { nodes: LineageNode[] }) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const depths = new Map<string, number>();
  const depth = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const from = byName.get(name)?.from ?? [];
    const found = from.length === 0 ? 0 : 1 + Math.max(...from.map(depth));
    depths.set(name, found);
    return found;
  };
  const columns = Map.groupBy(nodes, ({ name }) => depth(name));
  const place = new Map<string, { x: number; y: number }>();
  for (const [column, some] of columns) {
    some.forEach(({ name }, i) => {
      place.set(name, { x: column * (box.width + box.gapX), y: i * (box.height + box.gapY) });
    });
  }
  const width = columns.size * (box.width + box.gapX);
  const height = Math.max(...[...columns.values()].map((some) => some.length)) * (box.height + box.gapY);
  return (
    <div class="scroll">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ minWidth: `${width}px` }}
        class="graph"
        role="group"
        aria-label="What is made of what"
      >
        {nodes.flatMap(({ name, from }) =>
          from.map((source) => {
            const a = place.get(source)!;
            const b = place.get(name)!;
            const [x1, y1, x2, y2] = [a.x + box.width, a.y + box.height / 2, b.x, b.y + box.height / 2];
            return (
              <path
                key={`${source} ${name}`}
                d={`M${x1} ${y1}C${x1 + 14} ${y1} ${x2 - 14} ${y2} ${x2} ${y2}`}
                class="edge"
              />
            );
          }),
        )}
        {nodes.map(({ name, kind }) => {
          const { x, y } = place.get(name)!;
          return (
            <a key={name} href={`/lineage/${encodeURIComponent(name)}`} data-row>
              <g transform={`translate(${x} ${y})`}>
                <rect width={box.width} height={box.height} rx="4" class={`node ${kind}`} />
                <text x="6" y="17">
                  {name.length > 28 ? `${name.slice(0, 27)}…` : name}
                </text>
              </g>
            </a>
          );
        })}
      </svg>
    </div>
  );
}

function One({ nodes, name }: { nodes: LineageNode[]; name: string }) {
  const node = nodes.find((found) => found.name === name);
  const runs = useQuery<RunRow[]>("/runs?state=Completed,Failed&limit=1", true);
  const run = useQuery<RunDetail>(runs.data?.[0] === undefined ? null : `/runs/${runs.data[0].id}`);
  if (node === undefined) {
    return (
      <p>
        There is no {name}. <a href="/lineage">All of them</a>
      </p>
    );
  }
  const search = route.value.query.get("search") ?? "";
  const uses = nodes.filter(({ from }) => from.includes(name));
  const links = (some: readonly string[]) =>
    some.map((other) => (
      <a key={other} href={`/lineage/${encodeURIComponent(other)}`} class="chip">
        {other}
      </a>
    ));
  return (
    <>
      <h2>
        {node.kind} {node.name}
      </h2>
      <p>{node.description}</p>
      <p>Made of: {node.from.length === 0 ? "nothing else" : links(node.from)}</p>
      <p>Used by: {uses.length === 0 ? "readers" : links(uses.map((use) => use.name))}</p>
      {/^(fct|dim|agg)_/.test(name) && (
        <a href={`/data/sql?sql=${encodeURIComponent(`from ${name} limit 100`)}`}>Look at its rows</a>
      )}
      <h3>Columns</h3>
      <SearchField search={search} />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>column</th>
              <th>type</th>
              <th>meaning</th>
            </tr>
          </thead>
          <tbody>
            {node.columns
              .filter((column) => `${column.name} ${column.description}`.toLowerCase().includes(search.toLowerCase()))
              .map((column) => (
                <tr key={column.name}>
                  <td>
                    <code>{column.name}</code>
                  </td>
                  <td class="dim">{column.type}</td>
                  <td>{column.description}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
      <h3>Checks</h3>
      {node.tests.length === 0 ? (
        <p class="dim">None of its own.</p>
      ) : (
        <ul>
          {node.tests.map((test) => {
            const last = run.data?.nodes
              .find(({ model }) => model === name)
              ?.checks.find((check) => check.name === test);
            return (
              <li key={test}>
                <code>{test}</code>{" "}
                {last === undefined ? (
                  <span class="dim">not run in the last run</span>
                ) : (
                  <strong class={/fail|error/.test(last.status) ? "bad" : "good"}>{last.status}</strong>
                )}
              </li>
            );
          })}
        </ul>
      )}
      {node.sql !== "" && (
        <>
          <h3>SQL</h3>
          <pre class="code" tabIndex={0}>
            {node.sql}
          </pre>
        </>
      )}
    </>
  );
}
