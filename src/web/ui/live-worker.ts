import { followChanges, type ServerEvent } from "./stream.ts";

/** Holds the one stream of changes, and passes it on to every tab. */
const ports = new Set<MessagePort>();
let last: ServerEvent = { type: "lost" };

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports: [port] }) => {
  if (port === undefined) return;
  ports.add(port);
  port.postMessage(last.type === "lost" ? last : { type: "live" });
  port.start();
};

followChanges((told) => {
  last = told;
  for (const port of ports) port.postMessage(told);
});
