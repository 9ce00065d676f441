import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PythonEnvironment } from "../../src/transform/environment.ts";
import { temporaryFolder } from "../harness/context.ts";

const signal = new AbortController().signal;

/** Folders to look for programs in: the shell's own tools, and a made-up python3. */
function machine(python?: string) {
  const folder = temporaryFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const tool of ["sh", "sleep", "cp", "mkdir", "kill"]) {
    const found = ["/bin", "/usr/bin"].map((place) => join(place, tool)).find(existsSync);
    if (found) symlinkSync(found, join(bin, tool));
  }
  if (python !== undefined) {
    writeFileSync(join(bin, "python3"), python);
    chmodSync(join(bin, "python3"), 0o755);
  }
  const cacheDir = join(folder, "cache");
  return { bin, cacheDir, environment: () => new PythonEnvironment({ cacheDir, env: { PATH: bin } }) };
}

/** A python3 that says which version it is, makes environments that are copies of itself, and installs as told. */
const python = (version: string, options: { venv?: string; install?: string } = {}) => `#!/bin/sh
case "$*" in
  *"-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
  *"-m pip"*) ${options.install ?? "exit 0"} ;;
  *"import dbt"*) exit 0 ;;
  *) echo '{"version": [${version}], "path": "'"$0"'", "venv": ${options.venv ?? "true"}}' ;;
esac
`;

describe("dbt's Python environment", () => {
  it("is refused, with what to do, where no Python fits", async () => {
    const cases: [string | undefined, RegExp][] = [
      [undefined, /no python3 was found/],
      [python("3, 9"), /python3 is 3\.9/],
      [python("3, 12", { venv: "false" }), /python3 \(3\.12\) lacks the venv module/],
      ["#!/bin/sh\nexit 127\n", /no python3 was found/],
    ];
    for (const [script, what] of cases) {
      const { environment, cacheDir } = machine(script);
      await assert.rejects(environment().check(signal), { code: "python_missing", message: what });
      assert.ok(!existsSync(cacheDir), "a check leaves nothing behind");
    }
  });

  it("is refused where its place cannot be written", async () => {
    const { environment, cacheDir } = machine(python("3, 11"));
    writeFileSync(cacheDir, "");
    await assert.rejects(environment().check(signal), {
      code: "dbt_environment",
      message: /cache is not a folder/,
      next: /PIPELINE_CACHE_DIR/,
    });
    await assert.rejects(
      environment().ensure(() => undefined, signal),
      {
        code: "dbt_environment",
        message: /^dbt needs a folder that cannot be made: EEXIST/,
      },
    );
  });

  it("makes itself once, and says what it does", async () => {
    const { environment, cacheDir } = machine(python("3, 11", { install: "echo Collecting agate==1.9.1" }));
    const steps: string[] = [];
    await environment().check(signal);
    await environment().ensure((step) => steps.push(step), signal);
    assert.deepEqual(steps, [
      "making dbt's Python environment (once, with Python 3.11 and pip)",
      "Collecting agate==1.9.1",
      "dbt's Python environment is ready",
    ]);
    assert.equal(readdirSync(cacheDir).length, 1);
    await environment().ensure(() => assert.fail("it is there"), signal);
  });

  it("is made anew beside the one that is there, which stays where making fails", async () => {
    const { environment, cacheDir, bin } = machine(python("3, 11"));
    await environment().ensure(() => undefined, signal);
    assert.equal(await environment().damage(signal), null);
    const made = environment().python;
    writeFileSync(made, '#!/bin/sh\necho "error while loading shared libraries: libpython3.11.so" >&2; exit 127\n');
    assert.match((await environment().damage(signal)) ?? "", /libpython3\.11\.so/);
    const broken = readFileSync(made, "utf8");
    const works = readFileSync(join(bin, "python3"), "utf8");
    writeFileSync(
      join(bin, "python3"),
      works.replace('exit 0 ;;\n  *"import', 'echo no network; exit 1 ;;\n  *"import'),
    );
    await assert.rejects(
      environment().remake(() => undefined, signal),
      { code: "dbt_environment", message: /no network/ },
    );
    assert.equal(readFileSync(made, "utf8"), broken);
    writeFileSync(join(bin, "python3"), works);
    await environment().remake(() => undefined, signal);
    assert.equal(await environment().damage(signal), null);
    assert.equal(readdirSync(cacheDir).length, 1);
  });

  it("is never used half-made", async () => {
    const broken = python("3, 11", { install: 'echo "THESE PACKAGES DO NOT MATCH THE HASHES" >&2; exit 1' });
    const { environment, cacheDir } = machine(broken);
    await assert.rejects(
      environment().ensure(() => undefined, signal),
      {
        code: "dbt_environment",
        message: /exit code 1.*DO NOT MATCH THE HASHES/,
      },
    );
    assert.deepEqual(readdirSync(cacheDir), []);
    // What a killed process left is removed by the next.
    mkdirSync(join(cacheDir, "building-999999999-x"));
    utimesSync(join(cacheDir, "building-999999999-x"), 0, 0);
    await assert.rejects(environment().ensure(() => undefined, signal));
    assert.deepEqual(readdirSync(cacheDir), []);
  });

  it("is made by whoever is first when two processes need it at once", async () => {
    const { environment, cacheDir } = machine(python("3, 11"));
    const both = [environment(), environment()];
    await Promise.all(both.map((one) => one.ensure(() => undefined, signal)));
    assert.equal(readdirSync(cacheDir).length, 1);
    assert.ok(both.every((one) => existsSync(one.python)));
  });

  it("is made again where its interpreter has gone", async () => {
    const { environment } = machine(python("3, 11"));
    await environment().ensure(() => undefined, signal);
    rmSync(environment().python);
    symlinkSync("/no/such/python", environment().python);
    await environment().ensure(() => undefined, signal);
    assert.ok(existsSync(environment().python));
  });

  it("stops being made when the run is cancelled", async () => {
    const controller = new AbortController();
    const { environment, cacheDir } = machine(python("3, 11", { install: "sleep 600" }));
    const making = environment().ensure(
      () => setTimeout(() => controller.abort(new Error("cancelled")), 50),
      controller.signal,
    );
    await assert.rejects(making, /cancelled/);
    assert.deepEqual(readdirSync(cacheDir), []);
  });
});
