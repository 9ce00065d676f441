import { createHash } from "node:crypto";

/**
 * The id of a load, as a UUID (RFC 9562, version 8): the same for the same run, scope and start. `start` is 1 where the scope was started for
 * the first time in the run.
 */
export function loadIdOf(runId: string, company: string, scope: string, start: number): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([runId, company, scope, start]))
    .digest("hex");
  const variant = ((Number.parseInt(hash[16]!, 16) & 3) | 8).toString(16);
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `${variant}${hash.slice(17, 20)}`];
  return [...parts, hash.slice(20, 32)].join("-");
}
