import type { Strategy } from "../../pipeline/steps/ports.ts";
import type { BulkFile } from "./bulk-file.ts";

/** Reads scopes out of the file of everything, which is fetched where it is not here; whoever loads it takes what is in scope. */
export function bulkStrategy(file: BulkFile | null): Strategy {
  return {
    rowsPerRequest: Number.POSITIVE_INFINITY,
    cost: () => ({ requests: { search: 0, export: 0, document: 0 }, bytes: 0 }),
    async *extract(_scope, _name, context) {
      if (file === null) throw new Error("there is no file of everything");
      const { day, rows, bytes } = (await file.fetched()) ?? (await file.fetch(context));
      yield { path: file.path, format: "bulk-zip", rows, bytes, sha256: null };
      return { expected: null, lastIndexed: null, askedOn: day };
    },
    // Other scopes, and the next run, read the same file.
    discard: async () => undefined,
  };
}
