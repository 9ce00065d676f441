import { statSync } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { makeFolder } from "../../files/folder.ts";
import { DamagedFile, openZippedCsv } from "../../files/zipped-csv.ts";
import { type BulkFacts, bulkFacts } from "../../pipeline/flow/values.ts";
import type { BulkHead, TaskContext } from "../../pipeline/steps/ports.ts";
import { dayOf } from "../../pipeline/window/days.ts";
import type { RequestKind, SourceClient } from "../client/client.ts";
import { incompleteAnswer, landingFailure, unknownFormat } from "../client/failures.ts";
import type { HttpAnswer } from "../client/http.ts";
import { bulkFolder } from "../landing.ts";
import { readDays } from "./read-days.ts";

export type BulkOptions = {
  /** Address of the zip of everything. */
  url: string;
  client: SourceClient;
  /** Where answers are landed. */
  landing: string;
};

const head = z.object({
  etag: z.string().nullable(),
  day: z.string(),
  bytes: z.number(),
}) satisfies z.ZodType<BulkHead>;
const kept = bulkFacts.extend(head.shape);

const zip = ["application/zip", "application/x-zip-compressed", "application/octet-stream", "binary/octet-stream"];
/** A part of a file is one of its bytes as they are. */
const identity = { "accept-encoding": "identity" };
/** Bytes after which is told how much came. */
const toldEvery = 8 * 1024 * 1024;

/** The zip of everything: at the source, and as it is here. One process has it at a time, the one that holds the warehouse. */
export class BulkFile {
  readonly #options: BulkOptions;
  readonly #folder: string;
  readonly #part: string;

  constructor(options: BulkOptions) {
    this.#options = options;
    this.#folder = join(options.landing, bulkFolder);
    this.#part = `${this.path}.part`;
  }

  /** Where it is, once it was fetched. */
  get path(): string {
    return join(this.#folder, "complaints.csv.zip");
  }

  /** What the source says of its file now. */
  async look(context: TaskContext): Promise<BulkHead> {
    const kind: RequestKind = { rateClass: null, mediaTypes: zip, method: "HEAD", headers: () => identity };
    return this.#options.client.request(this.#options.url, kind, context, async (answer) => this.#headOf(answer));
  }

  /** What is known of the file that is here; null where there is none, or another one than this. */
  async here(now: BulkHead): Promise<BulkFacts | null> {
    const found = await this.fetched();
    return found !== null && isSame(found, now) ? found : null;
  }

  /** What is known of the file that is here, whatever the source has now; null where there is none. */
  async fetched(): Promise<z.infer<typeof kept> | null> {
    const found = kept.safeParse(await readJson(factsOf(this.path)));
    return found.success && sizeOf(this.path) === found.data.bytes ? found.data : null;
  }

  /**
   * Fetches the file, unless the one that is here is the source's, and reads it to its end. What was cut goes on where it ended, as long as the
   * source has the same file. Throws errors that another request may help against.
   */
  async fetch(context: TaskContext): Promise<BulkFacts> {
    const now = await this.look(context);
    const before = await this.here(now);
    if (before !== null) return before;
    const began = performance.now();
    await this.#onDisk(Promise.try(makeFolder, this.#folder));
    await this.#download(now, context);
    const found = { ...(await this.#read()), day: now.day, bytes: now.bytes };
    await this.#onDisk(rename(this.#part, this.path));
    await this.#onDisk(
      writeFile(factsOf(this.path), JSON.stringify({ ...now, ...found } satisfies z.infer<typeof kept>)),
    );
    await this.#onDisk(rm(factsOf(this.#part), { force: true }));
    const facts = {
      page: 1,
      rows: found.rows,
      total: found.rows,
      bytes: now.bytes,
      ms: Math.round(performance.now() - began),
    };
    context.report({ type: "page.landed", task: context.task, ...facts, strategy: "file" });
    return found;
  }

  async #download(now: BulkHead, context: TaskContext): Promise<void> {
    const { client, url } = this.#options;
    const partOf = head.safeParse(await readJson(factsOf(this.#part)));
    if (!partOf.success || !isSame(partOf.data, now)) await this.#onDisk(rm(this.#part, { force: true }));
    await this.#onDisk(writeFile(factsOf(this.#part), JSON.stringify(now)));
    const ofRest = (): Record<string, string> => {
      const from = sizeOf(this.#part);
      // A weak tag says nothing of single bytes.
      return from === 0 || now.etag === null || now.etag.startsWith("W/")
        ? {}
        : { range: `bytes=${from}-`, "if-range": now.etag };
    };
    const kind = {
      rateClass: null,
      mediaTypes: zip,
      statuses: [206, 416],
      headers: () => ({ ...identity, ...ofRest() }),
    };
    if (sizeOf(this.#part) === now.bytes) return;
    await client.request(url, kind, context, (answer, _, goOn) => this.#receive(answer, now, context, goOn));
  }

  /** Writes a file, or the rest of it, to disk. */
  async #receive(answer: HttpAnswer, now: BulkHead, context: TaskContext, goOn: () => void): Promise<void> {
    const { url } = this.#options;
    const { task, report, traffic, signal } = context;
    // Nothing was left to ask for: the connection ended badly behind the last byte.
    if (answer.status === 416 && sizeOf(this.#part) === now.bytes) return;
    const from = answer.status === 206 ? sizeOf(this.#part) : 0;
    if (answer.status === 206 && !answer.header("content-range")?.startsWith(`bytes ${from}-`))
      throw incompleteAnswer(url, "source_cut", "another part came than was asked for");
    if (answer.status === 416 || (answer.status === 200 && !isSame(this.#headOf(answer), now)))
      throw incompleteAnswer(url, "source_cut", "the file was replaced while it was fetched");
    let bytes = from;
    let told = from;
    const file = await this.#onDisk(open(this.#part, from > 0 ? "a" : "w"));
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        signal.throwIfAborted();
        goOn();
        await this.#onDisk(file.appendFile(chunk));
        bytes += chunk.length;
        traffic.bytes += chunk.length;
        if (bytes - told < toldEvery) continue;
        told = bytes;
        report({ type: "file.received", task, bytes, of: now.bytes });
      }
    } finally {
      await file.close();
    }
    if (bytes !== now.bytes) throw incompleteAnswer(url, "source_cut", `it has ${bytes} of ${now.bytes} bytes`);
  }

  /** Reads the file to its end. A damaged one is removed: who asks again gets it anew. */
  async #read(): Promise<Pick<BulkFacts, "rows" | "newest">> {
    try {
      const zipped = await openZippedCsv(this.#part);
      try {
        return await readDays(zipped.read());
      } finally {
        zipped.close();
      }
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error;
      await this.#onDisk(rm(this.#part, { force: true }));
      throw incompleteAnswer(
        this.#options.url,
        "source_cut",
        `its file of everything is damaged: ${error.message}`,
        error,
      );
    }
  }

  #headOf(answer: HttpAnswer): BulkHead {
    const modified = Date.parse(answer.header("last-modified") ?? "");
    const bytes = Number(answer.header("content-length"));
    if (Number.isNaN(modified) || !(bytes > 0))
      throw unknownFormat(this.#options.url, "it does not say when its file was made, or how large it is", null);
    return { etag: answer.header("etag") ?? null, day: dayOf(modified), bytes };
  }

  async #onDisk<T>(change: Promise<T>): Promise<T> {
    try {
      return await change;
    } catch (error) {
      throw landingFailure(this.#folder, error);
    }
  }
}

function isSame(one: BulkHead, other: BulkHead): boolean {
  return one.etag === other.etag && one.day === other.day && one.bytes === other.bytes;
}

/** Where it is kept what a file is. */
const factsOf = (path: string) => `${path}.json`;

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Undefined where there is none, or it was not written to its end. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
