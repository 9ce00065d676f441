import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

describe("--log-format json", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  it("says every event as a line of JSON with level, time and text", async () => {
    const { stderr, code } = await testHome(source).run(["run", "--log-format", "json", "-v"]);
    assert.equal(code, 0);
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      [lines[0]!.type, lines[0]!.level, typeof lines[0]!.time, lines.at(-1)!.type],
      ["run.started", 30, "number", "run.finished"],
    );
    assert.ok(
      lines.some(({ type, level, msg }) => type === "source.request" && level === 20 && /GET/.test(String(msg))),
    );
    const wrong = await testHome(source).run(["run", "--log-format", "xml"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--log-format is "xml": expected pretty or json/);
  });
});
