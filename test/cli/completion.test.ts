import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { promisify } from "node:util";
import { buildProgram } from "../../src/cli/program.ts";
import { complete } from "../../src/cli/setup/complete.ts";
import { ScheduleStore } from "../../src/schedule/store.ts";
import { temporaryFolder } from "../harness/context.ts";

const run = promisify(execFile);
const has = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;
const words = async (...line: string[]) =>
  (
    await complete(
      buildProgram(() => {}),
      line,
    )
  ).candidates.map(({ word }) => word);

describe("completion", () => {
  it("completes commands, options and their values", async () => {
    assert.deepEqual(await words("ru"), ["run", "runs"]);
    assert.deepEqual(await words("runs", "in"), ["inspect"]);
    assert.deepEqual(await words("run", "--re"), ["--reset-state"]);
    assert.deepEqual(await words("run", "--hom"), ["--home"]);
    assert.deepEqual(await words("runs", "ls", "--state", "C"), ["Cancelling", "Completed", "Cancelled", "Crashed"]);
    assert.deepEqual(await words("run", "--look-back", ""), []);
    assert.deepEqual(await words("completion", "z"), ["zsh"]);
    assert.ok(!(await words("run", "--")).includes("--run-id"), "what is hidden stays so");
    assert.ok(!(await words("")).includes("__complete"));
    const files = await complete(
      buildProgram(() => {}),
      ["run", "--config", ""],
    );
    assert.deepEqual([files.files, files.candidates], [true, []]);
  });

  it("knows the schedules of the home that is named", async () => {
    const home = temporaryFolder();
    const store = ScheduleStore.open(ScheduleStore.fileOf(home));
    store.add({
      ...{ name: "nightly", cron: "0 2 * * *", timezone: "UTC", catchUp: "latest", overlap: "skip", jitterSeconds: 0 },
      ...{ lateAfterMinutes: 60, runOptions: [], paused: false, createdAt: 0, nextDueAt: 1 },
    });
    store.close();
    assert.deepEqual(await words("schedule", "pause", "--home", home, ""), ["nightly"]);
    assert.deepEqual(await words("schedule", "pause", "--home", join(home, "none"), ""), []);
  });

  describe("in the shells", () => {
    let env: NodeJS.ProcessEnv;
    let folder: string;
    before(() => {
      folder = temporaryFolder();
      const bin = join(folder, "bin");
      mkdirSync(bin);
      const main = join(process.cwd(), "src/main.ts");
      writeFileSync(join(bin, "pipeline"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
      chmodSync(join(bin, "pipeline"), 0o755);
      writeFileSync(join(folder, "settings one.yaml"), "");
      env = { PATH: `${bin}:${process.env.PATH}`, HOME: folder, TERM: "dumb" };
    });

    it("bash", { skip: !has("bash") && "bash is not here" }, async () => {
      const script = `source <(pipeline completion bash)
        try() { COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _pipeline; printf '%s|' "\${COMPREPLY[@]}"; echo; }
        try pipeline sche; try pipeline schedule p; try pipeline export --format p; try pipeline run --config set; complete -p pipeline`;
      const { stdout } = await run("bash", ["-c", script], { env, cwd: folder });
      assert.equal(stdout, "schedule|\npause|\nparquet|\nsettings one.yaml|\ncomplete -F _pipeline pipeline\n");
    });

    it("zsh", { skip: !has("zsh") && "zsh is not here" }, async () => {
      const script = `autoload -Uz compinit; compinit -u -D
        source <(pipeline completion zsh)
        _describe() { print -rl -- "\${(@P)2}" }; _files() { print files }
        try() { words=("$@"); CURRENT=$#words; _pipeline }
        try pipeline sche; try pipeline export --format p; try pipeline run --config set; print $_comps[pipeline]`;
      const { stdout } = await run("zsh", ["-f", "-c", script], { env, cwd: folder });
      assert.equal(stdout, "schedule:runs that start by themselves\nparquet:\nfiles\n_pipeline\n");
    });

    it("fish", { skip: !has("fish") && "fish is not here" }, async () => {
      const script = `pipeline completion fish | source
        complete -C 'pipeline sche'; complete -C 'pipeline export --format p'; complete -C 'pipeline run --config set'`;
      const { stdout } = await run("fish", ["--no-config", "-c", script], { env, cwd: folder });
      assert.equal(stdout, "schedule\truns that start by themselves\nparquet\nsettings one.yaml\n");
    });

    it("says which shells there are", async () => {
      const failed = await run("pipeline", ["completion", "tcsh"], { env }).catch(
        (error: { code: number; stderr: string }) => error,
      );
      assert.match(
        (failed as { stderr: string }).stderr,
        /There is no completion for "tcsh".*Name one of bash, zsh and fish/s,
      );
    });
  });
});
