import type { Landed, LandedFile } from "../flow/values.ts";
import type { LandedFiles } from "./ports.ts";

/** Runs the first half of `extract_and_load_complaints` to its end, for an engine whose second half runs in another place. */
export async function landAll(landing: LandedFiles): Promise<Landed> {
  const files: LandedFile[] = [];
  let next = await landing.next();
  for (; !next.done; next = await landing.next()) files.push(next.value);
  const folder = folderOf(files[0]?.path ?? "");
  const away = files.find(({ path }) => folderOf(path) !== folder);
  if (away !== undefined) throw new Error(`${away.path} was not landed in ${folder}`);
  return {
    folder,
    files: files.map((file) => ({ ...file, path: file.path.slice(folder.length) })),
    evidence: next.value,
  };
}

/** The landed files for the second half; `landed.folder` is where this place has them. */
export async function* landedFiles({ folder, files, evidence }: Landed): LandedFiles {
  for (const file of files) yield { ...file, path: folder + file.path };
  return evidence;
}

/** With its slash at the end. */
const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);
