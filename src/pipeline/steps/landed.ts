import type { Landed } from "../flow/steps.ts";
import type { Pages } from "./ports.ts";

/** Runs the first half of `extract_and_load_complaints` to its end, for an engine whose second half runs in another place. */
export async function landAll(pages: Pages): Promise<Landed> {
  const paths: string[] = [];
  let page = await pages.next();
  for (; !page.done; page = await pages.next()) paths.push(page.value);
  const folder = folderOf(paths[0] ?? "");
  const away = paths.find((path) => folderOf(path) !== folder);
  if (away !== undefined) throw new Error(`${away} was not landed in ${folder}`);
  return { folder, files: paths.map((path) => path.slice(folder.length)), evidence: page.value };
}

/** The landed files for the second half; `landed.folder` is where this place has them. */
export async function* landedPages({ folder, files, evidence }: Landed): Pages {
  for (const file of files) yield folder + file;
  return evidence;
}

/** With its slash at the end. */
const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);
