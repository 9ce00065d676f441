import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { type Answer, json } from "../answers/answer.ts";
import { endOfDay } from "../dataset/clock.ts";
import { type Change, DocumentsIndex, problemOf } from "../index/documents.ts";
import type { LiveIndex } from "../index/live-index.ts";
import { type FaultRule, FaultRules, faultKinds, type SeenRequest } from "./faults.ts";

export const controlPath = "/_control";

const remembered = 1000;

/** What a test may change while the server runs, and what it has been asked. */
export class Control {
  readonly faults = new FaultRules();
  readonly #index: LiveIndex;
  #nowMs: number;
  #requests: string[] = [];

  /** `asOf` is a day; the index is looked at at its end. */
  constructor(index: LiveIndex, asOf: string) {
    this.#index = index;
    this.#nowMs = endOfDay(asOf);
  }

  now(): number {
    return this.#nowMs;
  }

  moveTo(asOf: string): void {
    this.#nowMs = endOfDay(asOf);
  }

  note({ method, url }: SeenRequest): void {
    this.#requests = [...this.#requests.slice(1 - remembered), `${method} ${url.pathname}${url.search}`];
  }

  /** GET: the moment and the last requests. POST: changes what the JSON names, then the same. */
  async answer(request: IncomingMessage): Promise<Answer> {
    if (request.method === "POST") {
      const problem = this.#apply(await text(request));
      if (problem !== null) return json(400, { error: problem });
    }
    return json(200, { asOf: new Date(this.#nowMs).toISOString().slice(0, 10), requests: this.#requests });
  }

  #apply(body: string): string | null {
    let command: Record<string, unknown>;
    try {
      command = JSON.parse(body) as Record<string, unknown>;
    } catch {
      return "expected a JSON object";
    }
    const { faults, asOf, change, ...unknown } = command;
    if (Object.keys(unknown).length > 0) return `unknown keys: ${Object.keys(unknown).join(", ")}`;
    if (asOf !== undefined && Number.isNaN(Date.parse(String(asOf)))) return "asOf: expected a day";
    if (faults !== undefined && !isRules(faults))
      return `faults: expected rules whose fault.kind is one of ${faultKinds.join(", ")}`;
    if (change !== undefined && !(this.#index instanceof DocumentsIndex))
      return "change: this index is not made of documents";
    const problem = change === undefined ? null : problemOf(change);
    if (problem !== null) return `change: ${problem}`;
    if (asOf !== undefined) this.moveTo(String(asOf));
    if (faults !== undefined) this.faults.replace(faults as FaultRule[]);
    if (change !== undefined) (this.#index as DocumentsIndex).apply(change as Change);
    return null;
  }
}

function isRules(value: unknown): value is FaultRule[] {
  return Array.isArray(value) && value.every((rule) => faultKinds.includes((rule as FaultRule).fault?.kind));
}
