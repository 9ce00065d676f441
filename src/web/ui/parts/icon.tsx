const paths: Record<string, string> = {
  overview: "M3 11 12 4l9 7v9h-6v-6H9v6H3z",
  runs: "M4 6h16M4 12h16M4 18h10",
  trends: "M3 18l6-7 4 4 8-10",
  schedules: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 4v5l4 2",
  data: "M4 20V10m5 10V4m5 16v-8m5 8V7",
  lineage: "M6 5v6a4 4 0 0 0 4 4h8m-3-3 3 3-3 3M6 5v14",
};

export function Icon({ name }: { name: string }) {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" class="icon">
      <path d={paths[name]} />
    </svg>
  );
}

/** The shape of a state: color is never the only sign. */
const shapes: Record<string, string> = {
  Completed: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z",
  Failed: "M3 3l10 10M13 3 3 13",
  Crashed: "M8 2a6 6 0 0 1 5.5 3.5M14 9a6 6 0 0 1-4 4.7M7 14a6 6 0 0 1-5-6M4 3.5l2 2",
  TimedOut: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 3v3l2.5 1.5",
  Cancelled: "M3 8h10",
  Skipped: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
  Scheduled: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
  Pending: "M3 8h.1M8 8h.1M13 8h.1",
};
const ring = "M8 2a6 6 0 1 0 6 6";

export function State({ state }: { state: string }) {
  return (
    <span class={`state ${state}`}>
      <svg
        viewBox="0 0 16 16"
        width="14"
        height="14"
        aria-hidden="true"
        class={shapes[state] === undefined ? "turning" : ""}
      >
        <path d={shapes[state] ?? ring} class={state === "Completed" ? "full" : ""} />
      </svg>
      {state}
    </span>
  );
}

/** A tab in the background tells by its icon how the run is. */
export function favicon(state: string): void {
  const colors: Record<string, string> = {
    Completed: "1a7f37",
    Failed: "cf222e",
    Crashed: "a40e26",
    TimedOut: "cf222e",
    Cancelled: "6e7781",
  };
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="%23${colors[state] ?? "0969da"}"/></svg>`;
  document
    .getElementById("icon")
    ?.setAttribute("href", `data:image/svg+xml,${svg.replaceAll("<", "%3C").replaceAll(">", "%3E")}`);
}
