import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { freeReceivedChunks } from "../../../src/source/pages/free-chunks.ts";

it("frees the chunks of a body that was read", { timeout: 10_000 }, async () => {
  const held = () => process.memoryUsage().arrayBuffers;
  const before = held();
  let bytes = 0;
  for (let i = 0; i < 100; i++) bytes += Buffer.alloc(64 * 1024).length;
  assert.ok(held() > before + bytes / 2);
  freeReceivedChunks();
  // They are freed in the background, which sends no event.
  while (held() > before + bytes / 10) await setTimeout(5);
});
