import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Package = { name: string; version: string; license: string };

/** docs/licenses.md: what is installed with this program, and the Python packages that it installs for dbt. */
export function licenseList(sitePackages: string): string {
  const table = (packages: Package[]) =>
    packages.map(({ name, version, license }) => `| ${name} | ${version} | ${license} |\n`).join("");
  return `<!-- Made by \`npm run docs\` from what is installed: change it there. -->

# Third-party licenses

This program is under the MIT license. It runs on these packages, each under its own license, whose text is part of the package. The
complaint data is in the public domain (CC0); the code list of states and the 2020 census counts are works of the US government.

## Installed with it

| package | version | license |
|---|---|---|
${table(npmPackages())}
## Installed by it, for dbt

In a Python environment of its own, when the first run needs it (\`dbt/requirements.txt\`, with hashes).

| package | version | license |
|---|---|---|
${table(pythonPackages(sitePackages))}`;
}

/** Every package that is installed without the development ones, on whatever platform. */
function npmPackages(): Package[] {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { version: string; license?: string; dev?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && !dev)
    .map(([path, { version, license = "unknown" }]) => ({
      name: path.replace(/^.*node_modules\//, ""),
      version,
      license,
    }));
}

function pythonPackages(folder: string): Package[] {
  const wanted = [...readFileSync("dbt/requirements.txt", "utf8").matchAll(/^([\w.-]+)==([^\s;]+)/gm)];
  const installed = new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith(".dist-info"))
      .map((name) => readFileSync(join(folder, name, "METADATA"), "utf8").split("\n\n")[0]!)
      .map((metadata) => [plain(field(metadata, "Name")), metadata]),
  );
  return wanted.map(([, name = "", version = ""]) => {
    const metadata = installed.get(plain(name));
    // What another platform needs is pinned too, and not here.
    return { name, version, license: metadata === undefined ? "not installed on this platform" : licenseOf(metadata) };
  });
}

function licenseOf(metadata: string): string {
  const expression = field(metadata, "License-Expression");
  if (expression !== "") return expression;
  const classifiers = [...metadata.matchAll(/^Classifier: License :: (?:OSI Approved :: )?(.+)$/gm)].map(
    ([, name]) => name!,
  );
  return classifiers.length > 0 ? classifiers.join("; ") : field(metadata, "License") || "unknown";
}

function field(metadata: string, name: string): string {
  return new RegExp(`^${name}: (.+)$`, "m").exec(metadata)?.[1]?.trim() ?? "";
}

const plain = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, "-");
