import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DocumentSource, doc, startDocuments } from "../harness/documents.ts";
import { testHome } from "../harness/home.ts";

const asOf = "2026-11-30";
const run = ["run", "--companies", "acme", "--start-date", "2026-11-01", "--as-of", asOf, "--skip-dbt"];
const answer = (body: string | Buffer) =>
  ({
    kind: "answer",
    status: 200,
    headers: { "content-type": "application/json" },
    body: body as string,
  }) as const;

describe("a page of the source", () => {
  const withSource = async (
    documents: Parameters<typeof startDocuments>[0],
    use: (source: DocumentSource) => Promise<void>,
  ) => {
    const source = await startDocuments(documents, asOf, "july");
    try {
      await use(source);
    } finally {
      await source.close();
    }
  };

  it("with a text that is none is loaded, with U+FFFD in the place of what cannot be read", async () => {
    const rows = ["bank: A", "bank: B", "bank: C", "bank: D"].map((issue, i) => doc(i + 1, "2026-11-05", { issue }));
    await withSource(rows, async (source) => {
      source.intercept = async (url) => {
        if (!url.searchParams.has("company")) return undefined;
        source.intercept = undefined;
        const page = await (await fetch(url.href.replace(url.origin, new URL(source.url).origin))).text();
        const odd = page
          .replace("bank: A", "cut \\ud83d")
          .replace("bank: B", "a pair \\ud83d\\ude00 and \\\\ud83d")
          .replace("bank: C", "a tab \t here");
        return answer(`\ufeff${odd}`);
      };
      const home = testHome(source);
      const report = await home.report(run);
      assert.equal(report.code, 0, report.error?.message);
      assert.equal(report.requests, 3, "nothing is asked again");
      assert.deepEqual(await home.query("select issue from raw.cfpb_complaints order by complaint_id"), [
        ["cut \ufffd"],
        ["a pair \u{1f600} and \\ud83d"],
        ["a tab \t here"],
        ["bank: D"],
      ]);
    });
  });

  it("of long texts that is too large to be read at once is asked for in smaller ones", async () => {
    const long = "x".repeat(1_000_000);
    const rows = Array.from({ length: 30 }, (_, i) => doc(i + 1, "2026-11-05", { complaint_what_happened: long }));
    await withSource(rows, async (source) => {
      const home = testHome(source);
      const report = await home.report(run);
      assert.equal(report.code, 0, report.error?.message);
      assert.equal(report.companies[0]?.inserted, 30);
      const sizes = source.requests.flatMap((url) => url.searchParams.get("size") ?? []);
      assert.deepEqual(sizes.slice(2), ["10000", "11", "11", "11"]);
    });
  });
});
