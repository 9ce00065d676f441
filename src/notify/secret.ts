import { readFileSync } from "node:fs";
import { permissionsOfOthers } from "../files/private-file.ts";

/**
 * A secret stands in the environment (`env:NAME`) or in a file of its own (`file:PATH`), never in the configuration. Gives its value;
 * a text of another form is taken as it is. Throws an Error that names the place and not the value.
 */
export function resolveSecret(reference: string, env: Readonly<Record<string, string>>): string {
  const [, kind, place = ""] = /^(env|file):(.+)$/s.exec(reference) ?? [];
  if (kind === undefined) return reference;
  const value = kind === "env" ? env[place] : readOrNull(place);
  if (value == null || value.trim() === "") {
    throw new Error(
      kind === "env" ? `the variable ${place} is not set` : `the file ${place} cannot be read or is empty`,
    );
  }
  return value.trim();
}

/** Where secrets stand that are too short to be taken out of texts: places, such as `env:NAME`, and no values. */
export function shortSecrets(settings: unknown, env: Readonly<Record<string, string>>, least: number): string[] {
  if (typeof settings === "string") {
    if (!/^(env|file):/.test(settings)) return [];
    try {
      return resolveSecret(settings, env).length < least ? [settings] : [];
    } catch {
      return []; // there is none
    }
  }
  return typeof settings === "object" && settings !== null
    ? Object.values(settings).flatMap((part) => shortSecrets(part, env, least))
    : [];
}

/** The files with secrets that other users of this machine may read. */
export function readableSecretFiles(settings: unknown): string[] {
  if (typeof settings === "string") {
    const path = /^file:(.+)$/s.exec(settings)?.[1];
    return path !== undefined && permissionsOfOthers(path)?.read ? [path] : [];
  }
  return typeof settings === "object" && settings !== null ? Object.values(settings).flatMap(readableSecretFiles) : [];
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // the caller names the file
  }
}

/** The values that stand somewhere else, and every address that has a path or a query: those may be keys. */
export function secretValues(settings: unknown, env: Readonly<Record<string, string>>): string[] {
  if (typeof settings === "string") {
    if (!/^(env|file|https?):/.test(settings)) return [];
    try {
      const value = resolveSecret(settings, env);
      return URL.canParse(value) && value.startsWith("http") ? [value, ...partsOf(new URL(value))] : [value];
    } catch {
      return []; // there is none
    }
  }
  return typeof settings === "object" && settings !== null
    ? Object.values(settings).flatMap((part) => secretValues(part, env))
    : [];
}

/** The parts of an address that are keys where they are long. */
function partsOf({ pathname, searchParams }: URL): string[] {
  return [...pathname.split("/"), ...searchParams.values()].filter((part) => part.length >= 16);
}
