import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Command } from "commander";
import { commandOf, hintedCommands, withDatabase, withHomeOptions, withoutSource } from "../../src/cli/hints.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { startScript } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";
import { startTestSource, type TestSource } from "../harness/sample.ts";

describe("a hint", () => {
  it("has the options that say which home is meant, as the command was given them", () => {
    const argv = ["runs", "ls", "--home", "a b", "--source=sample", "--config", "x.yaml", "--database", "d"];
    const at = "--config x.yaml --home 'a b'";
    const cases: [string, string][] = [
      ["Start with: pipeline run", `Start with: pipeline run ${at} --source sample --database d`],
      ["pipeline runs inspect 4b01 shows it.", `pipeline runs inspect ${at} --source sample 4b01 shows it.`],
      [
        "`pipeline state reset` and then `pipeline run`.",
        `\`pipeline state reset ${at} --source sample --database d\` and then \`pipeline run ${at} --source sample --database d\`.`,
      ],
      ["pipeline dbt -- show", `pipeline dbt ${at} --source sample --database d -- show`],
      ["pipeline sql 'show tables'", `pipeline sql ${at} --source sample 'show tables'`],
      ["pipeline notify test", `pipeline notify test ${at}`],
      [
        "pipeline restore x --home restored",
        "pipeline restore --config x.yaml --source sample --database d x --home restored",
      ],
      [
        "pipeline.yaml, a pipeline run2, the pipeline, pipeline runs",
        "pipeline.yaml, a pipeline run2, the pipeline, pipeline runs",
      ],
    ];
    for (const [text, expected] of cases) assert.equal(withHomeOptions(text, argv, {}), expected);
    assert.equal(withHomeOptions("pipeline run", ["run"], {}), "pipeline run");
    assert.equal(withHomeOptions("pipeline run", ["dbt", "--", "--home", "x"], {}), "pipeline run");
    assert.equal(withHomeOptions("pipeline run", [], { npm_execpath: "/npm" }), "npx pipeline run");
    const secret = withHomeOptions("pipeline run", ["plan", "--source", "https://me:hunter2hunter2@host/"], {});
    assert.doesNotMatch(secret, /hunter2/);
  });

  it("knows every command, and which options each takes", () => {
    const leaves = (command: Command, path: string[] = []): [string, Command][] =>
      command.commands.flatMap((one) => {
        const name = [...path, one.name()];
        return one.commands.length > 0 ? leaves(one, name) : [[name.join(" "), one] as [string, Command]];
      });
    const all = leaves(buildProgram(() => undefined)).filter(([name]) => name !== "__complete");
    const known = Object.entries(hintedCommands).flatMap(
      ([name, parts]) => parts?.map((part) => `${name} ${part}`) ?? [name],
    );
    assert.deepEqual(known.sort(), all.map(([name]) => name).sort());
    const takes = (command: Command, option: string) => command.options.some(({ long }) => long === option);
    for (const [name, command] of all) {
      assert.equal(takes(command, "--source"), !withoutSource.has(name), `${name} --source`);
      assert.equal(takes(command, "--database"), withDatabase.has(name), `${name} --database`);
    }
  });

  it("names the command that was called", () => {
    assert.equal(commandOf(["--home", "run", "runs", "ls", "--limit", "x"]), "runs ls");
    assert.equal(commandOf(["sql", "--nope"]), "sql");
    assert.equal(commandOf(["nothing"]), "");
  });
});

/** The commands in a text: from `pipeline` to the end of what can belong to it. */
function commandsIn(text: string): string[][] {
  return [
    ...text.matchAll(/\bpipeline ((?:--?[\w-]+|[a-z]+|[0-9a-f]{8}|'[^'\n]*'|"[^"\n]*"|[\w./@:-]+\/[\w./-]*| )+)/g),
  ]
    .map(([, words]) =>
      words!.match(/'[^']*'|"[^"]*"|\S+/g)!.map((word) => word.replace(/^(['"])(.*)\1$/, "$2").replace(/[.,;]+$/, "")),
    )
    .map(([first = "", second = "", ...rest]) => {
      // Words of the sentence that follow a command are none of its arguments.
      const subcommands = Object.hasOwn(hintedCommands, first) ? hintedCommands[first] : undefined;
      const head = subcommands === null ? [first] : [first, second];
      const tail = subcommands === null ? [second, ...rest] : rest;
      const end = tail.findIndex(
        (word, i) => /^[a-z]+$/.test(word) && !/^--/.test(tail[i - 1] ?? "") && word !== "nightly",
      );
      return [...head, ...(end < 0 ? tail : tail.slice(0, end))].filter((word) => word !== "");
    })
    .filter(([first]) => first !== undefined && Object.hasOwn(hintedCommands, first));
}

describe("the hints of a home of its own", () => {
  let source: TestSource;
  before(async () => {
    source = await startTestSource({ scale: 0.001 });
  });
  after(() => source.close());

  it("work when they are copied, and lead to no other home or source", async () => {
    const folder = temporaryFolder();
    const env = { PIPELINE_RATES_SEARCHES: "100000", PIPELINE_DBT: join(process.cwd(), "test/harness/fixtures/dbt") };
    const place = ["--home", join(folder, "home"), "--source", source.url];
    // A hint may name a folder that is made where it is copied.
    const run = (argv: readonly string[]) => startScript([resolve("src/main.ts"), ...argv], env, folder).outcome;
    const asked = [
      ["runs", "inspect"],
      ["runs", "ls"],
      ["sql", "select 1"],
      ["export", "--to", join(folder, "out")],
      ["schedule", "ls"],
      ["schedule", "pause", "nightly"],
      ["backup", "--to", join(folder, "backup")],
      ["doctor", "--offline"],
      ["server", "status"],
      ["run", "--as-of", source.asOf],
      ["run", "--nope"],
      ["runs", "inspect", "nope"],
      ["runs", "cancel"],
      ["runs", "retry"],
      ["sql", "select nope"],
      ["state", "reset", "nope"],
      ["schedule", "add", "nightly", "--cron", "0 2 * * *"],
      ["schedule", "pause", "nightly"],
      ["schedule", "add", "nightly", "--cron", "0 2 * * *"],
      ["doctor", "--offline"],
      ["backup", "--to", join(folder, "backup")],
    ];
    const hints = new Map<string, string[]>();
    for (const argv of asked) {
      const { stdout, stderr } = await run([...argv, ...place]);
      for (const words of commandsIn(stdout + stderr)) hints.set(words.join(" "), words);
    }
    assert.ok(hints.size >= 12, [...hints.keys()].join("\n"));
    const homes = new Set<string>();
    for (const [hint, words] of hints) {
      const [first = "", second = ""] = words;
      const name = hintedCommands[first] === null ? first : `${first} ${second}`;
      const home = words[words.indexOf("--home") + 1];
      assert.ok(words.includes("--home"), `${hint}: which home?`);
      homes.add(home!);
      assert.ok(withoutSource.has(name) || words.includes(source.url), `${hint}: which source?`);
      // What would go on for as long as it is not stopped is tried by its help.
      const lasting = ["server start", "schedule crontab", "demo"].includes(name) ? ["--help"] : [];
      const { code, stderr } = await run([...words, ...lasting]);
      assert.ok(
        code !== 2 || !/error\[usage\]: (Unknown|Error: unknown|Missing|Too many)/i.test(stderr),
        `${hint}: ${stderr}`,
      );
    }
    assert.deepEqual([...homes].sort(), [join(folder, "home"), "restored"].sort());
  });
});
