import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The dbt project of this package. */
export const projectFolder = fileURLToPath(new URL("../../dbt/", import.meta.url));

/** The tables and views that a project makes, with their schemas: of a model its folder's name, of a seed `seeds`. */
export function projectRelations(folder: string): string[] {
  const named = (path: string, end: string) =>
    readdirSync(join(folder, path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(end))
      .map((entry) => `${basename(entry.parentPath)}.${basename(entry.name, end)}`);
  return [...named("models", ".sql"), ...named("seeds", ".csv")].sort();
}

/** A fingerprint of everything in a project that decides what the marts show. */
export function projectFingerprint(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(sql|ya?ml|csv)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(folder, "target")))
    .sort();
  for (const file of files) {
    hash.update(file.slice(folder.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}
