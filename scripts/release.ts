import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

/**
 * `npm run release -- 0.2.0 [--no-tests]`: from a clean main, sets the version, dates the section of the changelog, makes the
 * documentation that names the version, proves it, commits, tags and packs. Nothing leaves this machine: the last lines say how.
 */
const [version = "", ...flags] = process.argv.slice(2);
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
const stop = (why: string): never => {
  console.error(`Not released: ${why}`);
  process.exit(1);
};

if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) stop(`"${version}" is no version such as 0.2.0.`);
if (run("git", "status", "--porcelain") !== "") stop("the work tree has changes that are not committed.");
if (run("git", "branch", "--show-current") !== "main") stop("this is not main.");
if (run("git", "tag", "--list", `v${version}`) !== "") stop(`v${version} is there already.`);
const changelog = readFileSync("CHANGELOG.md", "utf8");
const heading =
  /^## (\S+) - unreleased$/m.exec(changelog)?.[0] ?? stop("CHANGELOG.md has no section that is unreleased.");

run("npm", "version", version, "--no-git-tag-version", "--allow-same-version");
const today = new Date().toISOString().slice(0, 10);
writeFileSync("CHANGELOG.md", changelog.replace(heading, `## ${version} - ${today}`));
run("npm", "run", "docs");
if (!flags.includes("--no-tests")) {
  for (const script of ["check", "test", "proof"]) execFileSync("npm", ["run", script], { stdio: "inherit" });
}
run("git", "commit", "--all", "--message", `Release ${version}`);
run("git", "tag", "--annotate", `v${version}`, "--message", `Release ${version}`);
const packed = run("npm", "pack", "--silent").split("\n").at(-1);
console.log(`${packed} is packed, and tagged as v${version}. To publish it:
  git push --follow-tags
  npm publish ${packed}`);
