import { endOfDay } from "../../src/sample/dataset/clock.ts";
import type { ShapeName } from "../../src/sample/dataset/shapes.ts";
import { type Document, DocumentsIndex } from "../../src/sample/index/documents.ts";
import type { Fault } from "../../src/sample/server/faults.ts";
import { startSample } from "../../src/sample/server/server.ts";
import type { TestSource } from "./sample.ts";

/** A complaint as an index holds it. */
export function doc(id: number, day: string, change: Record<string, unknown> = {}): Document {
  const source = {
    ...{
      date_received: `${day}T10:00:00.000Z`,
      date_sent_to_company: `${day}T12:00:00.000Z`,
      complaint_id: String(id),
    },
    ...{ product: "Debt collection", sub_product: null, issue: "x", sub_issue: null, company_public_response: null },
    ...{ company: "ACME BANK", state: "NY", zip_code: "10001", tags: null, submitted_via: "Web", timely: "Yes" },
    company_response: "Closed with explanation",
  };
  return { _id: String(id), _source: { ...source, ...change } };
}

/** A source in this process over documents that a test gives and changes. */
export type DocumentSource = Omit<TestSource, "rows"> & {
  /** Adds and replaces documents, and takes some out. */
  change(documents: readonly Document[], remove?: readonly number[]): void;
};

export async function startDocuments(
  documents: readonly Document[],
  asOf: string,
  shape: ShapeName = "today",
): Promise<DocumentSource> {
  const index = new DocumentsIndex(documents, `${asOf}T14:30:00Z`);
  const requests: URL[] = [];
  const source: DocumentSource = {
    ...{ url: "", asOf, requests, intercept: undefined, close: async () => undefined },
    change: (changed, remove = []) =>
      index.apply({
        ...{ index: [...changed], delete: remove.map(String), reindex: false },
        indexedAt: `${source.asOf}T14:30:00Z`,
      }),
  };
  const server = await startSample({
    index,
    shape,
    now: () => endOfDay(source.asOf),
    fault: ({ url }): Fault | undefined | Promise<Fault | undefined> => {
      requests.push(url);
      return source.intercept?.(url, requests.length);
    },
  });
  source.url = server.url;
  source.close = () => server.close();
  return source;
}
