import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { flush } from "../../files/flush.ts";
import { makeFolder } from "../../files/folder.ts";

/** Size and SHA-256 of a file. */
export async function identify(path: string, signal: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Copies a file with its mode; the copy is on the disk when this resolves. */
export async function copyWhole(from: string, to: string, signal: AbortSignal): Promise<void> {
  makeFolder(dirname(to));
  const { mode } = await stat(from);
  await pipeline(createReadStream(from), createWriteStream(to, { flags: "wx", mode }), { signal });
  await flush(to);
}
