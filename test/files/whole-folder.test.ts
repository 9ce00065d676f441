import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { makeFolder, obstacleToWriting } from "../../src/files/folder.ts";
import { isMissingOrEmpty, writeFolderAtomically } from "../../src/files/whole-folder.ts";
import { temporaryFolder } from "../harness/context.ts";

const fill = async (folder: string) => {
  mkdirSync(join(folder, "part"));
  for (const name of ["a", "part/b", "manifest.json"]) writeFileSync(join(folder, name), name);
};
const all = ["a", "manifest.json", "part", "part/b"];
const filesOf = (folder: string) => (readdirSync(folder, { recursive: true }) as string[]).sort();

describe("a folder that is written whole", () => {
  it("is made with the folders above it", async () => {
    const folder = join(temporaryFolder(), "x", "y");
    await writeFolderAtomically(folder, "manifest.json", fill);
    assert.deepEqual(filesOf(folder), all);
    assert.deepEqual(readdirSync(join(folder, "..")), ["y"]);
  });

  it("stays the same folder where it was there: a mount point cannot be replaced", async () => {
    const folder = temporaryFolder();
    const { ino } = statSync(folder);
    await writeFolderAtomically(folder, "manifest.json", async (unfinished) => {
      assert.equal(join(unfinished, ".."), folder, "unfinished files lie on the same file system");
      await fill(unfinished);
    });
    assert.deepEqual([filesOf(folder), statSync(folder).ino], [all, ino]);
  });

  it("has nothing in it where anything fails", async () => {
    const [there, parent] = [temporaryFolder(), temporaryFolder()];
    const failing = async (folder: string) => {
      await fill(folder);
      throw new Error("no room");
    };
    for (const path of [there, join(parent, "new")]) {
      await assert.rejects(writeFolderAtomically(path, "manifest.json", failing), /no room/);
      // The last file is missing: everything that was put in its place is taken back.
      await assert.rejects(
        writeFolderAtomically(path, "manifest.json", async (folder) => writeFileSync(join(folder, "a"), "a")),
        /ENOENT/,
      );
    }
    assert.deepEqual([filesOf(there), filesOf(parent)], [[], []]);
  });

  it("takes the place of nothing that another process has put there meanwhile", async () => {
    const folder = temporaryFolder();
    const written = writeFolderAtomically(folder, "manifest.json", async (unfinished) => {
      await fill(unfinished);
      writeFileSync(join(folder, "part"), "of another one");
    });
    await assert.rejects(written, /another process has put part there/);
    assert.deepEqual(filesOf(folder), ["part"]);
    symlinkSync("nowhere", join(folder, "link"));
    await assert.rejects(
      writeFolderAtomically(join(folder, "link"), "manifest.json", fill),
      /a link that leads nowhere/,
    );
  });

  it("may be where nothing is, and not where something is", async () => {
    const folder = temporaryFolder();
    assert.ok(await isMissingOrEmpty(join(folder, "new")));
    for (const name of ["lost+found", ".unfinished-12"]) mkdirSync(join(folder, name));
    assert.ok(await isMissingOrEmpty(folder));
    writeFileSync(join(folder, "file"), "");
    assert.ok(!(await isMissingOrEmpty(folder)));
    await assert.rejects(isMissingOrEmpty(join(folder, "file")), /ENOTDIR/);
  });

  it("clears away what was left a day ago", async () => {
    const folder = temporaryFolder();
    for (const name of [".unfinished-1", ".y.unfinished-2"]) mkdirSync(join(folder, name));
    utimesSync(join(folder, ".unfinished-1"), 0, 0);
    await writeFolderAtomically(join(folder, "x"), "manifest.json", fill);
    assert.deepEqual(readdirSync(folder).sort(), [".y.unfinished-2", "x"]);
  });
});

describe("a folder", () => {
  it("is made with those above it, and said to be missing no longer", () => {
    const folder = join(temporaryFolder(), "x", "y");
    assert.deepEqual(makeFolder(folder), [folder, join(folder, "..")]);
    assert.deepEqual(makeFolder(folder), []);
    writeFileSync(join(folder, "file"), "");
    assert.throws(() => makeFolder(join(folder, "file")), /is not a folder/);
    assert.deepEqual(obstacleToWriting(join(folder, "file", "x")), {
      at: join(folder, "file"),
      why: "is not a folder",
    });
  });

  it("under one that takes none is an error, and not endless", { skip: process.platform !== "linux" }, () => {
    assert.throws(() => makeFolder("/proc/a/b"), /ENOENT/);
  });

  it("is never made by Node's recursive way, which is endless under /proc", () => {
    const sources = (readdirSync("src", { recursive: true }) as string[]).filter((name) => /\.tsx?$/.test(name));
    assert.ok(sources.length > 200);
    for (const name of sources)
      assert.doesNotMatch(readFileSync(join("src", name), "utf8"), /mkdir(Sync)?\([^;]*recursive/, name);
  });
});
