import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { csvLine } from "../../../pipeline/report/csv.ts";
import type { Table } from "../../contract.ts";
import { type Query, say } from "../api.ts";
import { QueryView } from "./shown.tsx";

/** A chart with the table and the SQL behind it, to see and to take along. */
export function ChartCard({
  title,
  name,
  result,
  children,
}: {
  title: string;
  name: string;
  result: Query<Table>;
  children: (rows: Row[]) => ComponentChildren;
}) {
  const [view, setView] = useState<"chart" | "table" | "sql">("chart");
  const card = useRef<HTMLElement>(null);
  return (
    <section class="card" aria-label={title} ref={card}>
      <QueryView result={result}>
        {(table) => (
          <>
            {view === "chart" && children(rowsOf(table))}
            {view === "table" && <TableView table={table} />}
            {view === "sql" && (
              <pre class="code" tabIndex={0}>
                {table.sql}
              </pre>
            )}
            <p class="chart-buttons">
              {(["chart", "table", "sql"] as const).map((one) => (
                <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>
                  {one}
                </button>
              ))}
              <button
                type="button"
                onClick={() =>
                  save(
                    new Blob([csv(table)], { type: "text/csv" }),
                    `${name}${table.more ? `-first-${table.rows.length}-rows` : ""}.csv`,
                  )
                }
              >
                CSV
              </button>
              <button type="button" onClick={() => void savePng(card.current, name)}>
                PNG
              </button>
              <a href={`/data/sql?sql=${encodeURIComponent(table.sql)}`}>edit the SQL</a>
            </p>
          </>
        )}
      </QueryView>
    </section>
  );
}

export type Row = Record<string, unknown>;

export function rowsOf({ columns, rows }: Table): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
}

export function TableView({ table: { columns, rows, more, isCut } }: { table: Table }) {
  const isNumber = (type: string) => /INT|DOUBLE|DECIMAL|FLOAT/.test(type);
  return (
    <>
      <div class="scroll tall" tabIndex={0} role="region" aria-label="Rows">
        <table>
          <thead>
            <tr>
              {columns.map(({ name, type }) => (
                <th key={name} class={isNumber(type) ? "number" : ""} title={type}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {columns.map(({ name, type }, j) => (
                  <td key={name} class={isNumber(type) ? "number" : ""}>
                    {row[j] === null ? (
                      <span class="dim">null</span>
                    ) : typeof row[j] === "object" ? (
                      JSON.stringify(row[j])
                    ) : (
                      String(row[j])
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more && (
        <p class="dim">
          These are the first {rows.length.toLocaleString("en-US")} rows
          {isCut ? ": the result ends at 10 MB. Get all of it with `pipeline sql --csv`." : "."}
        </p>
      )}
    </>
  );
}

/** A file that people open by a double click: no text of it is calculated. */
function csv({ columns, rows }: Table): string {
  const types = columns.map(({ type }) => type);
  const names = csvLine(
    columns.map(({ name }) => name),
    columns.map(() => ""),
  );
  return names + rows.map((row) => csvLine(row, types)).join("");
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The chart as it looks now, at twice its size. Bars are drawn from their own numbers: a canvas takes no HTML. */
async function savePng(card: HTMLElement | null, name: string): Promise<void> {
  const svg = card?.querySelector("svg") ?? barsAsSvg(card);
  if (svg === null) return say("Show the chart first.", true);
  const copy = svg.cloneNode(true) as SVGElement;
  const { width, height } = (svg as SVGSVGElement).viewBox.baseVal;
  inlineStyles(svg, copy);
  copy.setAttribute("width", String(width * 2));
  copy.setAttribute("height", String(height * 2));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const image = new Image();
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  image.src = url;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 });
  const context = canvas.getContext("2d")!;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  URL.revokeObjectURL(url);
  canvas.toBlob((blob) => blob !== null && save(blob, `${name}.png`));
}

/** A picture stands alone: what the style sheet gives is written into it. */
function inlineStyles(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  for (const property of [
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "opacity",
    "font-family",
    "font-size",
    "text-anchor",
  ]) {
    to.setAttribute(property, style.getPropertyValue(property));
  }
  [...from.children].forEach((child, i) => {
    const other = to.children[i];
    if (other !== undefined) inlineStyles(child, other);
  });
}

function barsAsSvg(card: HTMLElement | null): SVGElement | null {
  const bars = [...(card?.querySelectorAll(".bars li") ?? [])];
  if (card === null || bars.length === 0) return null;
  const make = (name: string, attributes: Record<string, string | number>, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.textContent = text;
    return element;
  };
  const svg = make("svg", { viewBox: `0 0 640 ${bars.length * 24 + 10}`, class: "drawn" }) as SVGElement;
  bars.forEach((bar, i) => {
    const share = Number.parseFloat((bar.querySelector(".fill") as HTMLElement).style.width) / 100;
    svg.append(
      make("text", { x: 4, y: i * 24 + 18 }, bar.querySelector(".name")?.textContent?.slice(0, 36)),
      make("rect", { x: 260, y: i * 24 + 6, width: 260 * share, height: 14, class: "drawn-bar" }),
      make("text", { x: 530, y: i * 24 + 18 }, bar.querySelector(".value")?.textContent ?? ""),
    );
  });
  // Where it is in the page, styles apply to it.
  card.append(svg);
  setTimeout(() => svg.remove());
  return svg;
}
