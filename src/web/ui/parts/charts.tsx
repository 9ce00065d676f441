import { useState } from "preact/hooks";
import { short } from "../format.ts";

const size = { width: 560, height: 200, left: 48, bottom: 22, top: 10 };

export type Series = { name: string; values: (number | null)[]; ghost?: boolean };

/** Lines over labels, with the values under the pointer in words. */
export function LineChart({
  title,
  labels,
  series,
  unit = "",
}: {
  title: string;
  labels: string[];
  series: Series[];
  unit?: string;
}) {
  const [at, setAt] = useState<number | null>(null);
  const { width, height, left, bottom, top } = size;
  const values = series.flatMap(({ values: some }) => some.filter((value) => value !== null));
  const most = niceMax(Math.max(...values, 0));
  const x = (i: number) => left + (labels.length < 2 ? 0 : (i / (labels.length - 1)) * (width - left - 8));
  const y = (value: number) => top + (1 - value / most) * (height - top - bottom);
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * width;
    setAt(
      Math.min(Math.max(Math.round(((place - left) / (width - left - 8)) * (labels.length - 1)), 0), labels.length - 1),
    );
  };
  const shown = at ?? labels.length - 1;
  return (
    <figure class="chart">
      <figcaption>
        {title}
        <span class="dim" aria-live="polite">
          {" "}
          {labels[shown]}:{" "}
          {series
            .map(
              ({ name, values: some }) =>
                `${series.length > 1 ? `${name} ` : ""}${some[shown] == null ? "-" : short(Math.round(some[shown] * 10) / 10)}${unit}`,
            )
            .join(", ")}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={title}
        onPointerMove={move}
        onPointerLeave={() => setAt(null)}
      >
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line x1={left} x2={width - 8} y1={y(share * most)} y2={y(share * most)} class="grid" />
            <text x={left - 6} y={y(share * most) + 4} class="axis end">
              {short(share * most)}
            </text>
          </g>
        ))}
        {series.map(({ name, values: some, ghost }, i) => (
          <path key={name} d={path(some, x, y)} class={ghost ? "line ghost" : `line s${i}`} />
        ))}
        {at !== null && <line x1={x(at)} x2={x(at)} y1={top} y2={height - bottom} class="cursor" />}
        <text x={left} y={height - 6} class="axis">
          {labels[0]}
        </text>
        <text x={width - 8} y={height - 6} class="axis end">
          {labels.at(-1)}
        </text>
      </svg>
    </figure>
  );
}

/** A gap where there is no value. */
function path(values: readonly (number | null)[], x: (i: number) => number, y: (value: number) => number): string {
  let isDown = false;
  return values
    .map((value, i) => {
      if (value === null) {
        isDown = false;
        return "";
      }
      const step = `${isDown ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = true;
      return step;
    })
    .join("");
}

/** Bars from the largest down, with their values beside them. */
export function BarChart({
  title,
  bars,
  onBar,
}: {
  title: string;
  bars: { name: string; value: number; note?: string }[];
  onBar?: (name: string) => void;
}) {
  const most = Math.max(...bars.map(({ value }) => value), 1);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <ul class="bars">
        {bars.map(({ name, value, note }) => (
          <li key={name}>
            {onBar === undefined ? (
              <span class="name" title={name}>
                {name}
              </span>
            ) : (
              <button type="button" class="name" title={`Only ${name}`} onClick={() => onBar(name)}>
                {name}
              </button>
            )}
            <span class="track">
              <span class="fill" style={{ width: `${(100 * value) / most}%` }} />
            </span>
            <span class="value" title={value.toLocaleString("en-US")}>
              {short(value)}
              {note === undefined ? "" : ` · ${note}`}
            </span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function niceMax(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
