import { createHash } from "node:crypto";
import { appendFile, type FileHandle, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import * as z from "zod";
import { checksum } from "../files/checksum.ts";
import { makeFolder } from "../files/folder.ts";
import { type LandedFile, names, window } from "../pipeline/flow/values.ts";
import { landedFormats, strategyNames } from "../pipeline/scope/strategy.ts";
import type { LandedScope, LandingName } from "../pipeline/steps/ports.ts";
import { dayMs } from "../pipeline/window/units.ts";
import { landingFailure } from "./client/failures.ts";

/** Bytes that are gathered before they are written: fewer, longer writes. */
const writeAtOnce = 1024 * 1024;

/** Milliseconds for which the files of an interrupted extraction are of use. */
const usefulMs = dayMs;

/** The folder of the file of everything, beside those of scopes. */
export const bulkFolder = "bulk";

/** What the files of a folder are of. */
const scopeName = "scope.json";

/** What is known of the files that are whole, a line of JSON each, in the order in which they came. */
const journalName = "landed.jsonl";

const landedScope = z.object({
  source: z.string(),
  names,
  window,
  strategy: z.enum(strategyNames),
}) satisfies z.ZodType<LandedScope>;

const journalLine = z.object({
  name: z.string(),
  format: z.enum(landedFormats),
  rows: z.number(),
  bytes: z.number(),
  sha256: z.string(),
  facts: z.unknown(),
});
type JournalLine = z.infer<typeof journalLine>;

/** A file that an earlier start has landed, with what that noted of it. */
export type KeptFile<Facts> = { file: LandedFile; facts: Facts };

/**
 * A folder of answers on their way into the warehouse, of one start of a scope. A file that has its final name is whole. What an earlier start left
 * behind, whatever ended it, is taken over; that start, if it still lives, has no folder any more.
 */
export class Landing {
  readonly folder: string;
  readonly #root: string;
  readonly #of: string;
  /** How the folders of all starts of the scope begin. */
  readonly #scope: string;

  constructor(root: string, { scope, start }: LandingName) {
    this.#root = root;
    // A text may hold anything; a folder's name may not.
    this.#of = JSON.stringify(scope);
    this.#scope = `${hashOf(this.#of)}-`;
    this.folder = join(root, `${this.#scope}${hashOf(start)}`);
  }

  /** Makes the folder; resolves to the files of an earlier start that are as they were landed, in order, with what was noted of them. */
  async takeOver<Facts>(facts: z.ZodType<Facts>, signal: AbortSignal): Promise<KeptFile<Facts>[]> {
    await this.clear();
    const before = await onDisk(this.folder, this.#newestBefore());
    if (before === null) return [];
    await this.remove();
    await onDisk(this.folder, rename(before, this.folder));
    return this.#readKept(facts, signal);
  }

  /** Empties the folder. */
  async clear(): Promise<void> {
    await this.remove();
    await onDisk(this.folder, Promise.try(makeFolder, this.folder));
    await onDisk(this.folder, writeFile(join(this.folder, scopeName), this.#of));
  }

  /**
   * Streams a body to disk under a temporary name; it gets its own by {@link keep}. Returns where it is, its size and its SHA-256 in
   * hexadecimal. Throws the body's own error, or `landing_failed` and `disk_full` where the file is the trouble.
   */
  async receive(name: string, body: Readable): Promise<{ path: string; bytes: number; sha256: string }> {
    const path = this.#unfinished(name);
    const opened = await onDisk(this.folder, open(path, "w"));
    try {
      return { path, ...(await this.#write(opened, body)) };
    } finally {
      await onDisk(this.folder, opened.close());
    }
  }

  /** Gives a received file its own name, and notes it for a later start. */
  async keep(name: string, file: Omit<JournalLine, "name" | "facts">, facts: unknown): Promise<LandedFile> {
    const path = join(this.folder, name);
    await onDisk(this.folder, rename(this.#unfinished(name), path));
    const line = { name, ...file, facts } satisfies JournalLine;
    await onDisk(this.folder, appendFile(join(this.folder, journalName), `${JSON.stringify(line)}\n`));
    return { path, ...file };
  }

  /** Leaves what is landed to a later start; a folder without any goes. */
  async leave(): Promise<void> {
    if ((await notedAt(this.folder)) === 0) await this.remove();
  }

  async remove(): Promise<void> {
    await onDisk(this.folder, rm(this.folder, { recursive: true, force: true }));
  }

  /** The folder of the newest start that noted a file lately; those of others are removed. Null where there is none. */
  async #newestBefore(): Promise<string | null> {
    const names = await readdir(this.#root);
    const own = basename(this.folder);
    const dated: { path: string; at: number }[] = [];
    for (const name of names.filter((one) => one.startsWith(this.#scope) && one !== own)) {
      dated.push({ path: join(this.#root, name), at: await notedAt(join(this.#root, name)) });
    }
    const [newest, ...others] = dated.sort((a, b) => b.at - a.at);
    const isUseful = newest !== undefined && newest.at > Date.now() - usefulMs;
    for (const { path } of isUseful ? others : dated) await rm(path, { recursive: true, force: true });
    return isUseful ? newest.path : null;
  }

  /** A file that was changed, and all that came after it, are not kept. */
  async #readKept<Facts>(facts: z.ZodType<Facts>, signal: AbortSignal): Promise<KeptFile<Facts>[]> {
    const kept: KeptFile<Facts>[] = [];
    let journal = "";
    const lines = (await onDisk(this.folder, readFile(join(this.folder, journalName), "utf8"))).split("\n");
    for (const text of lines) {
      const line = journalLine.extend({ facts }).safeParse(parsed(text));
      if (!line.success) break;
      const { name, facts: noted, ...file } = line.data;
      const path = join(this.folder, basename(name));
      const found = await checksum(path, signal).catch(() => null); // it is not there as it was landed
      signal.throwIfAborted();
      if (found?.sha256 !== file.sha256) break;
      kept.push({ file: { path, ...file }, facts: noted as Facts });
      journal += `${text}\n`;
    }
    // What comes from now on is noted behind what is kept.
    await onDisk(this.folder, writeFile(join(this.folder, journalName), journal));
    return kept;
  }

  #unfinished(name: string): string {
    return join(this.folder, `${name}.part`);
  }

  async #write(file: FileHandle, body: Readable): Promise<{ bytes: number; sha256: string }> {
    const hash = createHash("sha256");
    let bytes = 0;
    let gathered: Buffer[] = [];
    let length = 0;
    const write = async () => {
      const whole = Buffer.concat(gathered);
      gathered = [];
      length = 0;
      hash.update(whole);
      await onDisk(this.folder, file.appendFile(whole));
    };
    for await (const chunk of body as AsyncIterable<Buffer>) {
      gathered.push(chunk);
      length += chunk.length;
      bytes += chunk.length;
      if (length >= writeAtOnce) await write();
    }
    await write();
    return { bytes, sha256: hash.digest("hex") };
  }
}

/** The scopes of which an earlier start has landed files that are not too old. */
export async function readLandedScopes(root: string): Promise<LandedScope[]> {
  const names = await readdir(root).catch(() => []); // nothing was ever landed
  const found: LandedScope[] = [];
  for (const folder of names.sort().map((name) => join(root, name))) {
    if ((await notedAt(folder)) <= Date.now() - usefulMs) continue;
    const text = await readFile(join(folder, scopeName), "utf8").catch(() => ""); // it goes just now, or is nobody's
    const scope = landedScope.safeParse(parsed(text));
    if (scope.success) found.push(scope.data);
  }
  return found;
}

/** Removes landed answers that no start will take over any more. */
export async function removeOldLanded(root: string): Promise<void> {
  const names = await readdir(root).catch(() => []); // nothing was ever landed
  for (const name of names) {
    const folder = join(root, name);
    const at = name === bulkFolder ? await newestIn(folder) : await notedAt(folder);
    if (at > Date.now() - usefulMs) continue;
    await onDisk(folder, rm(folder, { recursive: true, force: true }));
  }
}

/** When a file was last noted in a folder, in epoch milliseconds; 0 where none was. */
async function notedAt(folder: string): Promise<number> {
  return stat(join(folder, journalName)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** When a file of a folder was last written, in epoch milliseconds; 0 where it has none. */
async function newestIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []); // it is none, or goes just now
  const times = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times, 0);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Undefined where it is no JSON: the line was not written to its end. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function onDisk<T>(folder: string, change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    throw landingFailure(folder, error);
  }
}
