import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { commentedConfig } from "../../src/cli/setup/init.ts";
import { notifyExamples, settingHelp } from "../../src/config/help.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema, defaultSettings } from "../../src/config/schema.ts";
import { startScript } from "../harness/cli.ts";
import { temporaryFolder } from "../harness/context.ts";

describe("pipeline init", () => {
  it("explains every setting, and none that is not there", () => {
    const { properties } = configSchema() as { properties: Record<string, { description: string }> };
    assert.deepEqual(Object.keys(properties).sort(), Object.keys(settingHelp).sort());
    for (const { description } of Object.values(properties)) assert.match(description, /^[A-Z].*[^ ]$/);
  });

  it("writes a file that means the defaults, also with every comment opened", () => {
    const written = commentedConfig();
    const folder = temporaryFolder();
    const opened = written
      .split("\n")
      .filter((line) => !/^# (?![a-zA-Z]+:( |$)| )/.test(line) || /^# (?:startDate|companies)/.test(line))
      .map((line) => line.replace(/^# /, ""))
      .filter((line) => !/^[a-zA-Z]+:$/.test(line) || /^(companies|rates|sourceHealth|duckdb|notify):/.test(line))
      .join("\n");
    for (const [name, text] of [
      ["closed", written],
      ["opened", opened],
    ] as const) {
      const file = join(folder, `${name}.yaml`);
      writeFileSync(file, text);
      const { config, warnings } = loadConfig({ home: folder }, file, "2026-11-20");
      const plain = loadConfig({ home: folder }, undefined, "2026-11-20").config;
      assert.deepEqual(config, plain, name);
      assert.deepEqual(warnings, []);
    }
    const known = parse(opened) as Record<string, unknown>;
    const given = Object.entries(defaultSettings()).filter(([, value]) => value !== undefined);
    assert.deepEqual(Object.keys(known).sort(), given.map(([key]) => key).sort());
  });

  it("its examples of notifications are settings", () => {
    const folder = temporaryFolder();
    const file = join(folder, "pipeline.yaml");
    writeFileSync(file, `notify:\n${notifyExamples.map((example) => `  ${example}\n`).join("")}`);
    const { notify } = loadConfig({ home: folder }, file, "2026-11-20").config;
    assert.deepEqual(Object.keys(notify).sort(), ["command", "deadMan", "email", "on", "slack", "webhook"]);
  });

  it("writes two files, and over none", async () => {
    const folder = temporaryFolder();
    const init = (...argv: string[]) =>
      startScript([join(process.cwd(), "src/main.ts"), "init", ...argv], {}, folder).outcome;
    const first = await init();
    assert.equal(first.stdout, "pipeline.yaml and pipeline.schema.json written. Next: pipeline plan\n");
    assert.match(
      readFileSync(join(folder, "pipeline.yaml"), "utf8"),
      /^# yaml-language-server: \$schema=\.\/pipeline\.schema\.json\n/,
    );
    writeFileSync(join(folder, "pipeline.yaml"), "startDate: 2025-01-01\n");
    const second = await init();
    assert.equal(second.code, 2);
    assert.match(second.stderr, /There is a pipeline\.yaml and a pipeline\.schema\.json already/);
    assert.equal(readFileSync(join(folder, "pipeline.yaml"), "utf8"), "startDate: 2025-01-01\n");
    assert.equal((await init("--force", "-q")).code, 0);
    mkdirSync(join(folder, "conf"));
    await init("--config", "conf/mine.yaml");
    assert.deepEqual(
      readdirSync(join(folder, "conf")),
      ["mine.yaml", "pipeline.schema.json"],
      "the schema lies beside it",
    );
  });
});
