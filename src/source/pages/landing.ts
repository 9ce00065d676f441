import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { makeFolder } from "../../files/folder.ts";
import { landingFailure } from "../client/failures.ts";

/** Bytes that are gathered before they are written: fewer, longer writes. */
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
    await onDisk(this.folder, Promise.try(makeFolder, this.folder));
  }

  path(page: number): string {
    return join(this.folder, `page-${String(page).padStart(6, "0")}.json`);
  }

  /**
   * Streams a body to disk under a temporary name; it gets its own by {@link keep}. Returns name and size. Throws the
   * body's own error, or `landing_failed` and `disk_full` where the file is the trouble.
   */
  async receive(page: number, body: Readable): Promise<{ file: string; bytes: number }> {
    const file = `${this.path(page)}.part`;
    const opened = await onDisk(this.folder, open(file, "w"));
    try {
      return { file, bytes: await this.#write(opened, body) };
    } finally {
      await onDisk(this.folder, opened.close());
    }
  }

  async keep(page: number): Promise<string> {
    await onDisk(this.folder, rename(`${this.path(page)}.part`, this.path(page)));
    return this.path(page);
  }

  async remove(): Promise<void> {
    await removeLanded(this.folder);
  }

  async #write(file: FileHandle, body: Readable): Promise<number> {
    let bytes = 0;
    let gathered: Buffer[] = [];
    let length = 0;
    const write = async () => {
      const whole = Buffer.concat(gathered);
      gathered = [];
      length = 0;
      await onDisk(this.folder, file.appendFile(whole));
    };
    for await (const chunk of body as AsyncIterable<Buffer>) {
      gathered.push(chunk);
      length += chunk.length;
      bytes += chunk.length;
      if (length >= writeAtOnce) await write();
    }
    await write();
    return bytes;
  }
}

/** Removes landed answers, of one company or of all. */
export async function removeLanded(folder: string): Promise<void> {
  await onDisk(folder, rm(folder, { recursive: true, force: true }));
}

async function onDisk<T>(folder: string, change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    throw landingFailure(folder, error);
  }
}
