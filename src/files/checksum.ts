import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Size in bytes and SHA-256 (hexadecimal) of a file. Rejects where it cannot be read, or with the signal's reason. */
export async function checksum(path: string, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
