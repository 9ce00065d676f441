import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { endOfDay } from "../../src/sample/dataset/clock.ts";
import { shapeNames } from "../../src/sample/dataset/shapes.ts";
import { type Document, DocumentsIndex, parseDocuments } from "../../src/sample/index/documents.ts";
import { type SampleServer, startSample } from "../../src/sample/server/server.ts";
import { realRates } from "../../src/sample/server/throttle.ts";
import { differences } from "./conformance/compare.ts";
import { readConversations, readText, send } from "./conformance/recordings.ts";

const indexedAt = "2026-11-21T14:30:00Z";
const now = () => endOfDay("2026-11-21");

/** Recorded conversations that are not answered alike, with the reason. None: all are. */
const known: Record<string, string> = {};

const sourcesOf = (documents: readonly Document[]) =>
  new Map(documents.map(({ _id, _source }) => [_id, _source as never]));

for (const shape of shapeNames) {
  describe(`recorded conversations, ${shape}`, () => {
    const documents = parseDocuments(readText(`documents-${shape}.ndjson`));
    const sources = sourcesOf(documents);
    let server: SampleServer;
    before(async () => {
      server = await startSample({ index: new DocumentsIndex(documents, indexedAt), now, shape });
    });
    after(() => server.close());

    for (const conversation of readConversations(`conversations-${shape}.jsonl`)) {
      it(conversation.name, { skip: known[`${shape} ${conversation.name}`] ?? false }, async () => {
        const answer = await send(server.url, conversation.request);
        assert.deepEqual(differences(conversation, answer, sources), []);
      });
    }
  });

  it(`recorded conversations about limits, ${shape}`, async () => {
    const documents = parseDocuments(readText(`documents-${shape}.ndjson`));
    const index = new DocumentsIndex(documents, indexedAt);
    const server = await startSample({ index, now, shape, rates: realRates });
    try {
      for (const conversation of readConversations(`throttle-${shape}.jsonl`)) {
        for (const early of conversation.before ?? []) {
          for (let i = 0; i < early.repeat; i++) {
            assert.equal((await send(server.url, { ...early, method: "GET" })).status, early.status);
          }
        }
        const answer = await send(server.url, conversation.request);
        assert.deepEqual(differences(conversation, answer, sourcesOf(documents)), [], conversation.name);
      }
    } finally {
      await server.close();
    }
  });
}

it("the recorded walk while the index moves", async () => {
  const documents = parseDocuments(readText("documents-today.ndjson"));
  const sources = sourcesOf(documents);
  const index = new DocumentsIndex(documents, indexedAt);
  const server = await startSample({ index, now });
  try {
    for (const conversation of readConversations("moves-update.jsonl")) {
      const { change } = conversation;
      if (change === undefined) {
        const answer = await send(server.url, conversation.request);
        assert.deepEqual(differences(conversation, answer, sources, true), [], conversation.name);
      } else if (!change.start) {
        const changed = change.index as Document[];
        for (const { _id, _source } of changed) sources.set(_id, _source as never);
        index.apply({ index: changed, delete: change.delete, reindex: change.reindex, indexedAt: change.indexed_at });
      }
    }
  } finally {
    await server.close();
  }
});
