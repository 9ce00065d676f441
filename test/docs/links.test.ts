import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { Command } from "commander";
import { commandsOf } from "../../src/cli/examples.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { errorCodes } from "../../src/run/errors.ts";

const documents = ["README.md", "CHANGELOG.md", ...markdown("docs")];

function markdown(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

/** The anchors of a document's headings, as code hosts make them. */
function anchorsOf(file: string): string[] {
  const text = readFileSync(file, "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the documentation", () => {
  it("that the program points to is in the package", () => {
    const { files } = JSON.parse(readFileSync("package.json", "utf8")) as { files: string[] };
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
    for (const name of sources) {
      // Comments are for whoever has the sources.
      const code = readFileSync(join("src", name), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
      for (const [path] of code.matchAll(/\bdocs\/[\w/-]+\.md/g)) assert.ok(files.includes(path), `${name}: ${path}`);
    }
  });

  it("names only files and folders of the code that are there", () => {
    const missing = [...documents, "CONTRIBUTING.md"]
      .filter((file) => file !== "CHANGELOG.md")
      .flatMap((file) => {
        const text = readFileSync(file, "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
        const named = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+)`/g)].map(([, path]) => path!);
        const inCode = named.filter((path) => /^(src|test|scripts|dbt)\/|\.ts$/.test(path));
        return inCode.filter((path) => !existsSync(path) && !existsSync(join("src", path))).map((path) => [file, path]);
      });
    assert.deepEqual(missing, []);
  });

  for (const file of documents) {
    it(`${file}: every link leads somewhere`, () => {
      const text = readFileSync(file, "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
      for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target!)) continue;
        const [path = "", anchor] = target!.split("#");
        const found = path === "" ? file : join(dirname(file), path);
        assert.ok(existsSync(found), `${target} is not there`);
        if (anchor !== undefined) assert.ok(anchorsOf(found).includes(anchor), `${target} has no such heading`);
      }
    });

    it(`${file}: every command line is one`, () => {
      const blocks = [...readFileSync(file, "utf8").matchAll(/^```(?:sh|console|cron)\n([\s\S]*?)^```/gm)];
      for (const line of blocks.flatMap(([, block]) => block!.split("\n"))) {
        const argv = /(?:^|[\s/|(])pipeline ((?:[a-z-].*)?)$/.exec(line.replace(/\s+#.*$/, ""))?.[1];
        if (argv !== undefined && !line.startsWith("#")) checkLine(argv, line);
      }
    });
  }

  it("says of every error what to do", () => {
    const text = readFileSync("docs/troubleshooting.md", "utf8");
    const missing = errorCodes.filter((code) => !text.includes(`\`${code}\``));
    assert.deepEqual(missing, []);
  });
});

/** Commands and options that exist, without running anything. */
function checkLine(text: string, line: string): void {
  const words = [...text.matchAll(/"(?:\\.|[^"])*"|'[^']*'|[^\s"']+(?:"[^"]*"|'[^']*')?/g)].map(([word]) => word);
  let command: Command = buildProgram(() => undefined);
  for (const word of words) {
    if (word === "--" || /^[|>&;)]/.test(word)) break;
    const below = commandsOf(command).find((found) => found.name() === word || found.aliases().includes(word));
    if (below !== undefined) command = below;
    else if (word.startsWith("-")) {
      const known = [command, ...ancestors(command)].flatMap((one) => one.options);
      const name = word.split("=")[0];
      assert.ok(
        known.some(({ short, long }) => short === name || long === name) || name === "--help",
        `${line}: ${word} is no option`,
      );
    } else {
      assert.equal(commandsOf(command).length, 0, `${line}: ${word} is no command`);
    }
  }
}

function ancestors(command: Command): Command[] {
  return command.parent === null ? [] : [command.parent, ...ancestors(command.parent)];
}
