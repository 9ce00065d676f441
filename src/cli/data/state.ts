import { checkWritable } from "../../app/home/record.ts";
import { warehouseAccess } from "../../app/wiring/warehouse.ts";
import { namesText } from "../../pipeline/names/every.ts";
import { didYouMean } from "../../pipeline/names/spelling.ts";
import { escapeControls, formatCount, plural } from "../../pipeline/report/format.ts";
import { largestNames } from "../../pipeline/report/largest-names.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { printNotice } from "../terminal/console.ts";
import { table } from "../terminal/table.ts";
import { wrong } from "../usage-error.ts";

/** `pipeline state show`. */
export async function stateShow(options: GlobalOptions): Promise<number> {
  const { config } = await configOf(options);
  const { companies, loaded, untracked, dbt } = await warehouseAccess(config, printNotice).state();
  if (options.json) {
    const { isPending: owed, reason } = dbt;
    const document = { database: config.database, companies, loaded, untracked, dbt: { owed, reason } };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return 0;
  }
  if (companies.length === 0 && loaded.length === 0 && untracked.length === 0) {
    process.stdout.write(`Nothing is remembered in ${config.database}: the next run loads everything.\n`);
    return 0;
  }
  const columns = [
    { title: "company" },
    { title: "loaded" },
    { title: "rows", align: "right" as const },
    { title: "last load" },
    { title: "names" },
  ];
  const rows = companies.map(({ company, names, loadedFrom, loadedThrough, rows: held, lastLoad }) => [
    config.companies.includes(company) ? company : `${company} (not configured)`,
    `${loadedFrom}..${loadedThrough}`,
    formatCount(held),
    lastLoad?.at.slice(0, 16) ?? "-",
    namesText(names, "; "),
  ]);
  if (companies.length > 0) process.stdout.write(table(columns, rows));
  for (const { company, lastLoad } of loaded) {
    const { window, expected, at } = lastLoad;
    const what = `${window.from}..${window.to}, ${plural(expected, "row")}, at ${at.slice(0, 16)}`;
    const next = config.companies.includes(company)
      ? "The next run reads from the start date."
      : "It is not configured.";
    process.stdout.write(`Loaded, without a watermark: "${escapeControls(company)}", ${what}. ${next}\n`);
  }
  if (untracked.length > 0)
    process.stdout.write(`Loaded, and in the state of no company: ${escapeControls(largestNames(untracked))}.\n`);
  process.stdout.write(`\nModels: ${dbt.isPending ? `to be built by the next run (${dbt.reason})` : "up to date"}.\n`);
  return 0;
}

/** `pipeline state reset`. */
export async function stateReset(companies: readonly string[], options: GlobalOptions): Promise<number> {
  const { config } = await configOf(options);
  checkWritable(config.home);
  const warehouse = warehouseAccess(config, printNotice);
  const remembered = await warehouse.state();
  const known = [...remembered.companies, ...remembered.loaded].map(({ company }) => company);
  for (const company of companies) {
    if (known.includes(company)) continue;
    throw wrong(
      `No state is remembered of "${company}".${didYouMean(company, known)}`,
      "See what is remembered with: pipeline state show",
    );
  }
  const forgotten = await warehouse.forget(companies);
  if (options.json) process.stdout.write(`${JSON.stringify({ forgotten })}\n`);
  else if (!options.quiet) {
    const what = forgotten.length === 0 ? "Nothing was remembered" : `Forgotten: ${forgotten.join(", ")}`;
    process.stdout.write(`${what}. Loaded complaints stay; the next run loads from the start date again.\n`);
  }
  return 0;
}
