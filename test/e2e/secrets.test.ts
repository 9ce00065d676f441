import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { testHome } from "../harness/home.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

const secrets = ["sentinel-user", "sentinel-p@ssword", "sentinel-key"];

describe("a source address that holds user, password and key", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource();
  });
  after(() => source.close());

  it("is used, and its secrets stand nowhere", async () => {
    const home = testHome(source);
    const address = source.url.replace("://", "://sentinel-user:sentinel-p%40ssword@");
    const seen: string[] = [];
    const run = async (argv: string[], env: Record<string, string> = {}) => {
      const { code, stdout, stderr } = await home.run(argv, { PIPELINE_SOURCE: `${address}?key=sentinel-key`, ...env });
      seen.push(stdout, stderr);
      return code;
    };
    assert.equal(await run(["run", "-v", "--json"]), 0);
    assert.ok(
      source.requests.every((url) => url.searchParams.get("key") === "sentinel-key"),
      "the key is sent",
    );
    assert.equal(await run(["run", "-v", "--log-format", "json"]), 0);
    // Failures of every kind that name an address.
    const broken = { PIPELINE_RETRIES: "0", PIPELINE_COMPANIES: "jpmorgan" };
    source.intercept = () => ({ kind: "answer", status: 500, headers: {}, body: "sentinel-key is wrong" });
    assert.equal(await run(["run", "-v"], broken), 1);
    source.intercept = undefined;
    assert.equal(await run(["run"], { ...broken, PIPELINE_SOURCE: address.replace(/:\d+\//, ":1/") }), 1);
    assert.equal(await run(["run"], { PIPELINE_SOURCE: "http://sentinel-user:sentinel-p%40ssword@ho st/" }), 2);
    for (const argv of [
      ["runs", "ls"],
      ["runs", "inspect", "--json"],
      ["runs", "logs", "--level", "debug"],
      ["state", "show"],
    ]) {
      await run(argv);
    }
    const found = (text: string) =>
      secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).filter((form) => text.includes(form));
    for (const text of seen) assert.deepEqual(found(text), [], text);
    for (const file of readdirSync(home.folder, { recursive: true, encoding: "utf8" })) {
      const path = join(home.folder, file);
      if (statSync(path).isFile()) assert.deepEqual(found(readFileSync(path, "latin1")), [], file);
    }
    assert.match(seen.join(), /\*\*\*/);
  });
});
