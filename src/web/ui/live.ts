import { signal } from "@preact/signals";
import { followChanges, type ServerEvent } from "./stream.ts";

/** Increases with every change at the server. Pages that read it fetch again. */
export const changes = signal(0);
export const connection = signal<"live" | "lost">("lost");

/** One stream for all tabs: a browser opens six connections to a server at most. */
export function listen(): void {
  const hear = ({ type }: ServerEvent) => {
    if (type === "lost") connection.value = "lost";
    else {
      // What changed while the stream was away is not known.
      if (type === "change" || connection.value === "lost") changes.value++;
      connection.value = "live";
    }
  };
  if (typeof SharedWorker === "undefined") {
    followChanges(hear);
    return;
  }
  const worker = new SharedWorker(new URL("./live-worker.ts", import.meta.url), { type: "module", name: "pipeline" });
  worker.port.onmessage = ({ data }: MessageEvent<ServerEvent>) => hear(data);
  worker.port.start();
}
