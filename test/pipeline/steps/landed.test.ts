import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LandedFile } from "../../../src/pipeline/flow/values.ts";
import { landAll, landedFiles } from "../../../src/pipeline/steps/landed.ts";
import type { LandedFiles } from "../../../src/pipeline/steps/ports.ts";

const evidence = { expected: 3, lastIndexed: "2026-11-20T00:00:00Z", askedOn: "2026-11-21" };

const file = (path: string): LandedFile => ({ path, format: "search-json", rows: 1, bytes: 2, sha256: "ab" });

async function* landing(...paths: string[]): LandedFiles {
  yield* paths.map(file);
  return evidence;
}

describe("what goes from extraction to load", () => {
  it("names files within their folder, which may be elsewhere in the other place", async () => {
    const landed = await landAll(landing("/a/b/page-1.json", "/a/b/page-2.json"));
    assert.deepEqual(landed, { folder: "/a/b/", files: [file("page-1.json"), file("page-2.json")], evidence });
    const pages = landedFiles({ ...landed, folder: "/mnt/" });
    assert.deepEqual(
      [await pages.next(), await pages.next(), await pages.next()],
      [
        { value: file("/mnt/page-1.json"), done: false },
        { value: file("/mnt/page-2.json"), done: false },
        { value: evidence, done: true },
      ],
    );
  });

  it("has nothing but the evidence where nothing was landed", async () => {
    const landed = await landAll(landing());
    assert.deepEqual(landed.files, []);
    assert.deepEqual(await landedFiles(landed).next(), { value: evidence, done: true });
  });

  it("leaves no file out because it is in another folder", async () => {
    await assert.rejects(landAll(landing("/a/b/page-1.json", "/a/c/page-2.json")), /page-2\.json was not landed in/);
  });
});
