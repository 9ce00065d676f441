import { mkdirSync, writeFileSync } from "node:fs";
import { dbtPackages } from "./dbt-packages.ts";
import { licenseList } from "./licenses.ts";
import { lineage } from "./lineage.ts";
import { manPage } from "./man.ts";
import { usMap } from "./map.ts";
import { commandReference, configurationReference } from "./reference.ts";

/** What is made from the program: a test holds the files to it. */
export const made: Record<string, () => string> = {
  "docs/commands.md": commandReference,
  "docs/configuration.md": configurationReference,
  "man/pipeline.1": manPage,
  "src/web/ui/parts/us-map.json": usMap,
};

if (import.meta.main) {
  mkdirSync("man", { recursive: true });
  for (const [path, text] of Object.entries(made)) writeFileSync(path, text());
  writeFileSync("src/web/server/api/lineage.json", await lineage());
  writeFileSync("docs/licenses.md", licenseList(await dbtPackages()));
}
