import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pipeline, startPipeline } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";

describe("pipeline sample start", () => {
  it("serves until it is stopped", async () => {
    const { child, outcome } = startPipeline(["sample", "start", "--as-of", "2026-11-20", "--scale", "0.01"]);
    const [url] = (await once(child.stdout!, "data")) as [string];
    const answer = (await (await fetch(`${url.trim()}?size=0`)).json()) as { _meta: { last_indexed: string } };
    assert.equal(answer._meta.last_indexed, "2026-11-20T12:00:00-05:00");
    child.kill("SIGINT");
    const { code, stderr } = await outcome;
    assert.equal(code, 0);
    assert.match(stderr, /Made-up complaints; the bulk file: http.*\/ccdb\/complaints\.csv\.zip/);
  });

  it("serves documents of one's own, in the shape and with the limits asked for", async () => {
    const documents = join(temporaryFolder(), "documents.ndjson");
    const _source = { complaint_id: "7", company: "ACME", date_received: "2026-05-01T12:00:00-05:00" };
    writeFileSync(documents, `${JSON.stringify({ _id: "7", _source })}\n`);
    const argv = ["sample", "start", "--documents", documents, "--shape", "noon", "--rates", "real", "--json"];
    const { child, outcome } = startPipeline(argv);
    const [line] = (await once(child.stdout!, "data")) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const ask = () => fetch(`${url}?size=1`);
    const answer = (await (await ask()).json()) as { hits: { hits: { _source: Record<string, unknown> }[] } };
    assert.equal(answer.hits.hits[0]?._source.date_received, "2026-05-01T12:00:00-05:00");
    assert.equal(answer.hits.hits[0]?._source.has_narrative, false);
    for (let i = 0; i < 19; i++) assert.equal((await ask()).status, 200);
    assert.equal((await ask()).status, 429);
    child.kill("SIGTERM");
    assert.equal((await outcome).code, 0);
  });

  const fileOf = (line: string) => {
    const file = join(temporaryFolder(), "documents.ndjson");
    writeFileSync(file, `\n${line}\n`);
    return file;
  };
  const time = '"date_received": "2026-11-20T10:00:00Z"';
  const noDocuments: [string, RegExp][] = [
    ["[]", /^error\[usage\]: Line 2 of the documents file .* is not a document: it is not an object\./],
    ["12", /it is not an object/],
    ["null", /it is not an object/],
    ["no json", /it is not JSON/],
    ['{"a": 1}', /_id is not a text of 1 to 8 digits/],
    [`{"_id": 1, "_source": {${time}}}`, /_id is not a text/],
    [`{"_id": "123456789", "_source": {${time}}}`, /_id is not a text/],
    ['{"_id": "1", "_source": null}', /_source is not an object/],
    ['{"_id": "1", "_source": []}', /_source is not an object/],
    ['{"_id": "7", "_source": {"company": "ACME BANK"}}', /date_received is not a time/],
    ['{"_id": "7", "_source": {"date_received": "soon"}}', /date_received is not a time/],
  ];

  it("refuses what it cannot be started with", async () => {
    const cases: [string[], RegExp][] = [
      [["--shape", "jule"], /--shape is "jule": expected one of today, july, noon; did you mean july\?/],
      [["--as-of", "soon"], /--as-of is "soon": expected a day/],
      [["--port", "99999"], /--port is "99999": expected a number from 0 to 65535/],
      [["--rates", "many"], /--rates is "many"/],
      [["--port", "4000.5"], /--port is "4000.5": expected a whole number/],
      ...noDocuments.map(([line, message]): [string[], RegExp] => [["--documents", fileOf(line)], message]),
      [["--documents", temporaryFolder()], /The documents file .* cannot be read \(EISDIR\)/],
      [["--documents", "/no/such/file"], /The documents file \/no\/such\/file cannot be read \(ENOENT\)/],
    ];
    for (const [argv, message] of cases) {
      const { code, stderr } = await pipeline(["sample", "start", ...argv]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
