import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { minuteMs } from "../../pipeline/window/units.ts";

/** Bytes that are handed over at once. */
const pieceBytes = 65_536;

export type SendingLimits = {
  /** Milliseconds after which an answer is ended of which nothing was taken, as far as the system tells: it does so in steps of its own. */
  idleMs: number;
  /** Bytes of all answers that wait to be taken. Above it the one that was not read for longest is ended. */
  mostWaiting: number;
};

type Sending = { response: ServerResponse; waiting: number; takenAt: number };

/** Sends answers no faster than they are taken, and ends those that nobody takes: they are kept in memory until then. */
export class Sender {
  readonly #limits: SendingLimits;
  readonly #open = new Set<Sending>();

  constructor(limits: SendingLimits = { idleMs: minuteMs, mostWaiting: 20_000_000 }) {
    this.#limits = limits;
  }

  /** Writes a body in pieces and ends the answer; resolves when it is taken, or the connection is over. */
  async send(response: ServerResponse, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
    const sending: Sending = { response, waiting: 0, takenAt: performance.now() };
    this.#open.add(sending);
    try {
      for await (const piece of pieces) {
        const body = Buffer.from(piece);
        sending.waiting = body.length;
        this.#endLongestUnread(sending);
        for (let at = 0; at < body.length && !response.destroyed; at += pieceBytes) {
          const taken = response.write(body.subarray(at, at + pieceBytes));
          if (!taken) await this.#drained(sending);
          sending.waiting = body.length - at;
        }
        if (response.destroyed) return;
      }
      response.end();
    } finally {
      this.#open.delete(sending);
    }
  }

  /** Waits until what was written is taken; ends the connection where nothing is for too long. */
  async #drained(sending: Sending): Promise<void> {
    const { response } = sending;
    const over = new AbortController();
    const timer = setTimeout(() => response.destroy(), this.#limits.idleMs);
    const ended = () => over.abort();
    response.once("close", ended);
    try {
      if (!response.destroyed) await once(response, "drain", { signal: over.signal });
      sending.takenAt = performance.now();
    } catch (error) {
      if (!over.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      response.off("close", ended);
    }
  }

  /** The newest answer is not ended: it was not waited for yet. */
  #endLongestUnread(newest: Sending): void {
    const byAge = [...this.#open].sort((a, b) => a.takenAt - b.takenAt);
    let waiting = byAge.reduce((sum, one) => sum + one.waiting, 0);
    for (const one of byAge) {
      if (waiting <= this.#limits.mostWaiting) break;
      if (one === newest) continue;
      waiting -= one.waiting;
      one.response.destroy();
    }
  }
}
