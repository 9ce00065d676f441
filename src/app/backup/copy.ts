import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { flush } from "../../files/flush.ts";
import { makeFolder } from "../../files/folder.ts";

/** Copies a file with its mode; the copy is on the disk when this resolves. */
export async function copyWhole(from: string, to: string, signal: AbortSignal): Promise<void> {
  makeFolder(dirname(to));
  const { mode } = await stat(from);
  await pipeline(createReadStream(from), createWriteStream(to, { flags: "wx", mode }), { signal });
  await flush(to);
}
