import type { ServerResponse } from "node:http";
import type { ServerBackend } from "./home.ts";

/** How often the files are asked whether something changed: 5 microseconds each. */
const lookMs = 150;
const beatMs = 15_000;
/** A client that takes nothing more is let go. */
const mostWaiting = 1_000_000;

type Listener = () => void;

/** Tells pages that runs or schedules changed, whoever changed them. One look serves all clients. */
export class Changes {
  readonly #home: ServerBackend;
  readonly #clients = new Set<ServerResponse>();
  readonly #listeners = new Set<Listener>();
  #timer: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #seen = "";

  constructor(home: ServerBackend) {
    this.#home = home;
  }

  start(): void {
    void this.#look(true);
    this.#timer = setInterval(() => void this.#look(), lookMs);
    this.#beat = setInterval(() => this.#send(": still here\n\n"), beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearInterval(this.#beat);
    for (const client of this.#clients) client.end();
  }

  /** Calls `listener` after every change, until it is taken back. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Server-sent events: `change` after every change. */
  serve(response: ServerResponse): void {
    openStream(response);
    response.write("event: hello\ndata: {}\n\n");
    this.#clients.add(response);
    response.once("close", () => this.#clients.delete(response));
  }

  /** The first look only remembers. */
  async #look(isFirst = false): Promise<void> {
    // Nobody listens: nothing to look for.
    if (!isFirst && this.#clients.size === 0 && this.#listeners.size === 0) return;
    const version = await this.#version();
    if (version === this.#seen) return;
    this.#seen = version;
    if (isFirst) return;
    for (const listener of this.#listeners) listener();
    this.#send("event: change\ndata: {}\n\n");
  }

  #send(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > mostWaiting) client.destroy();
      else client.write(text);
    }
  }

  /** A file that cannot be read now has changed when it can be read again; whoever asks for it is told what is wrong. */
  async #version(): Promise<string> {
    try {
      const history = await this.#home.history.get();
      return `${(await history?.version()) ?? ""} ${this.#home.schedules.version()}`;
    } catch {
      return "unreadable";
    }
  }
}

/** The head of a stream of server-sent events. */
export function openStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
  response.write("retry: 500\n\n");
  response.flushHeaders();
}
