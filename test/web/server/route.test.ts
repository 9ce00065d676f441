import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { route, routed } from "../../../src/web/server/api/route.ts";

describe("an answer that its schema does not say", () => {
  it("is given as it is, and reported: a row of another version is worth more than an error", async () => {
    const errors: unknown[] = [];
    const wrong = route({
      ...{ method: "get", path: "/runs", summary: "s" },
      answer: z.array(z.strictObject({ state: z.enum(["Completed"]) })),
      handle: () => [{ state: "Paused" }] as never,
    });
    const app = routed([wrong], null as never, (error) => errors.push(error));
    const answer = await app.request("/runs");
    assert.deepEqual([answer.status, await answer.json()], [200, [{ state: "Paused" }]]);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]), /\/runs answers what its schema does not say: .*\n?.*state/s);
  });

  it("is not reported where it is right", async () => {
    const right = route({
      ...{ method: "get", path: "/runs", summary: "s" },
      answer: z.array(z.strictObject({ state: z.enum(["Completed"]) })),
      handle: () => [{ state: "Completed" as const }],
    });
    const app = routed([right], null as never, (error) => assert.fail(String(error)));
    assert.equal((await app.request("/runs")).status, 200);
  });
});
