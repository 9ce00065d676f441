import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { before, describe, it } from "node:test";
import { promisify } from "node:util";
import { dbtPackages } from "../../scripts/docs/dbt-packages.ts";
import { licenseList } from "../../scripts/docs/licenses.ts";
import { lineage } from "../../scripts/docs/lineage.ts";
import { temporaryFolder } from "../harness/context.ts";

const execute = promisify(execFile);
/** What the README says of it. */
const mostBytes = 500_000;

/** The environment of a user who has Node and Python, and nothing of this project. */
function userEnv(): Record<string, string> {
  const path = process.env.PATH!.split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PIPELINE_|NODE_TEST_|npm_)/.test(name) || name === "PIPELINE_CACHE_DIR",
  );
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    PATH: [dirname(process.execPath), ...path].join(delimiter),
  };
}

describe("the packed product", () => {
  const folder = temporaryFolder();
  /** A path as people have them. */
  const place = join(folder, "Müllers Daten & Co");
  const env = userEnv();
  let tarball = "";
  let bin = "";
  const run = (program: string, argv: string[], cwd = place, more: Record<string, string> = {}) =>
    execute(program, argv, { cwd, env: { ...env, ...more }, maxBuffer: 1e8, timeout: 120_000 });

  before(async () => {
    mkdirSync(place);
    const { stdout } = await execute("npm", ["pack", "--silent", "--pack-destination", folder]);
    tarball = join(folder, stdout.trim().split("\n").at(-1)!);
    await run("npm", ["install", "--no-audit", "--no-fund", "--silent", tarball]);
    bin = join(place, "node_modules", ".bin", "pipeline");
  });

  it("is small, compiled, and has no development file in it", async () => {
    const { stdout } = await execute("tar", ["-tzf", tarball]);
    const files = stdout
      .trim()
      .split("\n")
      .map((name) => name.replace("package/", ""));
    const size = statSync(tarball).size;
    assert.ok(size < mostBytes, `${size} bytes`);
    assert.deepEqual(
      files.filter((name) => /\.ts$|^(src|test|scripts|\.ci|node_modules|database)\/|\.duckdb|target\//.test(name)),
      [],
    );
    for (const name of [
      "dist/main.js",
      "dbt/dbt_project.yml",
      "dist/sample/server/main.js",
      "dist/transform/dbt_host.py",
      "LICENSE",
      "README.md",
      "docs/licenses.md",
      "man/pipeline.1",
      "CHANGELOG.md",
    ]) {
      assert.ok(files.includes(name), name);
    }
    const { dependencies } = JSON.parse(
      readFileSync(join(place, "node_modules", "cfpb-pipeline", "package.json"), "utf8"),
    );
    assert.ok(!("typescript" in dependencies) && !existsSync(join(place, "node_modules", "typescript")));
  });

  it("does the whole job in a folder of that name", async () => {
    const { stdout } = await run(bin, [
      "run",
      "--source",
      "sample",
      "--as-of",
      "2026-11-20",
      "--json",
      "--companies",
      "equifax",
    ]);
    const report = JSON.parse(stdout);
    assert.deepEqual([report.state, report.dbt.state, report.published.state], ["Completed", "Completed", "Completed"]);
    const ask = async (...argv: string[]) => (await run(bin, [...argv, "--source", "sample"])).stdout;
    assert.match(await ask("sql", "select count(*) as n from fct_complaints", "--csv"), /^n\r\n\d{4,}\r\n$/);
    assert.match(await ask("runs", "inspect"), /Completed/);
    assert.match(await ask("doctor", "--offline"), /every block read and right/);
    assert.match(await ask("schedule", "add", "nightly", "--cron", "@daily"), /^Added nightly/);
    assert.match(await ask("server", "start", "--background", "--port", "0"), /^http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(await ask("server", "stop"), /^Stopped/);
    assert.match(await ask("backup", "--to", "a backup"), /complaints/);
    assert.match((await run(bin, ["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
    for (const shell of ["bash", "zsh", "fish"])
      assert.match((await run(bin, ["completion", shell])).stdout, /pipeline/);
    assert.deepEqual(readdirSync(place).sort(), [
      "a backup",
      "database",
      "node_modules",
      "package-lock.json",
      "package.json",
    ]);
  });

  it("runs through npx, and installed globally, with the home elsewhere", async () => {
    const home = join(folder, "home elsewhere");
    const argv = [
      "run",
      "--source",
      "sample",
      "--as-of",
      "2026-11-20",
      "--companies",
      "equifax",
      "--skip-dbt",
      "--home",
      home,
      "-q",
    ];
    const empty = join(folder, "empty");
    mkdirSync(empty);
    await run("npx", ["--yes", "--package", tarball, "pipeline", ...argv], empty);
    const prefix = join(folder, "global");
    await run(
      "npm",
      ["install", "--global", "--prefix", prefix, "--no-audit", "--no-fund", "--silent", tarball],
      empty,
    );
    const { stdout } = await run(
      join(prefix, "bin", "pipeline"),
      ["runs", "ls", "--source", "sample", "--home", home, "--json"],
      empty,
    );
    assert.equal(JSON.parse(stdout)[0].state, "Completed");
    assert.deepEqual(readdirSync(empty), []);
  });

  it("writes nothing where it is installed", async () => {
    const user = mkdtempSync(join(tmpdir(), "pipeline-user-"));
    chmodSync(user, 0o777);
    chmodSync(folder, 0o755);
    const node = join(user, "node");
    copyFileSync(process.execPath, node);
    chmodSync(node, 0o755);
    for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isSymbolicLink()) chmodSync(path, entry.isDirectory() || statSync(path).mode & 0o100 ? 0o555 : 0o444);
    }
    chmodSync(place, 0o555);
    // Root may write everything: it is somebody else who runs it.
    const someone = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const main = join(place, "node_modules", "cfpb-pipeline", "dist", "main.js");
    const argv = [
      "run",
      "--source",
      "sample",
      "--as-of",
      "2026-11-20",
      "--companies",
      "equifax",
      "--home",
      join(user, "home"),
      "-q",
    ];
    await execute(node, [main, ...argv, "--skip-dbt"], {
      cwd: user,
      env: { ...env, HOME: user, PIPELINE_CACHE_DIR: join(user, "cache") },
      ...someone,
    });
    assert.ok(existsSync(join(user, "home", "sample", "cfpb_complaints.duckdb")));
    chmodSync(place, 0o755);
    for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
    }
    spawnSync("rm", ["-rf", user]);
  });

  it("says which Node it needs, where the machine's is older", (context) => {
    const older = process.env
      .PATH!.split(delimiter)
      .map((path) => join(path, "node"))
      .find(
        (path) =>
          existsSync(path) &&
          Number(/^v(\d+)/.exec(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout)?.[1]) < 22,
      );
    if (older === undefined) return context.skip("there is no older Node on this machine");
    const main = join(place, "node_modules", "cfpb-pipeline", "dist", "main.js");
    const { status, stderr } = spawnSync(older, [main, "run"], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(
      stderr,
      /^error\[node_version\]: pipeline needs Node 22\.19 or newer, and this is Node \d+\.\d+\.\d+\.\ndata: .*\nnext: .*\n$/,
    );
  });

  it("shows the lineage of the dbt project as it is", async () => {
    assert.ok(readFileSync("src/web/server/api/lineage.json", "utf8") === (await lineage()), "else: npm run docs");
  });

  it("lists the licenses of what it runs on", async () => {
    assert.equal(readFileSync("docs/licenses.md", "utf8"), licenseList(await dbtPackages()), "else: npm run docs");
  });
});

describe("the release script", () => {
  const clone = async () => {
    const folder = join(temporaryFolder(), "clone");
    await execute("git", ["clone", "--quiet", "--branch", "main", process.cwd(), folder]);
    await execute("ln", ["-s", join(process.cwd(), "node_modules"), join(folder, "node_modules")]);
    await execute("sh", ["-c", "echo node_modules >> .git/info/exclude"], { cwd: folder });
    const git = (...argv: string[]) =>
      execute("git", ["-c", "user.name=a", "-c", "user.email=a@a.test", ...argv], { cwd: folder });
    const env = {
      ...process.env,
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@a.test",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@a.test",
    };
    const release = (...argv: string[]) =>
      execute(process.execPath, ["scripts/release.ts", ...argv], { cwd: folder, env });
    return { folder, git, release };
  };

  it("sets version and changelog, commits, tags and packs", async () => {
    const { folder, git, release } = await clone();
    const { stdout } = await release("9.8.7", "--no-tests");
    assert.match(stdout, /^cfpb-pipeline-9\.8\.7\.tgz is packed, and tagged as v9\.8\.7\./);
    assert.match(readFileSync(join(folder, "CHANGELOG.md"), "utf8"), /^## 9\.8\.7 - \d{4}-\d\d-\d\d$/m);
    assert.match(readFileSync(join(folder, "man/pipeline.1"), "utf8"), /pipeline 9\.8\.7/);
    assert.match((await git("show", "--stat", "v9.8.7")).stdout, /Release 9\.8\.7/);
    assert.equal((await git("status", "--porcelain")).stdout, "");
    await assert.rejects(release("9.8.7", "--no-tests"), /Not released: v9\.8\.7 is there already/);
  });

  it("refuses what is no version, and a work tree with changes", async () => {
    const { folder, release } = await clone();
    await assert.rejects(release("next"), /"next" is no version/);
    await execute("sh", ["-c", "echo >> README.md"], { cwd: folder });
    await assert.rejects(release("1.2.3"), /changes that are not committed/);
  });
});
