import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DamagedFile, openZippedCsv } from "../../src/files/zipped-csv.ts";
import { temporaryFolder } from "../harness/context.ts";
import { zipOf } from "../harness/zip.ts";

async function contents(bytes: Buffer): Promise<string> {
  const path = join(temporaryFolder(), "file.zip");
  writeFileSync(path, bytes);
  const zipped = await openZippedCsv(path);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of zipped.read()) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    assert.equal(whole.length, zipped.bytes);
    return whole.toString();
  } finally {
    zipped.close();
  }
}

const text = "a,b\n1,2\n".repeat(400_000);

describe("a zipped CSV file", () => {
  it("is unpacked, packed or stored, with sizes of 32 and of 64 bits, beside what a Mac adds", async () => {
    for (const isLarge of [false, true]) {
      for (const isStored of [false, true]) {
        const files = { "complaints.csv": text, "__MACOSX/._complaints.csv": "rubbish", "readme.txt": "no" };
        assert.equal(await contents(await zipOf(files, { isLarge, isStored })), text);
      }
    }
  });

  it("is refused where bytes are lacking or other ones, wherever that is", async () => {
    const whole = await zipOf({ "complaints.csv": text });
    const stored = await zipOf({ "complaints.csv": text }, { isStored: true });
    const damaged = [0, 10, whole.length - 10].map((length) => whole.subarray(0, length));
    const changed = Buffer.from(whole);
    changed[Math.floor(whole.length / 2)]! ^= 0xff;
    const other = Buffer.from(stored);
    other[stored.length >> 1]! ^= 1;
    for (const bytes of [...damaged, changed, other]) await assert.rejects(contents(bytes), DamagedFile);
    // What is cut out of the middle moves the list at the end.
    const cut = Buffer.concat([whole.subarray(0, 2000), whole.subarray(3000)]);
    await assert.rejects(contents(cut), DamagedFile);
  });

  it("is refused where there are none, or several", async () => {
    await assert.rejects(contents(await zipOf({ "readme.txt": "no" })), /it has 0 CSV files/);
    await assert.rejects(contents(await zipOf({ "a.csv": "a", "b.csv": "b" })), /it has 2 CSV files/);
  });

  it("is the system's error where there is no such file", async () => {
    await assert.rejects(openZippedCsv(join(temporaryFolder(), "none.zip")), { code: "ENOENT" });
  });
});
