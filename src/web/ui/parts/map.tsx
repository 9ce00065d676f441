import { useEffect, useState } from "preact/hooks";

export type StateValue = { value: number; text: string };
type Shape = { code: string; name: string; path: string };

const steps = 5;

/** The states, darker where the value is higher; what has no place on it is in the list beside it. */
export function UsMap({
  values,
  selected,
  onState,
}: {
  values: ReadonlyMap<string, StateValue>;
  selected: string | null;
  onState(code: string): void;
}) {
  const [shapes, setShapes] = useState<Shape[]>([]);
  const [over, setOver] = useState<string | null>(null);
  useEffect(() => {
    void import("./us-map.json").then(({ default: loaded }) => setShapes(loaded));
  }, []);
  // By rank: one large state must not make all others look the same.
  const ranked = [...values].sort(([, a], [, b]) => a.value - b.value).map(([code]) => code);
  const step = (code: string) =>
    Math.min(Math.floor((steps * ranked.indexOf(code)) / Math.max(ranked.length, 1)), steps - 1);
  const shown = over ?? selected;
  const found = shapes.find(({ code }) => code === shown);
  return (
    <figure class="chart map">
      <figcaption aria-live="polite">
        {found === undefined
          ? "Point at a state, or tab to it."
          : `${found.name}: ${values.get(found.code)?.text ?? "no complaint"}`}
      </figcaption>
      <svg viewBox="0 0 975 610" role="group" aria-label="Map of the states">
        {shapes.map(({ code, name, path }) => (
          <a
            key={code}
            href={`?state=${code}`}
            aria-label={`${name}: ${values.get(code)?.text ?? "no complaint"}`}
            onPointerEnter={() => setOver(code)}
            onPointerLeave={() => setOver(null)}
            onFocus={() => setOver(code)}
            onBlur={() => setOver(null)}
            onClick={(event) => {
              event.preventDefault();
              onState(code);
            }}
          >
            <path
              d={path}
              data-state={code}
              class={`place ${values.has(code) ? `q${step(code)}` : "none"} ${selected === code ? "selected" : ""}`}
            />
          </a>
        ))}
      </svg>
    </figure>
  );
}
