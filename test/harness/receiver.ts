import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type Received = { method: string; path: string; headers: IncomingHttpHeaders; body: string };

/** A receiver of messages over HTTP that remembers them, and answers as a test wants. */
export async function startReceiver() {
  const received: Received[] = [];
  const receiver = { url: "", received, status: 200, close: async () => {} };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    received.push({ method: request.method!, path: request.url!, headers: request.headers, body });
    response.writeHead(receiver.status).end(receiver.status === 200 ? "" : "not today");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  receiver.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return receiver;
}
