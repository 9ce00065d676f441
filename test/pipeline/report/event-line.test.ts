import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { eventLine } from "../../../src/pipeline/report/event-line.ts";
import { shellQuote } from "../../../src/pipeline/report/format.ts";

describe("a word for the shell", () => {
  it("is as it stands where nothing in it means anything there", () => {
    for (const word of ["/srv/data/a.yaml", "--home=/x", "a@b:c,d+e"]) assert.equal(shellQuote(word), word);
  });

  it("arrives whole, whatever it holds", () => {
    for (const word of ["", "two words", "it's", "$HOME `id` %d", "a\nb", "*", "~", "ü", '"', "\\", "a;b&c|d>e"]) {
      assert.equal(execFileSync("sh", ["-c", `printf %s ${shellQuote(word)}`], { encoding: "utf8" }), word);
    }
  });

  it("is what a warning tells to copy", () => {
    const line = eventLine({ type: "secret.readable", path: "/srv/my keys/slack" });
    assert.ok(line.endsWith(": chmod 600 '/srv/my keys/slack'"), line);
  });
});
