import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { Sender, type SendingLimits } from "../../../src/web/server/sending.ts";

/** More than a system keeps for a connection on its way. */
const bytes = 50_000_000;

/** A server that answers everybody with a large text. */
async function answering(t: TestContext, limits: SendingLimits) {
  const sender = new Sender(limits);
  let ended: Promise<unknown> | undefined;
  const server = createServer((_, response) => {
    ended = once(response, "close");
    const sent = sender.send(response, ["x".repeat(bytes / 2), "y".repeat(bytes / 2)]);
    sent.catch((error: unknown) => assert.fail(String(error)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const ask = () => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => undefined); // a reset ends it as well
    socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    return socket;
  };
  /** Resolves when the server has ended its last answer. */
  return Object.assign(ask, { ended: () => ended! });
}

async function restOf(socket: Socket): Promise<number> {
  socket.resume();
  await once(socket, "close");
  return socket.bytesRead;
}

describe("an answer", () => {
  it("is sent whole to who takes it", async (t) => {
    const ask = await answering(t, { idleMs: 60_000, mostWaiting: 1e9 });
    assert.ok((await restOf(ask())) > bytes);
  });

  it("of which nothing is taken ends its connection", async (t) => {
    const ask = await answering(t, { idleMs: 300, mostWaiting: 1e9 });
    const socket = ask();
    await once(socket, "readable");
    // What came is not read before the server has ended it.
    await ask.ended();
    assert.ok((await restOf(socket)) < bytes);
  });

  it("that was not read for longest is ended where too much waits", async (t) => {
    const ask = await answering(t, { idleMs: 60_000, mostWaiting: 40_000_000 });
    const first = ask();
    await once(first, "readable");
    const second = ask();
    assert.ok((await restOf(second)) > bytes);
    assert.ok((await restOf(first)) < bytes);
  });
});
