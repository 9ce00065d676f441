import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Bytes that are gathered while a write is under way: fewer, longer writes. */
const writeAtOnce = 1024 * 1024;

/** A folder of answers on their way into the warehouse. A file that has its final name is whole. */
export class Landing {
  readonly folder: string;

  constructor(root: string, company: string) {
    // A text may hold anything; a folder's name may not.
    this.folder = join(root, createHash("sha256").update(company).digest("hex").slice(0, 16));
  }

  /** Empties the folder: what an interrupted attempt left is of no use. */
  async clear(): Promise<void> {
    await this.remove();
    await mkdir(this.folder, { recursive: true });
  }

  path(page: number): string {
    return join(this.folder, `page-${String(page).padStart(6, "0")}.json`);
  }

  /** Streams a body to disk under a temporary name; it gets its own by {@link keep}. Returns name and size. */
  async receive(page: number, body: Readable, signal: AbortSignal): Promise<{ file: string; bytes: number }> {
    const file = `${this.path(page)}.part`;
    await pipeline(body, createWriteStream(file, { highWaterMark: writeAtOnce }), { signal });
    return { file, bytes: (await stat(file)).size };
  }

  async keep(page: number): Promise<string> {
    await rename(`${this.path(page)}.part`, this.path(page));
    return this.path(page);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
