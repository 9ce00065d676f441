import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { makeFolder } from "../files/folder.ts";
import { landingFailure } from "./client/failures.ts";

/** Bytes that are gathered before they are written: fewer, longer writes. */
const writeAtOnce = 1024 * 1024;

/** A folder of answers on their way into the warehouse. A file that has its final name is whole. */
export class Landing {
  readonly folder: string;

  constructor(root: string, name: string) {
    // A text may hold anything; a folder's name may not.
    this.folder = join(root, createHash("sha256").update(name).digest("hex").slice(0, 16));
  }

  /** Empties the folder: what an interrupted attempt left is of no use. */
  async clear(): Promise<void> {
    await this.remove();
    await onDisk(this.folder, Promise.try(makeFolder, this.folder));
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

  /** Gives a received file its own name; returns its path. */
  async keep(name: string): Promise<string> {
    const path = join(this.folder, name);
    await onDisk(this.folder, rename(this.#unfinished(name), path));
    return path;
  }

  async remove(): Promise<void> {
    await removeLanded(this.folder);
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

/** Removes landed answers, of one start or of all. */
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
