import { signal } from "@preact/signals";
import { navigate } from "./router.ts";

const open = signal(false);
const places: Record<string, string> = { o: "/", r: "/runs", t: "/trends", s: "/schedules", d: "/data", l: "/lineage" };

/** Keys of every page; gives what takes them back. */
export function keys(): () => void {
  let wentTo = 0;
  const hear = (event: KeyboardEvent) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape" && open.value) open.value = false;
    if ((target as Element).closest("input, textarea, select, [contenteditable]")) return;
    if (key === "?") open.value = !open.value;
    else if (key === "g") wentTo = Date.now();
    else if (places[key] !== undefined && Date.now() - wentTo < 1500) navigate(places[key]);
    else if (key === "/") {
      const field = document.querySelector<HTMLElement>("[data-search]");
      if (field === null) return;
      field.focus();
      event.preventDefault();
    } else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else return;
    if (key !== "g") wentTo = 0;
  };
  addEventListener("keydown", hear);
  return () => removeEventListener("keydown", hear);
}

/** From one row of a list to the next: its link is focused, so that Enter opens it. */
function move(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}

const list = [
  ["g o, g r, g t", "overview, runs, trends"],
  ["g s, g d, g l", "schedules, data, lineage"],
  ["/", "search"],
  ["j, k", "next and previous row"],
  ["Enter", "open the row"],
  ["?", "this list"],
] as const;

export function Help() {
  if (!open.value) return null;
  return (
    <dialog open aria-label="Keys" class="help">
      <h2>Keys</h2>
      <dl>
        {list.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => (open.value = false)}>
        Close
      </button>
    </dialog>
  );
}
