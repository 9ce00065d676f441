export type ServerEvent = { type: "change" | "live" | "lost" };

/** Follows the server's changes; an EventSource that gave up is made anew. */
export function followChanges(hear: (told: ServerEvent) => void): void {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("hello", () => hear({ type: "live" }));
  source.addEventListener("change", () => hear({ type: "change" }));
  source.onerror = () => {
    hear({ type: "lost" });
    if (source.readyState !== EventSource.CLOSED) return;
    source.close();
    setTimeout(() => followChanges(hear), 2000);
  };
}
